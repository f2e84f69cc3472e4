"""Judges of pairs: which way would this reader prefer?"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from gravity.agents.judge import LABELS, Case, ModelJudge, preferred
from gravity.agents.kinds import Model
from gravity.agents.prompting import prompt
from gravity.agents.qualification.task import Exam, Task
from gravity.agents.qualification.trial import UNKNOWN, Advance, Trial, judged, review_of, sampled, try_all
from gravity.frameworks.gold import Gold, GoldScenario, GoldStance, Split
from gravity.frameworks.statistics import Calibrations
from gravity.store.records import content_id


class PreferenceTask(Task):
    """Judging whole pairs."""

    name = "preference"
    title = "Judges of pairs: which way would this reader prefer"
    agent = "pair judge"
    role = "judges"
    prompts = ("prefer",)
    gold_name = "preferences"
    labels = "stance"
    needs_quorum = True

    def suits(self, model: Model, checker: Model | None) -> bool:
        """Chat models alone."""
        return model.judges_pairs

    def conditions(self, orders: int, checker: Model | None) -> Mapping[str, Any]:
        """In how many orders it is asked."""
        return {"orders": orders}

    async def examine(self, model: Model, exam: Exam) -> tuple[list[Trial], Calibrations]:
        """The trials on gold excerpts joined with gold scenes of the same seed."""
        cases = preference_cases(exam.gold, "held-out", exam.cases)
        return await try_preferences(model.pair_judge(exam.bench), cases, exam.advance), {}


def preference_cases(gold: Gold, split: Split, each: int | None) -> list[tuple[GoldStance, GoldScenario]]:
    """A reader of whom it is known whether they agree, disagree, or do not say, and a scene with a way for either
    side."""
    scenes: dict[str, dict[str, GoldScenario]] = defaultdict(dict)
    for scene in gold.scenarios.values():
        if scene.answer in ("first", "second"):
            scenes[scene.seed][scene.culture] = scene
    told = [case for case in gold.stances.values() if scenes[case.seed]]
    return [
        (case, scenes[case.seed].get(case.culture) or min(scenes[case.seed].values(), key=lambda scene: scene.id))
        for case in sampled(told, split, each)
    ]


async def try_preferences(
    judge: ModelJudge, cases: Sequence[tuple[GoldStance, GoldScenario]], advance: Advance
) -> list[Trial]:
    """Which way would this reader prefer? Label and order are dealt by hash, so that neither tells the answer. Of a
    reader who does not say, the right answer is that it cannot be told."""

    async def one(case: tuple[GoldStance, GoldScenario]) -> Trial:
        stance, scene = case
        ways = {"agree": scene.first, "disagree": scene.second}
        if scene.answer == "second":
            ways = {"agree": scene.second, "disagree": scene.first}
        turned = int(content_id("turned", stance.id), 16) % 2
        shown = dict(zip(LABELS, reversed(ways) if turned else ways, strict=True))
        _, task = prompt("task_values").render(domain=judge.domain, situation=scene.situation)
        sides = {label: ways[side] for label, side in shown.items()}
        asked = Case("Nothing.", [review_of(stance)], task, sides["chosen"], sides["rejected"])
        given = [(choice, choice.prefers, choice.order) for choice in await judge.choices(asked)]
        label = next((label for label, side in shown.items() if side == stance.answer), None)
        (said,) = preferred(choice for choice, _, _ in given).values()
        kind = f"{stance.case}, unknown" if stance.answer == UNKNOWN else stance.case
        trial = judged(stance.culture, (kind, stance.language), label, given)
        return replace(trial, case=stance.id, truth=stance.answer, said=shown[said] if said else None)

    return await try_all(one, cases, advance)
