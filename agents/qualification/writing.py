"""Judges of writings: which of two descriptions of a book would this reader rather have?"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from gravity.agents.kinds import Model
from gravity.agents.qualification.task import Exam, Task
from gravity.agents.qualification.trial import UNKNOWN, Advance, Trial, judged, reviews_of, sampled, try_all
from gravity.agents.writings.judge import PLACES, WritingJudge, told_by
from gravity.frameworks.gold import GoldWriting
from gravity.frameworks.statistics import Calibrations
from gravity.store.records import content_id


class WritingTask(Task):
    """Judging writings. Who can tell which of two a reader would rather have rates as well how interesting one is."""

    name = "writing"
    title = "Judges of writings: which of two descriptions would this reader rather have"
    agent = "judge of writings"
    role = "judges"
    prompts = ("compare",)
    gold_name = "writings"
    needs_quorum = True
    # No dataset depends on it.
    needed = False

    def suits(self, model: Model, checker: Model | None) -> bool:
        """Chat models alone."""
        return model.judges_pairs

    def conditions(self, orders: int, checker: Model | None) -> Mapping[str, Any]:
        """In how many orders it is asked."""
        return {"orders": orders}

    async def examine(self, model: Model, exam: Exam) -> tuple[list[Trial], Calibrations]:
        """The trials on held-out cases."""
        cases = sampled(exam.gold.writings.values(), "held-out", exam.cases)
        return await try_writings(model.writing_judge(exam.bench), cases, exam.advance), {}


async def try_writings(judge: WritingJudge, cases: Sequence[GoldWriting], advance: Advance) -> list[Trial]:
    """Which of the two texts fits what the reader praises? Which comes first is dealt by hash. Of texts that nothing
    divides the right answer is that it cannot be told."""

    async def one(case: GoldWriting) -> Trial:
        texts = {"first": case.first, "second": case.second}
        turned = int(content_id("turned", case.id), 16) % 2
        shown = dict(zip(PLACES, reversed(texts) if turned else texts, strict=True))
        sides = texts[shown["first"]], texts[shown["second"]]
        choices = await judge.choices(reviews_of(case), case.title, sides)
        label = next((place for place, name in shown.items() if name == case.answer), None)
        given = [(choice, choice.prefers, choice.order) for choice in choices]
        (said,) = told_by(choices).values()
        trial = judged(case.culture, (case.case, case.language), label, given)
        truth = UNKNOWN if label is None else case.answer
        trial = replace(trial, case=case.id, truth=truth, said=shown[said] if said else None)
        if label is None:
            # Who contradicts itself, or gives no usable answer, has not said that it cannot be told.
            return replace(trial, right=all(choice.answered and choice.prefers is None for choice in choices))
        return trial

    return await try_all(one, cases, advance)
