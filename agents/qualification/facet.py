"""Profilers: which end of a facet do a reader's reviews show?"""

from collections.abc import Mapping, Sequence
from typing import Any

from gravity.agents.facets.asking import FacetAsking
from gravity.agents.kinds import Model
from gravity.agents.qualification.stance import fitted
from gravity.agents.qualification.task import Exam, Task
from gravity.agents.qualification.trial import Advance, Trial, reviews_of, sampled, try_all
from gravity.frameworks.gold import GoldFacet
from gravity.frameworks.records import Facet
from gravity.frameworks.statistics import Calibrations
from gravity.store.records import LEVELS
from gravity.store.vectors import review_entry


class FacetTask(Task):
    """Inferring facets of personality."""

    name = "facet"
    title = "Profiler: which end of a facet do a reader's reviews show"
    agent = "profiler of facets"
    role = "profiler"
    prompts = ("facets",)
    gold_name = "facets"
    # Without one a culture still has its pairs of the other tracks.
    needed = False

    def conditions(self, orders: int, checker: Model | None) -> Mapping[str, Any]:
        """Which model is asked the second time."""
        return {"checker": checker.identity if checker else None}

    async def examine(self, model: Model, exam: Exam) -> tuple[list[Trial], Calibrations]:
        """The trials on held-out cases, with confidences calibrated on the dev ones."""
        facets, cases = exam.bench.library.facets, exam.gold.facets.values()
        learn, test = (sampled(cases, split, exam.cases) for split in ("dev", "held-out"))
        reviews = [review for case in [*learn, *test] for review in reviews_of(case)]
        with exam.indexed([review_entry(review) for review in reviews]) as bench:
            second = exam.checker.facet_profiler(bench, "checker") if exam.checker else None
            asking = FacetAsking(model.facet_profiler(bench), second)
            calibrations = fitted(await try_facets(asking, learn, facets, exam.advance))
            tried = await try_facets(asking, test, facets, exam.advance)
        return [trial.calibrated(calibrations) for trial in tried], calibrations


async def try_facets(
    asking: FacetAsking, cases: Sequence[GoldFacet], facets: Mapping[str, Facet], advance: Advance
) -> list[Trial]:
    """Which end do the reviews show? Asked as in a run, both ways round; unknown is no answer, and the right one for a
    fifth of the cases."""

    async def one(case: GoldFacet) -> Trial:
        reviews = reviews_of(case)
        (both,) = await asking.twice(reviews[0].reader, reviews, [facets[case.facet]])
        fact = asking.compared(*both)
        kind = f"{case.case}, unknown" if case.answer == "unknown" else case.case
        asked_twice = fact.checked_by is not None and "failed" not in (both[0].value, both[1].value)
        return Trial(
            culture=case.culture,
            kinds=(kind, case.language),
            answered=fact.value in LEVELS,
            right=fact.value == case.answer,
            confidence=fact.confidence,
            calls=list(dict.fromkeys(one.made_by.call for one in both if one.made_by.call)),
            steady=both[0].value == both[1].value if asked_twice else None,
            case=case.id,
            truth=case.answer,
            said=fact.value if fact.value in LEVELS else None,
            first=both[0].value if both[0].value in LEVELS else None,
        )

    return await try_all(one, cases, advance)
