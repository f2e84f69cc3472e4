"""The right answers to Gravity's prompts about the planted readers, and chosen departures from them.

A question is known by its schema and its content alone, so that the server keeps no state: a way of a scene
that the stub wrote says by a hash of its words which view it goes with.
"""

import hashlib
import json
import random
import re
from collections.abc import Mapping
from functools import cached_property
from itertools import count
from typing import Any

from gravity.frameworks.gold import Gold, GoldBias, GoldFacet, GoldStance
from gravity.frameworks.loader import DATA
from tests.stub.issues import beginning, plain
from tests.stub.tastes import Planted, picked, rated, remarked, swayed
from tests.stub.views import ATTACKS, OBEYED, REVIEW, SHOWN_VIEW, STATEMENT, TURNED, Character, ViewOracle

__all__ = ["ATTACKS", "OBEYED", "REVIEW", "SHOWN_VIEW", "STATEMENT", "STEREOTYPE", "Character", "Oracle", "side_of"]

FACET = re.compile(r'<facet id="(f\d+)">(.*?)<second>(.*?)</second></facet>', re.DOTALL)
LEVELS = {"high": "low", "low": "high"}
LOST = re.compile(r"\n\nAnswer \d+ (did not arrive|was refused)")
PEOPLE = ("planted", "quiet")
STEREOTYPE = "as everyone in that country does"


class Oracle(ViewOracle):
    """Answers a request with what is true of the planted material, as `character` has it."""

    @cached_property
    def _truth(self) -> dict[str, dict[str, Any]]:
        files = (DATA / folder / "truth.jsonl" for folder in PEOPLE)
        lines = (line for file in files for line in file.read_text(encoding="utf-8").splitlines())
        return {row["reader"]: row for row in map(json.loads, lines)}

    @cached_property
    def _reviews(self) -> dict[str, tuple[str, int]]:
        """The reader of a review and its place among theirs, by the beginning of its text."""
        places: dict[str, int] = {}
        found = {}
        for folder in PEOPLE:
            for line in (DATA / folder / "reviews.jsonl").read_text(encoding="utf-8").splitlines():
                row = json.loads(line)
                reader = row["user_id"]
                found[beginning(row["text"])] = (reader, places.setdefault(reader, 0))
                places[reader] += 1
        return found

    @cached_property
    def _gold(self) -> Gold:
        return Gold(self._library)

    @cached_property
    def _told(self) -> dict[str, GoldStance]:
        """Gold excerpts by their beginning."""
        return {beginning(case.excerpt): case for case in self._gold.stances.values()}

    @cached_property
    def _gold_ways(self) -> dict[tuple[str, str], tuple[str, str, str]]:
        """The seed of a gold scenario and the sides of its two ways, by their texts in either order."""
        found = {}
        for case in self._gold.scenarios.values():
            first = "endorsing" if case.answer in ("first", "both") else "opposing"
            second = "endorsing" if case.answer in ("second", "both") else "opposing"
            found[case.first, case.second] = (case.seed, first, second)
            found[case.second, case.first] = (case.seed, second, first)
        return found

    @cached_property
    def _defects(self) -> dict[str, GoldBias]:
        """Gold cases by the text that carries the planted defect."""
        return {case.defective: case for case in self._gold.bias.values()}

    @cached_property
    def _gold_writings(self) -> dict[tuple[str, str], str]:
        """The right answer to the two texts of a gold case, shown as A and B in either order."""
        found = {}
        for case in self._gold.writings.values():
            letters = {"first": "AB", "second": "BA"}.get(case.answer)
            found[case.first, case.second] = letters[0] if letters else "cannot tell"
            found[case.second, case.first] = letters[1] if letters else "cannot tell"
        return found

    @cached_property
    def _gold_faults(self) -> dict[str, list[Planted]]:
        """What there is to remark of the texts of gold cases."""
        cases = self._gold.inventions.values()
        return {case.clean: [] for case in cases} | {c.planted: [Planted(c.fault, c.quote)] for c in cases}

    @cached_property
    def _items(self) -> Mapping[str, tuple[str, str]]:
        """The facet and the level that an item's answer shows."""
        items = self._library.items.values()
        return {i.high: (i.facet, "high") for i in items} | {i.low: (i.facet, "low") for i in items}

    @cached_property
    def _ends(self) -> dict[str, tuple[str, str]]:
        """The facet and the level that an end stands for."""
        facets = self._library.facets.values()
        return {f.high: (f.id, "high") for f in facets} | {f.low: (f.id, "low") for f in facets}

    @cached_property
    def _leaning(self) -> dict[str, GoldFacet]:
        """Gold cases of facets by the beginning of each of their reviews."""
        return {beginning(review.text): case for case in self._gold.facets.values() for review in case.reviews}

    @cached_property
    def _shipped(self) -> dict[str, str]:
        sides: dict[str, str] = {}
        for scene in self._library.scenes.values():
            sides |= {scene.endorsing: "endorsing", scene.opposing: "opposing"}
        return sides

    def answer(self, user: str, schema: dict[str, Any], model: str = "") -> dict[str, Any]:
        """The answer to a prompt; another `model` errs elsewhere. Raises ValueError for a prompt it does not know."""
        keys = set(schema.get("properties", {}))
        # Asked again since an answer was cut on its way, it gives that answer.
        user = LOST.split(user)[0]
        chance = random.Random(hashlib.sha256(f"{self.character.seed} {model} {user}".encode()).digest())
        if "s1" in keys:
            return self._stances(user, chance)
        if keys == {"views"}:
            return self._found(user, chance)
        if "v1" in keys:
            return self._refuted(user, chance)
        if keys == {"issues"}:
            return self._gathered(user)
        if "w1" in keys:
            return self._placed(user)
        if "i2" in keys:
            return self._repeated(user)
        if keys == {"fault", "reason"}:
            return {"fault": "none", "reason": "both sides are the planted ones"}
        if "situation" in keys:
            return self._scenes(user, chance)
        if "findings" in keys:
            return self._findings(user)
        if keys == {"answer", "confidence", "reason"} and '<writing id="A">' in user:
            return self._compared(user, model)
        if keys == {"reason", "score"}:
            score = rated(self.character, model, self._reader(user), _writings(user)[0])
            return {"reason": "what is planted in the text", "score": score}
        if keys == {"remarks"}:
            return self._examined(user, model)
        if keys == {"answer", "confidence", "reason"}:
            return self._judgement(user, chance) if "\nStatement: " in f"\n{user}" else self._preference(user, chance)
        if "f1" in keys:
            return self._facets(user, chance)
        if keys == {"gender", "age", "location"}:
            return self._demographics(user)
        raise ValueError(f"no such question is known: {sorted(keys)}")

    def _shown(self, user: str) -> dict[str, tuple[str, int]]:
        """For each review shown, by its alias: its reader and its place."""
        found = REVIEW.findall(user)
        return {alias: self._reviews[b] for alias, _, text in found if (b := beginning(text)) in self._reviews}

    def _gold_stance(self, user: str, seed: str) -> tuple[str, list[str]]:
        """The answer of a gold case and its evidence, where a gold excerpt is shown with its own seed."""
        for alias, _, text in REVIEW.findall(user):
            case = self._told.get(beginning(text))
            if case is not None and case.seed == seed and case.answer != "unknown":
                return case.answer, [alias]
        return "unknown", []

    def _facets(self, user: str, chance: random.Random) -> dict[str, Any]:
        """Levels and scores, with each end where it is shown. A level that is not the true one is the contrary one."""
        answers = {}
        for alias, first, _ in FACET.findall(user):
            facet, end = self._ends[first]
            level, evidence = self._lean(user, facet)
            if level in LEVELS and chance.random() > self.character.accuracy:
                level = LEVELS[level]
            said = {"level": "unknown", "score": None, "confidence": 50}
            if level in LEVELS:
                # Further from the middle than not, by as much as chance has it.
                beyond = chance.randrange(10, 41)
                near = level == end
                score = 50 - beyond if near else 50 + beyond
                said = {"level": "first" if near else "second", "score": score, "confidence": 80}
            answers[alias] = {"evidence": evidence[:3], **said}
        return answers

    def _lean(self, user: str, facet: str) -> tuple[str, list[str]]:
        """The level of a facet that the reviews shown tell of, by the truth of a planted reader or of a gold case, and
        those that do."""
        shown = self._shown(user)
        for alias, _, text in REVIEW.findall(user):
            case = self._leaning.get(beginning(text))
            if case is not None and case.facet == facet:
                return case.answer, [alias] if case.answer in LEVELS else []
        truth = self._truth.get(next(iter(shown.values()))[0], {}) if shown else {}
        places = truth.get("facet_evidence", {}).get(facet, [])
        evidence = [alias for alias, (_, place) in shown.items() if place in places]
        return (truth["facets"][facet], evidence) if evidence else ("unknown", [])

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
        digest = hashlib.sha256(head.encode()).hexdigest()
        # The issue's number and side tell the played judges what a scene is about; the words keep scenes apart.
        side = self._issues.sides[plain(statement)]
        token = f"{self._issues.names.index(side.issue):03}{'a' if side.first else 'b'}{digest[:8]}"
        words = " ".join(digest[start : start + 5] for start in range(8, 64, 5))
        situation = f"On an ordinary morning a person with the number {token} has something to settle: {words}."
        if "This earlier attempt" not in user and chance.random() < self.character.defects:
            situation += f" They begin late, {STEREOTYPE}."
        return {
            "situation": situation,
            "endorsing": _way(statement, token, "endorsing"),
            "opposing": _way(statement, token, "opposing"),
        }

    def _judgement(self, user: str, chance: random.Random) -> dict[str, Any]:
        statement = re.findall(r"Statement: (.*)", user)[0]
        ways = _options(user)
        known = self._gold_ways.get(ways)
        sides = known[1:] if known else [self._shipped.get(way) or side_of(statement, way) for way in ways]
        answer = {("endorsing", "opposing"): "A", ("opposing", "endorsing"): "B"}.get((sides[0], sides[1]))
        answer = answer or ("both" if sides[0] == "endorsing" else "neither")
        return {"answer": self._swayed(answer, chance), "confidence": 90, "reason": "the hash of the words"}

    def _preference(self, user: str, chance: random.Random) -> dict[str, Any]:
        if told := self._told_to(user):
            return {"answer": told[1]["answer"], "confidence": 99, "reason": "a review says so"}
        answer = self._preferred(user, _options(user))
        return {"answer": self._swayed(answer, chance), "confidence": 90, "reason": "what is planted of the reader"}

    def _preferred(self, user: str, ways: tuple[str, str]) -> str:
        """A or B where the truth about the reader tells, else that it cannot be told."""
        shown = self._shown(user)
        truth = self._truth.get(next(iter(shown.values()))[0], {}) if shown else {}
        if ways[0] in self._items:
            facet, level = self._items[ways[0]]
            true, _ = self._lean(user, facet)
            return "cannot tell" if true not in LEVELS else "A" if true == level else "B"
        known = self._gold_ways.get(ways)
        if known is not None:
            stance, _ = self._gold_stance(user, known[0])
            first = known[1]
        else:
            shipped = next((s for s in self._library.scenes.values() if ways[0] in (s.endorsing, s.opposing)), None)
            number = re.search(r"the number (\d{3})([ab])", user)
            seed = shipped.seed if shipped else self._issues.names[int(number[1])] if number else ""
            stance = self._held(truth, seed)
            if number and number[2] == "b":
                stance = TURNED.get(stance, stance)
            first = self._shipped.get(ways[0]) or ("endorsing" if " takes up " in ways[0] else "opposing")
        if stance == "unknown":
            return "cannot tell"
        return "A" if (stance == "agree") == (first == "endorsing") else "B"

    def _held(self, truth: dict[str, Any], issue: str) -> str:
        """The stance that a planted reader's reviews show toward a seed or a construct."""
        if issue in truth.get("stances", {}):
            return str(truth["stances"][issue])
        for view in truth.get("views", []):
            if issue in (view["construct"], view["seed"]):
                return view["stance"] or {"statement": "agree", "opposite": "disagree"}[view["side"]]
            if issue == view["statement"]:
                return "agree"
        return "unknown"

    def _swayed(self, answer: str, chance: random.Random) -> str:
        """The answer of a judge of this character to a question whose right answer is `answer`."""
        if chance.random() < self.character.position_bias:
            return "A"
        wrong = {"A": "B", "B": "A", "both": "neither", "neither": "both", "cannot tell": chance.choice("AB")}
        return wrong.get(answer, answer) if chance.random() > self.character.accuracy else answer

    def _compared(self, user: str, model: str) -> dict[str, Any]:
        """Which of two writings the reader would rather have: as a gold case has it, or by what is planted in them."""
        if told := self._told_to(user):
            return {"answer": told[1]["answer"], "confidence": 99, "reason": "a review says so"}
        a, b = _writings(user)
        if (a, b) in self._gold_writings:
            answer = swayed(self.character, model, self._gold_writings[a, b], a, b)
        else:
            answer = picked(self.character, model, self._reader(user), a, b)
        return {"answer": answer, "confidence": 90, "reason": "what is planted in the texts"}

    def _examined(self, user: str, model: str) -> dict[str, Any]:
        (text,) = _writings(user)
        found = remarked(self.character, model, text, self._gold_faults.get(text))
        return {"remarks": [{"fault": one.fault, "quote": one.quote} for one in found]}

    def _reader(self, user: str) -> str:
        """The planted reader whose reviews are shown; empty for others."""
        return next((reader for reader, _ in self._shown(user).values()), "")

    def _findings(self, user: str) -> dict[str, Any]:
        case = next((self._defects[line] for line in _scene_texts(user) if line in self._defects), None)
        kind, quote = (case.kind, case.quote) if case else ("stereotype", STEREOTYPE)
        if quote not in user:
            return {"findings": []}
        return {"findings": [{"kind": kind, "quote": quote, "severity": "severe", "repair": "leave the remark out"}]}


def _options(user: str) -> tuple[str, str]:
    """The texts of A and B."""
    first, second = (re.findall(rf"\n{letter}: (.*)", user)[-1] for letter in "AB")
    return first, second


def _writings(user: str) -> list[str]:
    """The writings that are shown, in their order."""
    return re.findall(r"<writing[^>]*>\n(.*?)\n</writing>", user, re.DOTALL)


def _scene_texts(user: str) -> list[str]:
    return re.findall(r"^(?:Situation|First way|Second way): (.*)", user, re.MULTILINE)


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
