"""Critics: is a planted defect blocked, and its clean twin let through?"""

from collections.abc import Mapping, Sequence

from gravity.agents.asking import together
from gravity.agents.critic import Critic, ModelCritic, blocking
from gravity.agents.errors import AskError, NotAnsweredError
from gravity.agents.kinds import Model
from gravity.agents.qualification.task import Bar, Exam, Task
from gravity.agents.qualification.trial import AUTHOR, Advance, Trial, sampled, try_all
from gravity.frameworks.gold import GoldBias
from gravity.frameworks.records import Culture, Seed
from gravity.frameworks.statistics import Calibrations, wilson
from gravity.store.records import Draft, Qualification


class DefectTask(Task):
    """Finding cultural bias. A culture without a critic that counts is qualified all the same: the rules remain."""

    name = "defect"
    title = "Critics: is a planted defect blocked, and its clean twin let through"
    agent = "critic"
    role = "critics"
    prompts = ("critic",)
    gold_name = "defects"
    needed = False

    async def examine(self, model: Model, exam: Exam) -> tuple[list[Trial], Calibrations]:
        """The trials on planted defects and their clean twins."""
        library = exam.bench.library
        cases = sampled(exam.gold.bias.values(), "held-out", exam.cases)
        critic = model.critic(exam.bench)
        return await try_defects(critic, cases, library.seeds, library.cultures, exam.advance), {}

    def qualifies(self, found: Qualification, bar: Bar) -> bool:
        """Whether it finds defects clearly more often than it raises false alarms: the two intervals do not overlap."""
        return wilson(found.right, found.cases).low > wilson(found.alarms, found.clean).high

    def error_rates(self, found: Qualification) -> dict[str, tuple[int, int]]:
        """Defects that were missed, and clean twins that were blocked."""
        return {"misses": (found.cases - found.right, found.cases), "false alarms": (found.alarms, found.clean)}


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
