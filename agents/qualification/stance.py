"""Profilers: where does the writer of an excerpt stand?"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gravity.agents.crosscheck import CrossCheck
from gravity.agents.errors import AskError, NotAnsweredError, UnusableError
from gravity.agents.evidence import Evidence
from gravity.agents.kinds import Model
from gravity.agents.kinds.view_reader import view_reader
from gravity.agents.profiler import Profiler
from gravity.agents.qualification.task import Exam, Task
from gravity.agents.qualification.trial import UNKNOWN, Advance, Trial, review_of, sampled, try_all
from gravity.agents.stances import Batch, not_near, taken
from gravity.agents.views.reading import ViewReader
from gravity.frameworks.gold import GoldStance
from gravity.frameworks.records import Seed
from gravity.frameworks.statistics import Calibrations, Fitted, calibrate_each
from gravity.store.records import Fact, Review
from gravity.store.vectors import Entry


class StanceTask(Task):
    """Inferring stances."""

    name = "stance"
    title = "Profiler: where does the writer of an excerpt stand"
    agent = "profiler"
    role = "profiler"
    prompts = ("stances", "views", "refute")
    gold_name = "stances"

    def conditions(self, orders: int, checker: Model | None) -> Mapping[str, Any]:
        """Which model is asked the second time."""
        return {"checker": checker.identity if checker else None}

    async def examine(self, model: Model, exam: Exam) -> tuple[list[Trial], Calibrations]:
        """The trials on held-out cases, with confidences calibrated on the dev ones."""
        seeds, cases = exam.bench.library.seeds, exam.gold.stances.values()
        learn, test = (sampled(cases, split, exam.cases) for split in ("dev", "held-out"))
        reviews = [review_of(case) for case in [*learn, *test]]
        with exam.indexed([Entry(review.id, review.text, review.reader) for review in reviews]) as bench:
            second = exam.checker.profiler(bench, "checker") if exam.checker else None
            candidate = Candidate(view_reader(bench, model, exam.checker), model.profiler(bench), second)
            calibrations = fitted(await try_stances(candidate, learn, seeds, exam.advance))
            tried = await try_stances(candidate, test, seeds, exam.advance)
        return [trial.calibrated(calibrations) for trial in tried], calibrations


@dataclass(frozen=True)
class Candidate:
    """Those who take stances together: who reads views (None: nobody), who is asked first, and who is asked again."""

    reader: ViewReader | None
    profiler: Profiler
    second: Profiler | None

    async def stance(self, review: Review, seed: Seed) -> tuple[Fact, Fact, list[str]]:
        """Where the writer of a review stands by the first asking and as a run would find it, and the calls that it
        took. Raises AskError."""
        batch, calls = Batch(Evidence([review]), [seed]), list[str]()
        if self.reader is not None:
            reading, views = await self.reader.read(review.reader, [review])
            if reading.failed:
                raise UnusableError(reading.failed[0])
            calls += reading.calls
            kept = [view for view in views if view.verdict == "kept"]
            if not kept:
                none = not_near(self.reader.run, review.reader, seed.id)
                return none, none, calls
            batch = Batch(Evidence([review], kept), [seed])
        (first,) = await self.profiler.stances(review.reader, batch.evidence, batch.seeds)
        fact = first
        if taken(first):
            (fact,) = await CrossCheck(self.second, None, 0.0).held_against(review.reader, [first], batch)
        return first, fact, calls + [maker.call for maker in (fact.made_by, fact.checked_by) if maker and maker.call]


async def try_stances(
    candidate: Candidate, cases: Sequence[GoldStance], seeds: Mapping[str, Seed], advance: Advance
) -> list[Trial]:
    """Where does the writer of an excerpt stand? Unknown is no answer, and the right one for a third of the cases."""

    async def one(case: GoldStance) -> Trial:
        kind = f"{case.case}, unknown" if case.answer == UNKNOWN else case.case
        kinds = kind, case.language
        try:
            first, fact, calls = await candidate.stance(review_of(case), seeds[case.seed])
        except NotAnsweredError:
            raise
        except AskError:
            return Trial(case.culture, kinds, False, False, None, [], case=case.id, truth=case.answer)
        answered = taken(fact)
        return Trial(
            culture=case.culture,
            kinds=kinds,
            answered=answered,
            right=fact.value == case.answer,
            confidence=fact.confidence,
            calls=calls,
            steady=answered if fact.checked_by else None,
            case=case.id,
            truth=case.answer,
            said=fact.value if answered else None,
            first=first.value if taken(first) else None,
        )

    return await try_all(one, cases, advance)


def fitted(trials: Sequence[Trial]) -> dict[str, Fitted]:
    """The calibrations that the answered trials teach, by culture; none where there are too few."""
    answered: dict[str, list[tuple[float, bool]]] = {trial.culture: [] for trial in trials}
    for trial in trials:
        if trial.answered and trial.confidence is not None:
            answered[trial.culture].append((trial.confidence, trial.right))
    return calibrate_each(answered)
