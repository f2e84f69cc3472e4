"""The right answers to Gravity's prompts about the planted readers, and chosen departures from them.

A question is known by its schema and its content alone, so that the server keeps no state: a way of a scene
that the stub wrote says by a hash of its words which view it goes with.
"""

import hashlib
import json
import random
import re
from dataclasses import dataclass
from functools import cached_property
from itertools import count
from typing import Any

from frameworks.loader import DATA, Library
from frameworks.records import TRAITS

REVIEW = re.compile(r'<review id="(r\d+)" rating="[^"]*" title="([^"]*)">\n(.*?)\n</review>', re.DOTALL)
STATEMENT = re.compile(r'<statement id="(s\d+)">(.*?)<opposite>', re.DOTALL)
STEREOTYPE = "as everyone in that country does"


@dataclass(frozen=True)
class Character:
    """How a played model departs from the truth; each figure is a share, 0 to 1.

    `accuracy`: right stances and right judgements; `position_bias`: judgements that take the first side
    whatever it says; `defects`: first drafts with a planted stereotype, which the played critic finds.
    """

    accuracy: float = 1.0
    position_bias: float = 0.0
    defects: float = 0.0


class Oracle:
    """Answers a request with what is true of the planted material, as `character` has it."""

    def __init__(self, character: Character | None = None) -> None:
        self.character = character or Character()

    @cached_property
    def _truth(self) -> dict[str, dict[str, Any]]:
        lines = (DATA / "planted" / "truth.jsonl").read_text(encoding="utf-8").splitlines()
        return {row["reader"]: row for row in map(json.loads, lines)}

    @cached_property
    def _reviews(self) -> dict[str, tuple[str, int]]:
        """The reader of a review and its place among theirs, by the beginning of its text."""
        places: dict[str, int] = {}
        found = {}
        for line in (DATA / "planted" / "reviews.jsonl").read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            reader = row["user_id"]
            found[_beginning(row["text"])] = (reader, places.setdefault(reader, 0))
            places[reader] += 1
        return found

    @cached_property
    def _seeds(self) -> dict[str, str]:
        return {seed.statement: seed.id for seed in Library().seeds.values()}

    @cached_property
    def _shipped(self) -> dict[str, str]:
        sides: dict[str, str] = {}
        for scene in Library().scenes.values():
            sides |= {scene.endorsing: "endorsing", scene.opposing: "opposing"}
        return sides

    def answer(self, user: str, schema: dict[str, Any]) -> dict[str, Any]:
        """The answer to a prompt. Raises ValueError for a prompt that it does not know."""
        keys = set(schema.get("properties", {}))
        chance = random.Random(hashlib.sha256(user.encode()).digest())
        if "s1" in keys:
            return self._stances(user, chance)
        if "situation" in keys:
            return self._scenes(user, chance)
        if "findings" in keys:
            return self._findings(user)
        if keys == {"answer", "confidence", "reason"}:
            return self._judgement(user, chance)
        if keys == set(TRAITS):
            return self._traits(user)
        if keys == {"gender", "age", "location"}:
            return self._demographics(user)
        raise ValueError(f"no such question is known: {sorted(keys)}")

    def _shown(self, user: str) -> dict[str, tuple[str, int]]:
        """For each review shown, by its alias: its reader and its place."""
        found = REVIEW.findall(user)
        return {alias: self._reviews[b] for alias, _, text in found if (b := _beginning(text)) in self._reviews}

    def _stances(self, user: str, chance: random.Random) -> dict[str, Any]:
        shown = self._shown(user)
        truth = self._truth.get(next(iter(shown.values()))[0], {}) if shown else {}
        places = {place: alias for alias, (_, place) in shown.items()}
        answers = {}
        for alias, statement in STATEMENT.findall(user):
            seed = self._seeds.get(statement, "")
            stance = truth.get("stances", {}).get(seed, "unknown")
            evidence = [places[p] for p in truth.get("evidence", {}).get(seed, []) if p in places][:3]
            if not evidence:
                stance = "unknown"
            elif chance.random() > self.character.accuracy:
                stance = {"agree": "disagree", "disagree": "agree"}[stance]
            answers[alias] = {"stance": stance, "confidence": 50 if stance == "unknown" else 85, "evidence": evidence}
        return answers

    def _traits(self, user: str) -> dict[str, Any]:
        shown = self._shown(user)
        truth = self._truth.get(next(iter(shown.values()))[0], {}) if shown else {}
        return {
            trait: {
                "level": truth.get("traits", {}).get(trait, "unknown"),
                "confidence": 80,
                "evidence": list(shown)[:1],
            }
            for trait in TRAITS
        }

    def _demographics(self, user: str) -> dict[str, Any]:
        shown = self._shown(user)
        known = self._truth.get(next(iter(shown.values()))[0], {}).get("demographics", {}) if shown else {}
        return {
            name: {"value": known.get(name) or "unknown", "confidence": 80, "evidence": list(shown)[:1]}
            for name in ("gender", "age", "location")
        }

    def _scenes(self, user: str, chance: random.Random) -> dict[str, Any]:
        head = user.split("This earlier attempt", 1)[0]
        statement = re.findall(r"First view: (.*)", user)[0]
        token = hashlib.sha256(head.encode()).hexdigest()[:8]
        situation = f"On an ordinary morning a person with the number {token} has something to settle with the others."
        if "This earlier attempt" not in user and chance.random() < self.character.defects:
            situation += f" They begin late, {STEREOTYPE}."
        return {
            "situation": situation,
            "endorsing": _way(statement, token, "endorsing"),
            "opposing": _way(statement, token, "opposing"),
        }

    def _judgement(self, user: str, chance: random.Random) -> dict[str, Any]:
        statement = re.findall(r"Statement: (.*)", user)[0]
        first, second = (re.findall(rf"\n{letter}: (.*)", user)[0] for letter in "AB")
        sides = [self._shipped.get(way) or side_of(statement, way) for way in (first, second)]
        answer = {("endorsing", "opposing"): "A", ("opposing", "endorsing"): "B"}.get((sides[0], sides[1]))
        answer = answer or ("both" if sides[0] == "endorsing" else "neither")
        if chance.random() < self.character.position_bias:
            answer = "A"
        elif chance.random() > self.character.accuracy:
            answer = {"A": "B", "B": "A", "both": "neither", "neither": "both"}[answer]
        return {"answer": answer, "confidence": 90, "reason": "the hash of the words"}

    def _findings(self, user: str) -> dict[str, Any]:
        if STEREOTYPE not in user:
            return {"findings": []}
        return {
            "findings": [
                {"kind": "stereotype", "quote": STEREOTYPE, "severity": "severe", "repair": "leave the remark out"}
            ]
        }


def side_of(statement: str, way: str) -> str:
    """Which side a way that the stub wrote is on."""
    return "endorsing" if hashlib.sha256(f"{statement}\n{way}".encode()).digest()[0] % 2 else "opposing"


def _way(statement: str, token: str, side: str) -> str:
    verb = "takes up" if side == "endorsing" else "sets down"
    place = "window" if side == "endorsing" else "doorway"
    for number in count(2):
        way = (
            f"The person {token} {verb} {number} parcels beside the {place}, greets a colleague and carries on at ease."
        )
        if side_of(statement, way) == side:
            return way
    raise AssertionError


def _beginning(text: str) -> str:
    return re.sub(r"\s+", " ", text.replace("‹", "<")).strip()[:80]
