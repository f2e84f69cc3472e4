"""Judges of pairs of the personality track: which answer would be more like this reader?"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from gravity.agents.case import neutral_ends
from gravity.agents.judge import LABELS, Case, ModelJudge, preferred
from gravity.agents.kinds import Model
from gravity.agents.prompting import prompt
from gravity.agents.qualification.task import Exam, Task
from gravity.agents.qualification.trial import Advance, Trial, judged, reviews_of, sampled, try_all
from gravity.frameworks.gold import Gold, GoldFacet, Split
from gravity.frameworks.loader import Library
from gravity.frameworks.records import Facet, Item
from gravity.frameworks.statistics import Calibrations
from gravity.store.records import content_id


class Joined(NamedTuple):
    """A gold case of a facet, and an item of the same facet."""

    case: GoldFacet
    item: Item
    facet: Facet


class PersonalityTask(Task):
    """Judging pairs of the personality track."""

    name = "personality"
    title = "Judges of personality pairs: which answer would be more like this reader"
    agent = "judge of personality pairs"
    role = "judges"
    prompts = ("personality", "task_personality")
    gold_name = "personality pairs"
    labels = "facet"
    needs_quorum = True
    # Without them a culture still has its pairs of the other tracks.
    needed = False

    def suits(self, model: Model, checker: Model | None) -> bool:
        """Chat models alone."""
        return model.judges_pairs

    def conditions(self, orders: int, checker: Model | None) -> Mapping[str, Any]:
        """In how many orders it is asked."""
        return {"orders": orders}

    async def examine(self, model: Model, exam: Exam) -> tuple[list[Trial], Calibrations]:
        """The trials on gold cases joined with items of their facets."""
        cases = personality_cases(exam.gold, exam.bench.library, "held-out", exam.cases)
        return await try_personality(model.pair_judge(exam.bench), cases, exam.advance), {}


def personality_cases(gold: Gold, library: Library, split: Split, each: int | None) -> list[Joined]:
    """Pairs whose label is known, or known not to be there: the reviews of a reader, and an item of the facet that they
    are about, dealt by hash. Cases of facets without items are left out."""
    items: dict[str, list[Item]] = defaultdict(list)
    for item in library.items.values():
        items[item.facet].append(item)
    found = []
    for case in sampled((case for case in gold.facets.values() if items[case.facet]), split, each):
        of = items[case.facet]
        dealt = of[int(content_id("item", case.id), 16) % len(of)]
        found.append(Joined(case, dealt, library.facets[case.facet]))
    return found


async def try_personality(judge: ModelJudge, cases: Sequence[Joined], advance: Advance) -> list[Trial]:
    """Which answer would be more like this reader? Label and order are dealt by hash, so that neither tells; for a
    fifth of the cases it cannot be told."""

    async def one(joined: Joined) -> Trial:
        case, item, facet = joined
        turned = int(content_id("turned", case.id), 16) % 2
        chosen, rejected = (item.low, item.high) if turned else (item.high, item.low)
        _, task = prompt("task_personality").render(domain=judge.domain, question=item.question)
        asked = Case(
            card="Nothing.",
            reviews=reviews_of(case),
            task=task,
            chosen=chosen,
            rejected=rejected,
            ends=neutral_ends(facet, item.id),
        )
        choices = await judge.choices(asked)
        given = [(choice, choice.prefers, choice.order) for choice in choices]
        shown = dict(zip(LABELS, ("low", "high") if turned else ("high", "low"), strict=True))
        label = next((label for label, level in shown.items() if level == case.answer), None)
        kind = f"{case.case}, unknown" if label is None else case.case
        (said,) = preferred(choices).values()
        trial = judged(case.culture, (kind, case.language), label, given)
        trial = replace(trial, case=case.id, truth=case.answer, said=shown[said] if said else None)
        if label is None:
            # Who contradicts itself, or gives no usable answer, has not said that it cannot be told.
            return replace(trial, right=all(choice.answered and choice.prefers is None for choice in choices))
        return trial

    return await try_all(one, cases, advance)
