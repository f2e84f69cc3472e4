"""Stances are asked for twice, the second time turned around, and believed only where both answers say the same."""

from collections.abc import Sequence
from dataclasses import dataclass

from gravity.agents.asking import together
from gravity.agents.profiler import Profiler
from gravity.agents.stances import TURNED, Batch, joined, taken
from gravity.frameworks.statistics import Calibration
from gravity.store.records import Fact


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
        self, reader: str, told: Sequence[tuple[Batch, Sequence[Fact]]]
    ) -> list[tuple[Batch, Sequence[Fact]]]:
        """The facts of each batch after the check: those that were not taken stay as they are."""
        checked = await together(*(self._batch_checked(reader, batch, facts) for batch, facts in told))
        return [(batch, facts) for (batch, _), facts in zip(told, checked, strict=True)]

    async def held_against(self, reader: str, facts: Sequence[Fact], batch: Batch) -> list[Fact]:
        """The stances after the check, in their order; the batch's seeds are theirs, and all of them are taken."""
        again: dict[str, Fact] = {}
        if self.second is not None and batch.seeds:
            turned = [s.model_copy(update={"statement": s.opposite, "opposite": s.statement}) for s in batch.seeds]
            again = {fact.name: fact for fact in await self.second.stances(reader, batch.evidence, turned)}
        return [self._sure_enough(_compared(fact, again.get(fact.name))) for fact in facts]

    async def _batch_checked(self, reader: str, batch: Batch, facts: Sequence[Fact]) -> list[Fact]:
        seeds = {seed.id: seed for seed in batch.seeds}
        asked = [fact for fact in facts if taken(fact)]
        checked = await self.held_against(reader, asked, Batch(batch.evidence, [seeds[fact.name] for fact in asked]))
        after = {fact.name: fact for fact in checked}
        return [after.get(fact.name, fact) for fact in facts]

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
        confidence = min(fact.confidence, second.confidence)
        return checked.model_copy(update={"confidence": confidence, **joined(fact, second)})
    reason = f"'{fact.value}' at first, '{again}' when asked the other way round by {second.made_by.model}"
    return checked.model_copy(update={"value": "unknown", "reason": reason})
