"""Readers of views: what of an excerpt's writer do they find, and is it the writer's own?"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gravity.agents.asking import together
from gravity.agents.evidence import Evidence
from gravity.agents.kinds import Model
from gravity.agents.kinds.view_reader import reading_models, view_reader
from gravity.agents.profiler import Profiler
from gravity.agents.qualification.task import Bar, Exam, Task
from gravity.agents.qualification.trial import Advance, Trial, review_of, sampled, summarised, try_all
from gravity.agents.views.reading import ViewReader
from gravity.frameworks.gold import GoldView, OwnView
from gravity.frameworks.records import Seed
from gravity.frameworks.statistics import Calibrations
from gravity.store.records import Qualification, Review, content_id
from gravity.store.views import View

# A view that is missed makes no pair, and no wrong one: it costs pairs alone. But who misses every second one reads
# people for less than half of what they show, and mostly for what is easiest to see.
MIN_RECALL = 0.5


class ViewTask(Task):
    """Reading reviews for views: the candidate finds them, and the checker tries to refute them, as in a run."""

    name = "view"
    title = "Reader of views: are the views that are found the writer's own, and are all of them found"
    agent = "reader of views"
    role = "profiler"
    prompts = ("views", "refute", "repeats", "stances")
    gold_name = "views"
    dispensable = True

    def suits(self, model: Model, checker: Model | None) -> bool:
        """Where it, or the checker in its place, can read."""
        return bool(reading_models(model, checker))

    def conditions(self, orders: int, checker: Model | None) -> Mapping[str, Any]:
        """Which model refutes."""
        return {"checker": checker.identity if checker else None}

    async def examine(self, model: Model, exam: Exam) -> tuple[list[Trial], Calibrations]:
        """The trials on held-out excerpts, each read as the one review of a reader of its own."""
        reader = view_reader(exam.bench, model, exam.checker)
        assert reader is not None, "only models that can read are put to it"
        profiler = reading_models(model, exam.checker)[0].profiler(exam.bench)
        cases = sampled(exam.gold.views.values(), "held-out", exam.cases)
        return await try_views(Candidate(reader, profiler), cases, exam.advance), {}

    def summarised(self, base: Qualification, trials: Sequence[Trial]) -> Qualification:
        """`base` with the figures of the views of one culture: what is right is precision, what is found is recall."""
        read = [trial for trial in trials if isinstance(trial, ViewTrial)]
        kept, there = Counter[str](), Counter[str]()
        own, found = Counter[str](), Counter[str]()
        for trial in read:
            for kind in trial.kinds:
                kept[kind] += trial.kept
                own[kind] += trial.own
                there[kind] += trial.there
                found[kind] += trial.found
        return summarised(base, trials).model_copy(
            update={
                "answered": sum(trial.kept for trial in read),
                "right": sum(trial.own for trial in read),
                "there": sum(trial.there for trial in read),
                "found": sum(trial.found for trial in read),
                "kinds": {kind: (n, own[kind]) for kind, n in sorted(kept.items()) if n},
                "found_kinds": {kind: (n, found[kind]) for kind, n in sorted(there.items()) if n},
            }
        )

    def qualifies(self, found: Qualification, bar: Bar) -> bool:
        """Whether precision is above the minimum and recall above MIN_RECALL, each by its lower bound."""
        precise = bar.low(found.right, found.answered) > bar.min_accuracy
        return precise and bar.low(found.found, found.there) > MIN_RECALL

    def error_rates(self, found: Qualification) -> dict[str, tuple[int, int]]:
        """Views that are not the writer's own, views that were missed, and cases without a view that were given one."""
        return {
            **super().error_rates(found),
            "missed gold views": (found.there - found.found, found.there),
            "views where there is none": (found.alarms, found.clean),
        }


@dataclass(frozen=True)
class ViewTrial(Trial):
    """How the reading of one excerpt went: `own` of the views `kept` are the writer's own, and `found` of the gold
    views that are `there` are among them."""

    kept: int = 0
    own: int = 0
    there: int = 0
    found: int = 0


@dataclass(frozen=True)
class Candidate:
    """Who reads, and who is asked which side of an issue a view takes."""

    reader: ViewReader
    profiler: Profiler

    async def views(self, review: Review) -> tuple[list[View], list[str]]:
        """The views of a review that a run would keep, none where no answer was usable; and the calls that it took.

        Raises NotAnsweredError.
        """
        reading, views = await self.reader.read(review.reader, [review])
        if reading.failed:
            return [], []
        return [view for view in views if view.distinct], reading.calls

    async def taken(self, review: Review, view: View, gold: Sequence[OwnView]) -> tuple[list[OwnView], list[str]]:
        """Those of the gold views whose side a view takes, told as stances are, and the call that it took.

        Statement and opposite are in each other's place for half of them, by a hash: who always agrees is not believed.
        """
        turned = [int(content_id("turned", one.statement), 16) % 2 == 1 for one in gold]
        seeds = [_seed(f"{n}", one, turn) for n, (one, turn) in enumerate(zip(gold, turned, strict=True))]
        facts = await self.profiler.stances(review.reader, Evidence([review], [view]), seeds)
        sides = ["disagree" if turn else "agree" for turn in turned]
        taken = [one for one, fact, side in zip(gold, facts, sides, strict=True) if fact.value == side]
        return taken, [fact.made_by.call for fact in facts if fact.made_by.call]


async def try_views(candidate: Candidate, cases: Sequence[GoldView], advance: Advance) -> list[Trial]:
    """Which views does the writer of an excerpt let show? One that is kept is the writer's own where its words overlap
    those of a gold view and it takes that view's side; a gold view is found where there is such a one."""

    async def one(case: GoldView) -> Trial:
        review = review_of(case)
        kept, calls = await candidate.views(review)
        near = [(view, gold) for view in kept if (gold := [one for one in case.views if _overlap(review, view, one)])]
        told = await together(*(candidate.taken(review, view, gold) for view, gold in near))
        found = {own.statement for taken, _ in told for own in taken}
        return ViewTrial(
            culture=case.culture,
            kinds=(case.case, case.language),
            answered=bool(kept),
            right=len(found) == len(case.views) and all(taken for taken, _ in told) and len(told) == len(kept),
            confidence=None,
            calls=list(dict.fromkeys([*calls, *(call for _, asked in told for call in asked)])),
            alarmed=bool(kept) if not case.views else None,
            kept=len(kept),
            own=sum(bool(taken) for taken, _ in told),
            there=len(case.views),
            found=len(found),
        )

    return await try_all(one, cases, advance)


def _seed(identity: str, view: OwnView, turned: bool) -> Seed:
    sides = (view.opposite, view.statement) if turned else (view.statement, view.opposite)
    of: dict[str, Any] = {"framework": "gold", "dimension": "views", "pole": "high", "topics": [view.about]}
    return Seed(id=identity, statement=sides[0], opposite=sides[1], **of)


def _overlap(review: Review, view: View, gold: OwnView) -> bool:
    """Whether two quotes share words. One from the title is about the whole text, so it is held against every view."""
    if view.quote not in review.text:
        return True
    start, first = review.text.index(view.quote), review.text.index(gold.quote)
    return start < first + len(gold.quote) and first < start + len(view.quote)
