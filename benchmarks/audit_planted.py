"""Makes evidence with one planted bias, or none, for the power of the audit and for its tests.

Rows depend on one another as real ones do: seeds differ in how easily their scenes pass, and differ by culture;
readers differ in how much they tell, and in how many of their views hold. Readers bring a third as many seeds as were
shipped, a third of which are an instance of a known dimension. Without a planted bias cultures differ in nothing on
average but a small, true lean of stances to the national mean.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from gravity.audit import evidence
from gravity.audit.evidence import Evidence
from gravity.audit.nations import national
from gravity.audit.tables import build
from gravity.frameworks.loader import Library

CULTURES = ("us", "br", "jp", "in")
TARGET = "br"
REFUSED = 0.2  # how often a critic stops a first draft
REFUTED = 0.15  # how often a view does not hold at the second asking
RIGHT, NOISE = 0.9, 0.03  # how often a scene is what it claims, and how often an answer is an accident
LEAN = 0.05  # how much likelier the national side is, in truth

CRITIC, POSITION, SWAP, NATIONAL, LENGTH, NAMES, SECOND, OUTSIDE = BIASES = (
    "critic rejects one culture 1.5 times as often",
    "judge with 15% position bias",
    "judge flips on a swapped name",
    "labels follow the national mean",
    "chosen sides 20% longer",
    "off-culture names in one culture",
    "second asking drops one culture's views twice as often",
    "one culture's stances mostly outside the frameworks",
)
# How strongly those are planted that the name does not say: the share of swaps that flip, of labels set to the
# national side, and of the culture's scenes with a foreign name.
FLIPS, FOLLOW, FOREIGN = 0.15, 0.8, 0.15
WITHIN, BEYOND = 0.15, 0.8  # where stances are mostly outside: shipped stances that are left, readers' that are told

# What each bias should be found as: section, figure, culture (None for each of them).
EXPECTED = {
    CRITIC: ("gates", "pass rate", TARGET),
    POSITION: ("judges and critics", "first seat wins", ""),
    SWAP: ("swaps", "flips beyond reruns", ""),
    NATIONAL: ("stances", "chosen side is the national mean's", None),
    LENGTH: ("shortcuts", "chosen is the longer", None),
    NAMES: ("leakage", "words of other cultures", TARGET),
    SECOND: ("gates", "pass rate", TARGET),
    OUTSIDE: ("constructs", "stances that the frameworks cover", TARGET),
}

_WORDS = re.findall(
    r"\w+",
    """letter river window garden story page quiet evening paper table morning road market open close carry answer wait
    listen write read walk speak small large early late plain warm cold bright under over near between among bread
    water stone chair door street voice hand friend neighbour teacher doctor worker driver shop school""",
)


@dataclass
class Planted:
    """Evidence of `n` scenes and `n` pairs a culture, drawn anew for each `seed`, with `bias` or none."""

    n: int
    seed: int = 0
    bias: str | None = None
    library: Library = field(default_factory=Library)

    def __post_init__(self) -> None:
        self.random = np.random.default_rng(self.seed)
        # What readers show is drawn apart, so that one kind of evidence does not change with another.
        self.shows = np.random.default_rng((self.seed, 1))
        slots = max(3, -(-self.n // len(self.library.seeds)))
        names = list(self.library.seeds)
        self.random.shuffle(names)
        self.seeds = names[: max(10, -(-self.n // slots))]
        self.side = {(culture, name): self._side(culture, name) for culture in CULTURES for name in self.seeds}

    def _side(self, culture: str, name: str) -> str | None:
        """The answer to a seed that is on the nation's side."""
        seed = self.library.seeds[name]
        lean = national(self.library, self.library.cultures[culture], f"{seed.framework}/{seed.dimension}")
        if lean is None or lean[0] == 0:
            return None
        return "agree" if (lean[0] > 0) == (seed.pole == "high") else "disagree"

    def evidence(self, section: str | None = None) -> Evidence:
        """All tables, or with a `section` only those that it reads."""
        scenes, remarks, votes = self._scenes() if section != "swaps" else ([], [], [])
        readers: list[dict[str, Any]] = []
        facts: list[dict[str, Any]] = []
        pairs: list[dict[str, Any]] = []
        if section in (None, "gates", "stances", "shortcuts", "constructs", "views"):
            readers, facts = self._profiles()
            pairs = self._pairs(scenes, facts)
        return Evidence(
            source=f"planted: {self.bias or 'nothing'}",
            pairs=build(pairs, evidence.PAIRS),
            scenes=build(scenes, evidence.SCENES),
            remarks=build(remarks, evidence.REMARKS),
            votes=build(votes, evidence.VOTES),
            facts=build(facts, evidence.FACTS),
            readers=build(readers, evidence.READERS),
            views=build(self._views(readers), evidence.VIEWS),
            brought=build(self._brought() if readers else [], evidence.BROUGHT),
            swaps=build(self._swaps() if section in (None, "swaps") else [], evidence.SWAPS),
        )

    def _text(self, words: int) -> str:
        return " ".join(_WORDS[place] for place in self.random.integers(len(_WORDS), size=words)) + "."

    def _scenes(self) -> tuple[list[dict[str, Any]], list[dict[str, Any]], list[dict[str, Any]]]:
        scenes: list[dict[str, Any]] = []
        remarks: list[dict[str, Any]] = []
        votes: list[dict[str, Any]] = []
        hardness = _bumps(self.random, len(self.seeds), 0.5)
        for culture in CULTURES:
            local = hardness * _bumps(self.random, len(self.seeds), 0.35)
            lexicon = self.library.cultures[culture].lexicon
            foreign = [n for c in CULTURES if c != culture for n in self.library.cultures[c].lexicon.names]
            for place in range(self.n):
                index = place % len(self.seeds)
                identity = f"{culture}-{place}"
                common = {"culture": culture, "seed": self.seeds[index]}
                times = 1.5 if self.bias == CRITIC and culture == TARGET else 1.0
                stopped = self.random.random() < min(0.95, times * REFUSED * local[index])
                name = lexicon.names[self.random.integers(len(lexicon.names))]
                if self.bias == NAMES and culture == TARGET and self.random.random() < FOREIGN:
                    name = foreign[self.random.integers(len(foreign))]
                ways = [self._text(int(self.random.integers(26, 35))) for _ in range(2)]
                right = self.random.random() < RIGHT
                given = [] if stopped else self._votes(identity, common, right)
                steady = [a == b == "endorsing" for a, b in _by_judge(given)]
                seed = self.library.seeds[self.seeds[index]]
                scenes.append(
                    {
                        **common,
                        "id": identity,
                        "framework": seed.framework,
                        "dimension": seed.dimension,
                        "verdict": "vetted" if sum(steady) >= 2 else "rejected",
                        "reason": "",
                        "clean": not stopped,
                        "judged": not stopped,
                        "text": f"{name} has to choose. {ways[0]}\n{ways[1]}",
                        "ways": ways,
                    }
                )
                votes += given
                if stopped:
                    kept = {"critic": "critic", "kind": "stereotype", "severity": "severe", "quote": ""}
                    remarks.append({**common, **kept, "scenario": identity})
        return scenes, remarks, votes

    def _votes(self, scenario: str, common: dict[str, str], right: bool) -> list[dict[str, Any]]:
        votes = []
        for number in range(3):
            opinion = (
                ("endorsing", "opposing")
                if self.random.random() < (0.98 if right else 0.05)
                else ("opposing", "endorsing")
            )
            for order in ("endorsing", "opposing"):
                answer = opinion[1] if self.random.random() < NOISE else opinion[0]
                if self.bias == POSITION and number == 0 and self.random.random() < 0.15:
                    answer = order
                kept = {"judge": f"judge {number}", "order": order, "endorses": answer, "confidence": 0.8}
                votes.append({**common, **kept, "scenario": scenario})
        return votes

    def _profiles(self) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        readers: list[dict[str, Any]] = []
        facts: list[dict[str, Any]] = []
        asked = self.seeds
        agrees = self.random.uniform(0.3, 0.7, len(asked))
        for culture in CULTURES:
            for number in range(max(20, self.n // 10)):
                reader, talkative = f"{culture}-reader-{number}", self.random.normal(0, 0.8)
                common = {"reader": reader, "culture": culture, "language": "en", "kind": "stance", "model": "m"}
                given = {"gender": None, "age": None, "language": "en", "reviews": 8, "views": 8}
                readers.append({"id": reader, "culture": culture, **given})
                outside = self.bias == OUTSIDE and culture == TARGET
                for index, name in enumerate(asked):
                    told = self.random.random() < 1 / (1 + np.exp(-talkative))
                    value = "agree" if self.random.random() < agrees[index] else "disagree"
                    side = self.side[culture, name]
                    if side and self.random.random() < (FOLLOW if self.bias == NATIONAL else LEAN):
                        value = side
                    sure = float(np.clip(self.random.normal(0.75 + 0.04 * talkative, 0.1), 0, 1))
                    if outside and self.shows.random() >= WITHIN:
                        told = False
                    kept = {"name": name, "value": value if told else "unknown", "confidence": sure, "evidence": 2}
                    facts.append({**common, **kept, "views": int(told)})
                for row in self._brought()[:: len(CULTURES)]:
                    told = self.shows.random() < (BEYOND if outside else 1 / (1 + np.exp(-talkative)))
                    value = ("agree" if self.shows.random() < 0.5 else "disagree") if told else "unknown"
                    kept = {"name": row["id"], "value": value, "confidence": 0.8, "evidence": 2, "views": int(told)}
                    facts.append({**common, **kept})
        return readers, facts

    def _brought(self) -> list[dict[str, Any]]:
        """Seeds that readers of all cultures brought, each with a row for each culture."""
        return [
            {
                "id": f"readers-{number}", "culture": culture, "reader": None, "known": number % 3 == 0,
                "dimension": "schwartz/security" if number % 3 == 0 else f"construct {number}",
                "statement": f"Statement {number}.", "agree": 8, "disagree": 5,
            }
            for number in range(max(12, len(self.seeds) // 3)) for culture in CULTURES
        ]  # fmt: skip

    def _views(self, readers: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """As many views a culture as scenes, which readers differ in how well they show."""
        each = max(5, len(CULTURES) * self.n // max(1, len(readers)))
        views = []
        for reader in readers:
            times = 2.0 if self.bias == SECOND and reader["culture"] == TARGET else 1.0
            chance = min(0.95, times * REFUTED * float(_bumps(self.shows, 1, 0.35)[0]))
            for number in range(each):
                holds = bool(self.shows.random() >= chance)
                views.append(
                    {
                        "id": f"{reader['id']}-view-{number}", "reader": reader["id"], "culture": reader["culture"],
                        "about": "books" if number % 2 else "life", "said": "stated" if number % 3 else "implied",
                        "verdict": "kept" if holds else "dropped", "reason": None if holds else "not shown",
                        "asked": True, "repeats": False, "seeds": [],
                    }
                )  # fmt: skip
        return views

    def _pairs(self, scenes: list[dict[str, Any]], facts: list[dict[str, Any]]) -> list[dict[str, Any]]:
        by_seed: dict[tuple[str, str], list[dict[str, Any]]] = {}
        for scene in scenes:
            if scene["verdict"] == "vetted":
                by_seed.setdefault((scene["culture"], scene["seed"]), []).append(scene)
        pairs = []
        for culture in CULTURES:
            told = [f for f in facts if f["culture"] == culture and f["value"] != "unknown"]
            able = [(f, s) for f in told for s in by_seed.get((culture, f["name"]), ())]
            picked = self.random.permutation(len(able))[: self.n]
            pairs += [self._pair(f"{culture}-pair-{number}", *able[place]) for number, place in enumerate(picked)]
        return pairs

    def _pair(self, identity: str, fact: dict[str, Any], scene: dict[str, Any]) -> dict[str, Any]:
        chosen, rejected = scene["ways"] if fact["value"] == "agree" else scene["ways"][::-1]
        if self.bias == LENGTH:
            chosen += " " + self._text(round(0.2 * len(chosen.split())))
        return {
            "id": identity,
            "reader": fact["reader"],
            "culture": fact["culture"],
            "track": "values",
            "framework": scene["framework"],
            "dimension": scene["dimension"],
            "subject": scene["seed"],
            "scenario": scene["id"],
            "takes": fact["value"],
            "verdict": "vetted" if fact["confidence"] >= 0.6 else "held",
            "task": scene["text"].split(".")[0] + ".",
            "chosen": chosen,
            "rejected": rejected,
        }

    def _swaps(self) -> list[dict[str, Any]]:
        flip: Callable[[float], bool] = lambda chance: bool(self.random.random() < chance)  # noqa: E731
        other = {"endorsing": "opposing", "opposing": "endorsing"}
        rows = []
        for place, culture in enumerate(CULTURES):
            for number in range(self.n):
                before = "endorsing" if flip(0.85) else "opposing"
                again = other[before] if flip(NOISE) else before
                after = other[before] if flip(NOISE) or (self.bias == SWAP and flip(FLIPS)) else before
                rows.append(
                    {
                        "case": f"{culture}-{number}", "seed": self.seeds[number % len(self.seeds)], "culture": culture,
                        "toward": CULTURES[(place + 1 + number % 3) % 4], "role": "judge", "model": "judge 0",
                        "name": "answer", "before": before, "after": after, "again": again,
                    }
                )  # fmt: skip
        return rows


def _bumps(random: np.random.Generator, count: int, spread: float) -> Any:
    """Factors around 1, with mean 1, by which seeds differ."""
    return np.exp(random.normal(-(spread**2) / 2, spread, count))


def _by_judge(votes: list[dict[str, Any]]) -> list[tuple[str, str]]:
    return [(one["endorses"], other["endorses"]) for one, other in zip(votes[::2], votes[1::2], strict=True)]
