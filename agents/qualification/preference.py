"""Judges of pairs: which way would this reader prefer?"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from gravity.agents.judge import Case, ModelJudge
from gravity.agents.kinds import Model
from gravity.agents.prompting import prompt
from gravity.agents.qualification.task import Exam, Task
from gravity.agents.qualification.trial import Advance, Trial, judged, review_of, sampled, try_all
from gravity.frameworks.gold import Gold, GoldScenario, GoldStance, Split
from gravity.store.records import content_id


class PreferenceTask(Task):
    """Judging whole pairs."""

    name = "preference"
    title = "Judges of pairs: which way would this reader prefer"
    agent = "pair judge"
    role = "judges"
    prompts = ("prefer",)
    gold_name = "preferences"
    needs_quorum = True

    def suits(self, model: Model, checker: Model | None) -> bool:
        """Chat models alone."""
        return model.judges_pairs

    def conditions(self, orders: int, checker: Model | None) -> Mapping[str, Any]:
        """In how many orders it is asked."""
        return {"orders": orders}

    async def examine(self, model: Model, exam: Exam) -> tuple[list[Trial], None]:
        """The trials on gold excerpts joined with gold scenes of the same seed."""
        cases = preference_cases(exam.gold, "held-out", exam.cases)
        return await try_preferences(model.pair_judge(exam.bench), cases, exam.advance), None


def preference_cases(gold: Gold, split: Split, each: int | None) -> list[tuple[GoldStance, GoldScenario]]:
    """Pairs whose label is known: a reader who agrees or disagrees, and a scene with a way for either side."""
    scenes: dict[str, dict[str, GoldScenario]] = defaultdict(dict)
    for scene in gold.scenarios.values():
        if scene.answer in ("first", "second"):
            scenes[scene.seed][scene.culture] = scene
    told = [case for case in gold.stances.values() if case.answer != "unknown" and scenes[case.seed]]
    return [
        (case, scenes[case.seed].get(case.culture) or min(scenes[case.seed].values(), key=lambda scene: scene.id))
        for case in sampled(told, split, each)
    ]


async def try_preferences(
    judge: ModelJudge, cases: Sequence[tuple[GoldStance, GoldScenario]], advance: Advance
) -> list[Trial]:
    """Which way would this reader prefer? Label and order are dealt by hash, so that neither tells the answer."""

    async def one(case: tuple[GoldStance, GoldScenario]) -> Trial:
        stance, scene = case
        endorsing = scene.first if scene.answer == "first" else scene.second
        opposing = scene.second if scene.answer == "first" else scene.first
        right, wrong = (endorsing, opposing) if stance.answer == "agree" else (opposing, endorsing)
        turned = int(content_id("turned", stance.id), 16) % 2
        _, task = prompt("task_values").render(domain=judge.domain, situation=scene.situation)
        chosen, rejected = (wrong, right) if turned else (right, wrong)
        asked = Case(card="Nothing.", reviews=[review_of(stance)], task=task, chosen=chosen, rejected=rejected)
        given = [(choice, choice.prefers, choice.order) for choice in await judge.choices(asked)]
        label = "rejected" if turned else "chosen"
        return judged(stance.culture, (stance.case, stance.language), label, given)

    return await try_all(one, cases, advance)
