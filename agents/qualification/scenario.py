"""Judges of scenarios: which way goes with the statement?"""

from collections.abc import Mapping, Sequence
from typing import Any

from gravity.agents.judge import Judge
from gravity.agents.kinds import Model
from gravity.agents.qualification.task import Exam, Task
from gravity.agents.qualification.trial import AUTHOR, Advance, Trial, judged, sampled, try_all
from gravity.frameworks.gold import GoldScenario
from gravity.frameworks.records import Seed
from gravity.frameworks.statistics import Calibrations
from gravity.store.records import Draft

SIDE = {"first": "endorsing", "second": "opposing", "both": "both", "neither": "neither"}


class ScenarioTask(Task):
    """Judging scenarios."""

    name = "scenario"
    title = "Judges of scenarios: which way goes with the statement"
    agent = "scenario judge"
    role = "judges"
    prompts = ("judge",)
    gold_name = "scenes"
    needs_quorum = True

    def conditions(self, orders: int, checker: Model | None) -> Mapping[str, Any]:
        """In how many orders it is asked."""
        return {"orders": orders}

    async def examine(self, model: Model, exam: Exam) -> tuple[list[Trial], Calibrations]:
        """The trials on gold scenarios."""
        cases = sampled(exam.gold.scenarios.values(), "held-out", exam.cases)
        return await try_scenarios(model.judge(exam.bench), cases, exam.bench.library.seeds, exam.advance), {}


async def try_scenarios(
    judge: Judge, cases: Sequence[GoldScenario], seeds: Mapping[str, Seed], advance: Advance
) -> list[Trial]:
    """Which way goes with the statement? Traps, where both do or neither does, are cases like any other."""

    async def one(case: GoldScenario) -> Trial:
        draft = Draft(situation=case.situation, endorsing=case.first, opposing=case.second, made_by=AUTHOR)
        votes = await judge.votes(seeds[case.seed], draft)
        kind = "trap" if case.answer in ("both", "neither") else "scenario"
        return judged(case.culture, (kind,), SIDE[case.answer], [(v, v.endorses, v.order) for v in votes])

    return await try_all(one, cases, advance)
