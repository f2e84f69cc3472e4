"""Stances are asked for twice, the second time turned around, and believed only where both answers say the same."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gravity.agents.profiler import Profiler
from gravity.agents.retrieval import Retriever
from gravity.frameworks.records import Seed
from gravity.frameworks.statistics import Calibration
from gravity.store.records import Fact, Review

TURNED = {"agree": "disagree", "disagree": "agree"}


@dataclass(frozen=True)
class CrossCheck:
    """Holds stances against those of `second`: another model, or the one that took them; None asks nobody.

    The second is shown each statement and its opposite in each other's place, so that a model that tends to say
    yes, or that a review has told what to answer, contradicts itself. It is asked only about stances that were
    taken. Where the two differ the stance is unknown; where they agree it has the lower confidence. That is
    mapped by `calibration`, and a stance that is then less than `min_confidence` (0 to 1) is unknown too. Where the
    second gave no usable answer the stance has failed.
    """

    second: Profiler | None
    calibration: Calibration | None
    min_confidence: float

    async def checked(
        self,
        reader: str,
        stances: Sequence[Fact],
        reviews: Sequence[Review],
        seeds: Mapping[str, Seed],
        retriever: Retriever,
    ) -> list[Fact]:
        """A reader's stances: those that were not taken as they are, and then the others after the check."""
        asked = {fact.name: fact for fact in stances if taken(fact)}
        others = [fact for fact in stances if not taken(fact)]

        async def check(near: list[Review], batch: list[Seed]) -> list[Fact]:
            return await self.held_against(reader, [asked[seed.id] for seed in batch], near, batch)

        if self.second is None:
            # Nobody is shown reviews; what is left is the least confidence.
            return others + await check([], [seeds[name] for name in asked])
        return others + await retriever.in_batches(reviews, [seeds[name] for name in asked], check)

    async def held_against(
        self, reader: str, facts: Sequence[Fact], reviews: Sequence[Review], seeds: Sequence[Seed]
    ) -> list[Fact]:
        """The stances after the check, in their order; `seeds` are those of `facts`, all of them taken."""
        again: dict[str, Fact] = {}
        if self.second is not None and seeds:
            turned = [s.model_copy(update={"statement": s.opposite, "opposite": s.statement}) for s in seeds]
            again = {fact.name: fact for fact in await self.second.stances(reader, reviews, turned)}
        return [self._sure_enough(_compared(fact, again.get(fact.name))) for fact in facts]

    def _sure_enough(self, fact: Fact) -> Fact:
        if not taken(fact):
            return fact
        confidence = self.calibration(fact.confidence) if self.calibration else fact.confidence
        if confidence >= self.min_confidence:
            return fact.model_copy(update={"confidence": confidence})
        said = f"'{fact.value}' with confidence {fact.confidence:.2f}"
        calibrated = f", on gold cases worth {confidence:.2f}," if self.calibration else ""
        reason = f"{said}{calibrated} is below {self.min_confidence:.2f}"
        return fact.model_copy(update={"value": "unknown", "confidence": confidence, "reason": reason})


def taken(fact: Fact) -> bool:
    """Whether a stance is one, and not unknown or failed."""
    return fact.value in TURNED


def _compared(fact: Fact, second: Fact | None) -> Fact:
    if second is None:
        return fact
    checked = fact.model_copy(update={"checked_by": second.made_by})
    if second.value == "failed":
        return checked.model_copy(
            update={"value": "failed", "confidence": 0.0, "reason": f"asked the other way round: {second.reason}"}
        )
    again = TURNED.get(second.value, second.value)
    if again == fact.value:
        evidence = list(dict.fromkeys([*fact.evidence, *second.evidence]))
        confidence = min(fact.confidence, second.confidence)
        return checked.model_copy(update={"evidence": evidence, "confidence": confidence})
    reason = f"'{fact.value}' at first, '{again}' when asked the other way round by {second.made_by.model}"
    return checked.model_copy(update={"value": "unknown", "reason": reason})
