"""Gold sets: cases with known right answers, to qualify judges, profilers and critics.

Each set falls into `dev` and `held-out` by seed: prompts and thresholds are tuned on dev alone.
"""

import hashlib
from functools import cached_property
from typing import Literal, TypeVar

from gravity.frameworks.errors import DataError
from gravity.frameworks.loader import Library
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
    """The three sets of a library's folders, read when first asked for.

    An overlay's cases are added to the shipped ones, and replace those of the same id. Raises DataError with file
    and line for a bad case.
    """

    def __init__(self, library: Library) -> None:
        self._library = library

    @cached_property
    def version(self) -> str:
        """A hash of the three sets, which changes with any case, and with an overlay's seeds and cultures."""
        made = hashlib.sha256()
        for path in sorted((self._library.root / "gold").rglob("*.jsonl")):
            made.update(path.read_bytes())
        for path in self._library.overlaid():
            if path.relative_to(self._library.folders[-1]).parts[0] in ("gold", "seeds", "cultures"):
                made.update(path.read_bytes())
        return made.hexdigest()[:12]

    @cached_property
    def stances(self) -> dict[str, GoldStance]:
        """Review excerpts by id."""
        return {identity: case for identity, (_, case) in self._read("stance", GoldStance).items()}

    @cached_property
    def scenarios(self) -> dict[str, GoldScenario]:
        """Scenario pairs by id."""
        return {identity: case for identity, (_, case) in self._read("scenarios", GoldScenario).items()}

    @cached_property
    def bias(self) -> dict[str, GoldBias]:
        """Planted defects with their clean twins by id."""
        read = self._read("bias", GoldBias)
        for where, case in read.values():
            if case.quote not in case.defective or case.quote in getattr(case, case.part):
                raise DataError(
                    f"{where}: {case.id}: the quote must stand in the defective text and not in the clean one"
                )
        return {identity: case for identity, (_, case) in read.items()}

    def _read(self, name: str, kind: type[G]) -> dict[str, tuple[str, G]]:
        read = self._library.read(f"gold/{name}", kind, lambda case: case.id)
        for where, case in read.values():
            if case.seed not in self._library.seeds or case.culture not in self._library.cultures:
                raise DataError(f"{where}: unknown seed '{case.seed}' or culture '{case.culture}'")
        return read
