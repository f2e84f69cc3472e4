"""Critics: is a planted defect blocked, and its clean twin let through?"""

from collections.abc import Mapping, Sequence

from gravity.agents.asking import together
from gravity.agents.critic import Critic, ModelCritic, blocking
from gravity.agents.errors import AskError, NotAnsweredError
from gravity.agents.kinds import Model
from gravity.agents.qualification.task import Exam
from gravity.agents.qualification.trial import AUTHOR, Advance, Trial, sampled, try_all
from gravity.agents.qualification.twins import TwinTask
from gravity.frameworks.gold import GoldBias
from gravity.frameworks.records import Culture, Seed
from gravity.frameworks.statistics import Calibrations
from gravity.store.records import Draft


class DefectTask(TwinTask):
    """Finding cultural bias. Where no critic counts, the rules remain."""

    name = "defect"
    title = "Critics: is a planted defect blocked, and its clean twin let through"
    agent = "critic"
    prompts = ("critic",)
    gold_name = "defects"

    async def examine(self, model: Model, exam: Exam) -> tuple[list[Trial], Calibrations]:
        """The trials on planted defects and their clean twins."""
        library = exam.bench.library
        cases = sampled(exam.gold.bias.values(), "held-out", exam.cases)
        critic = model.critic(exam.bench)
        return await try_defects(critic, cases, library.seeds, library.cultures, exam.advance), {}


async def try_defects(
    critic: Critic,
    cases: Sequence[GoldBias],
    seeds: Mapping[str, Seed],
    cultures: Mapping[str, Culture],
    advance: Advance,
) -> list[Trial]:
    """Is a planted defect blocked, and its clean twin let through?"""

    async def blocked(case: GoldBias, parts: dict[str, str]) -> tuple[bool, list[str]]:
        of = seeds[case.seed], cultures[case.culture], Draft(made_by=AUTHOR, **parts)
        try:
            # An answer without remarks has its price too; asked for again, it is the kept one.
            calls = [(await critic.remarks(*of)).made_by.call] if isinstance(critic, ModelCritic) else []
            return bool(blocking(await critic.findings(*of))), calls
        except NotAnsweredError:
            raise
        except AskError:
            return False, []

    async def one(case: GoldBias) -> Trial:
        clean = {"situation": case.situation, "endorsing": case.endorsing, "opposing": case.opposing}
        (caught, asked), (alarmed, again) = await together(
            blocked(case, {**clean, case.part: case.defective}), blocked(case, clean)
        )
        return Trial(case.culture, (case.kind,), True, caught, None, [*asked, *again], alarmed=alarmed)

    return await try_all(one, cases, advance)
