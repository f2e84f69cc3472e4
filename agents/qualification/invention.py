"""Checkers of writings: is a planted invention found, and nothing in its clean twin?"""

from collections.abc import Sequence

from gravity.agents.asking import together
from gravity.agents.kinds import Model
from gravity.agents.qualification.task import Exam
from gravity.agents.qualification.trial import Advance, Trial, sampled, try_all
from gravity.agents.qualification.twins import TwinTask, overlap
from gravity.agents.writings.checker import WritingChecker
from gravity.frameworks.gold import GoldInvention
from gravity.frameworks.statistics import Calibrations


class InventionTask(TwinTask):
    """Finding what a writing says that it should not. Where nobody counts, inventions are not counted."""

    name = "invention"
    title = "Checkers of writings: is a planted invention found, and nothing in its clean twin"
    agent = "checker of writings"
    prompts = ("invented",)
    gold_name = "inventions"

    def suits(self, model: Model, checker: Model | None) -> bool:
        """Chat models alone."""
        return model.chat is not None

    async def examine(self, model: Model, exam: Exam) -> tuple[list[Trial], Calibrations]:
        """The trials on planted inventions and their clean twins."""
        cases = sampled(exam.gold.inventions.values(), "held-out", exam.cases)
        return await try_inventions(model.writing_checker(exam.bench), cases, exam.advance), {}


async def try_inventions(checker: WritingChecker, cases: Sequence[GoldInvention], advance: Advance) -> list[Trial]:
    """Is there a remark of the right kind whose words overlap the planted ones, and none about the clean twin? A twin
    for which there was no usable answer is not counted."""

    async def one(case: GoldInvention) -> Trial:
        about = case.title, case.description
        planted, clean = await together(checker.examined(*about, case.planted), checker.examined(*about, case.clean))
        found = [remark.quote for remark in planted.remarks if remark.fault == case.fault]
        return Trial(
            culture=case.culture,
            kinds=(case.case, case.language),
            answered=True,
            right=any(overlap(case.planted, quote, case.quote) for quote in found),
            confidence=None,
            calls=[each.made_by.call for each in (planted, clean) if each.made_by.call],
            alarmed=bool(clean.remarks) if clean.answered else None,
        )

    return await try_all(one, cases, advance)
