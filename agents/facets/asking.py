"""Asks which end of each facet a half of a reader's reviews shows, twice, and puts the halves together."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

from gravity.agents.asking import together
from gravity.agents.profiler import FacetProfiler
from gravity.agents.stances import joined
from gravity.frameworks.records import Facet
from gravity.frameworks.statistics import Calibration
from gravity.store.facets import FacetHalf
from gravity.store.records import LEVELS, Fact, Review


@dataclass(frozen=True)
class FacetBatch:
    """The facets that one question asks about, and the reviews, of one half (0 or 1), that it shows."""

    half: int
    reviews: Sequence[Review]
    facets: Sequence[Facet]


@dataclass(frozen=True)
class FacetAsking:
    """Asks `profiler`, and then `second` with the two ends in each other's place: another model, or the same; None
    where that would answer the same, and nobody is asked again.

    A level that both give is believed, with the lower confidence, which `calibration` maps; where they differ it is
    unknown. The score is the mean of both.
    """

    profiler: FacetProfiler
    second: FacetProfiler | None
    calibration: Calibration | None = None

    async def twice(self, reader: str, reviews: Sequence[Review], facets: Sequence[Facet]) -> list[tuple[Fact, Fact]]:
        """What each of the two askings says of each facet; the same fact twice where nobody is asked again."""
        asked = [self.profiler.facets(reader, reviews, facets, False)]
        if self.second is not None:
            asked.append(self.second.facets(reader, reviews, facets, True))
        told = await together(*asked)
        return list(zip(told[0], told[-1], strict=True))

    async def told(self, reader: str, reviews: Sequence[Review], facets: Sequence[Facet]) -> list[Fact]:
        """What both askings come to. Raises NotAnsweredError where nobody answered one of them."""
        return [self.compared(*both) for both in await self.twice(reader, reviews, facets)]

    def compared(self, first: Fact, again: Fact) -> Fact:
        """What two askings about one facet come to."""
        if self.second is not None:
            first = _agreed(first, again)
        if first.value not in LEVELS or self.calibration is None:
            return first
        return first.model_copy(update={"confidence": self.calibration(first.confidence)})


def whole(told: Sequence[tuple[FacetBatch, Sequence[Fact]]]) -> tuple[list[Fact], list[FacetHalf]]:
    """One fact for each facet, from both halves, and what each half says by itself.

    A level that both halves show has the higher of their confidences, and one that a single half shows its own. Where
    they contradict each other the level is unknown. A half without a usable answer counts only where the other shows
    no level. The score is the mean of the halves that have one.
    """
    by_facet: dict[str, list[Fact]] = defaultdict(list)
    halves = []
    for batch, facts in told:
        for fact in facts:
            by_facet[fact.name].append(fact)
            said = {"level": fact.value, "score": fact.score, "confidence": fact.confidence}
            halves.append(FacetHalf(run=fact.run, reader=fact.reader, facet=fact.name, half=batch.half, **said))
    return [_whole(facts) for facts in by_facet.values()], halves


def _whole(facts: Sequence[Fact]) -> Fact:
    score = mean_score(fact.score for fact in facts)
    known = sorted((fact for fact in facts if fact.value in LEVELS), key=lambda fact: -fact.confidence)
    if not known:
        chosen = next((fact for fact in facts if fact.value == "failed"), facts[0])
        return chosen.model_copy(update={"score": score})
    update: dict[str, Any] = {"score": score, **joined(*known)}
    if len({fact.value for fact in known}) > 1:
        update |= {
            "value": "unknown",
            "reason": "one half of the reviews shows the one end and the other half the other",
        }
    return known[0].model_copy(update=update)


def _agreed(first: Fact, again: Fact) -> Fact:
    checked = first.model_copy(update={"checked_by": again.made_by})
    if first.value == "failed":
        return checked
    if again.value == "failed":
        return checked.model_copy(
            update={"value": "failed", "confidence": 0.0, "score": None, "reason": f"asked again: {again.reason}"}
        )
    score = None if first.score is None or again.score is None else mean_score([first.score, again.score])
    if first.value == again.value:
        confidence = min(first.confidence, again.confidence)
        return checked.model_copy(update={"confidence": confidence, "score": score, **joined(first, again)})
    reason = f"'{first.value}' at first, '{again.value}' with the ends in each other's place by {again.made_by.model}"
    return checked.model_copy(update={"value": "unknown", "score": score, "reason": reason})


def mean_score(scores: Iterable[float | None]) -> float | None:
    """The mean of the scores that there are; None where there is none."""
    given = [score for score in scores if score is not None]
    return fmean(given) if given else None
