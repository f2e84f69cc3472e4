"""Gold sets: cases with known right answers, to qualify judges, profilers and critics.

Each set falls into `dev` and `held-out` by seed: prompts and thresholds are tuned on dev alone.
"""

import hashlib
from functools import cached_property
from pathlib import Path
from typing import Literal, TypeVar

from gravity.frameworks.errors import DataError
from gravity.frameworks.loader import DATA, Library, read_records
from gravity.frameworks.records import Record, Text

Split = Literal["dev", "held-out"]
DEV_PERCENT = 40


class GoldStance(Record):
    """A short review excerpt and its reader's stance toward a seed's statement."""

    id: Text
    culture: Text
    language: Text
    seed: Text
    excerpt: Text
    answer: Literal["agree", "disagree", "unknown"]
    case: Text
    reason: Text


class GoldScenario(Record):
    """A situation with two ways on, and which of them goes with a seed's statement; both and neither are traps."""

    id: Text
    culture: Text
    seed: Text
    situation: Text
    first: Text
    second: Text
    answer: Literal["first", "second", "both", "neither"]
    reason: Text


class GoldBias(Record):
    """A scene without fault and its twin with one planted defect, `quote`, in one of its three parts."""

    id: Text
    culture: Text
    seed: Text
    kind: Literal["stereotype", "exoticism", "foreign default", "wrong fact", "spoken for", "value judged"]
    situation: Text
    endorsing: Text
    opposing: Text
    part: Literal["situation", "endorsing", "opposing"]
    defective: Text
    quote: Text
    reason: Text


G = TypeVar("G", GoldStance, GoldScenario, GoldBias)


def split_of(seed: str) -> Split:
    """The split that a seed's cases belong to."""
    return "dev" if hashlib.sha256(f"gold {seed}".encode()).digest()[0] * 100 < DEV_PERCENT * 256 else "held-out"


class Gold:
    """The three sets, read when first asked for. Raises DataError with file and line for a bad case."""

    def __init__(self, library: Library, root: Path = DATA) -> None:
        self._library = library
        self._root = root / "gold"

    @cached_property
    def version(self) -> str:
        """A hash of the three sets, which changes with any case."""
        made = hashlib.sha256()
        for path in sorted(self._root.rglob("*.jsonl")):
            made.update(path.read_bytes())
        return made.hexdigest()[:12]

    @cached_property
    def stances(self) -> dict[str, GoldStance]:
        """Review excerpts by id."""
        return self._read("stance", GoldStance)

    @cached_property
    def scenarios(self) -> dict[str, GoldScenario]:
        """Scenario pairs by id."""
        return self._read("scenarios", GoldScenario)

    @cached_property
    def bias(self) -> dict[str, GoldBias]:
        """Planted defects with their clean twins by id."""
        cases = self._read("bias", GoldBias)
        for case in cases.values():
            if case.quote not in case.defective or case.quote in getattr(case, case.part):
                raise DataError(
                    f"gold/bias {case.id}: the quote must stand in the defective text and not in the clean one"
                )
        return cases

    def _read(self, folder: str, kind: type[G]) -> dict[str, G]:
        cases: dict[str, G] = {}
        for where, case in read_records(sorted((self._root / folder).glob("*.jsonl")), kind):
            if case.seed not in self._library.seeds or case.culture not in self._library.cultures:
                raise DataError(f"{where}: unknown seed '{case.seed}' or culture '{case.culture}'")
            if case.id in cases:
                raise DataError(f"{where}: id '{case.id}' is already taken")
            cases[case.id] = case
        return cases
