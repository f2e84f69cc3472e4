"""Played profilers of known worth are measured as what they are: how they take stances and place readers on facets."""

from collections.abc import Sequence
from typing import Any

import pytest

from gravity.agents.facets.asking import FacetAsking
from gravity.agents.profiler import ModelProfiler
from gravity.agents.qualification.facet import try_facets
from gravity.agents.qualification.stance import Candidate, fitted, try_stances
from gravity.agents.qualification.trial import Trial, sampled, summarised
from tests.agents.conftest import MakeAsker, MakeReader
from tests.agents.gold import BOOKS, GOLD, LIBRARY, SEEDS, base, silent, within
from tests.stub.server import Stub
from tests.stub.truth import Character


async def stances(
    make_asker: MakeAsker,
    make_reader: MakeReader,
    character: Character,
    cases: Sequence[Any],
    reads: Stub | None = None,
) -> list[Trial]:
    """The trials of a model of that character, which takes stances and reads for views, or which has another one read
    for it."""
    with Stub(character) as server:
        first, second = (ModelProfiler("run", make_asker(server.url), BOOKS) for _ in range(2))
        reader = make_reader((reads or server).url)
        return await try_stances(Candidate(reader, first, second), cases, SEEDS, silent)


async def test_unknown_is_no_answer_and_can_be_right(make_asker: MakeAsker, make_reader: MakeReader) -> None:
    cases = sampled(GOLD.stances.values(), "held-out", 20)
    tried = await stances(make_asker, make_reader, Character(), cases)
    told = sum(case.answer != "unknown" for case in cases)
    found = summarised(base("stance"), tried)
    assert (found.cases, found.answered, found.right) == (len(cases), told, told)
    assert 0 < told < len(cases)
    unknown = {kind: counts for kind, counts in found.kinds.items() if kind.endswith(", unknown")}
    assert sum(n for n, _ in unknown.values()) == sum(right for _, right in unknown.values()) == len(cases) - told
    # Only what was taken was asked twice, and nothing was asked of an excerpt without a view.
    assert (found.swapped, found.consistent) == (told, told)
    read_alone = {len(one.calls) for one in tried if not one.answered}
    assert {len(one.calls) for one in tried if one.answered} == {4} and read_alone <= {1, 3}


async def test_a_wrong_profiler_is_found_out(make_asker: MakeAsker, make_reader: MakeReader, stub: Stub) -> None:
    """The views are known: what is measured is how it takes stances."""
    cases = sampled(GOLD.stances.values(), "held-out", None)
    tried = await stances(make_asker, make_reader, Character(accuracy=0.8), cases, reads=stub)
    found = summarised(base("stance"), tried)
    told = sum(case.answer != "unknown" for case in cases)
    assert found.swapped == told
    assert within(0.8**2 + 0.2**2, found.consistent, found.swapped)
    assert within(0.64 / 0.68, found.right, found.answered)


async def test_what_its_reader_passes_over_a_profiler_cannot_know(
    make_asker: MakeAsker, make_reader: MakeReader
) -> None:
    """Views that are not found, or are refuted although they hold, cost answers and make no wrong ones."""
    cases = sampled(GOLD.stances.values(), "held-out", 30)
    told = sum(case.answer != "unknown" for case in cases)
    for character, share in ((Character(missed=0.3), 0.7), (Character(accuracy=0.8), 0.8)):
        with Stub(character) as reads:
            tried = await stances(make_asker, make_reader, Character(), cases, reads)
        found = summarised(base("stance"), tried)
        assert found.cases == len(cases) and found.answered == found.right
        assert within(share, found.answered, told)


async def test_an_excerpt_that_nobody_could_read_is_no_answer_and_not_right(
    make_asker: MakeAsker, make_reader: MakeReader
) -> None:
    from tests.stub.server import Faults

    cases = [case for case in sampled(GOLD.stances.values(), "held-out", None) if case.answer == "unknown"][:3]
    with Stub(faults=Faults(unfit=1.0)) as reads:
        tried = await stances(make_asker, make_reader, Character(), cases, reads)
    assert [(one.answered, one.right, one.calls) for one in tried] == [(False, False, [])] * 3


def trial(confidence: float, right: bool, answered: bool = True) -> Trial:
    return Trial("us", (), answered, right, confidence, [])


def test_the_line_learns_that_a_profiler_is_overconfident() -> None:
    """It says 0.95 and is right 7 times of 10; it says 0.6 and is right 5 times of 10."""
    tried = [trial(0.95, n % 10 < 7) for n in range(400)] + [trial(0.6, n % 2 == 0) for n in range(400)]
    line = fitted(tried)["us"].calibration
    assert line(0.95) == pytest.approx(0.7, abs=0.03) and line(0.6) == pytest.approx(0.5, abs=0.05)
    before = summarised(base("stance"), tried)
    after = summarised(base("stance"), [one.calibrated(fitted(tried)) for one in tried])
    assert before.ece is not None and after.ece is not None and before.brier is not None and after.brier is not None
    assert before.ece > 0.15 and after.ece < 0.03 and after.brier < before.brier
    assert (after.right, after.answered) == (before.right, before.answered)


def test_too_few_answers_make_no_line() -> None:
    nine = [trial(0.9, True)] * 9
    assert fitted(nine) == {}
    assert fitted([*nine, trial(0.9, True, answered=False)]) == {}
    assert set(fitted([*nine, trial(0.9, False)])) == {"us"}


# Facets.


def facet_asking(make_asker: MakeAsker, url: str) -> FacetAsking:
    model = ModelProfiler("run", make_asker(url), BOOKS)
    return FacetAsking(model, model)


async def test_a_perfect_profiler_of_facets_gets_all_levels_and_all_that_are_unknown(make_asker: MakeAsker) -> None:
    cases = sampled(GOLD.facets.values(), "held-out", 30)
    with Stub() as server:
        tried = await try_facets(facet_asking(make_asker, server.url), cases, LIBRARY.facets, silent)
        assert server.counts.requests == 2 * len(cases)
    told = sum(case.answer != "unknown" for case in cases)
    found = summarised(base("facet"), tried)
    assert (found.cases, found.answered, found.right) == (len(cases), told, told) and 0 < told < len(cases)
    assert found.swapped == found.consistent == len(cases)
    unknown = [counts for kind, counts in found.kinds.items() if kind.endswith(", unknown")]
    assert sum(n for n, _ in unknown) == sum(right for _, right in unknown) == len(cases) - told


@pytest.mark.parametrize("accuracy", [0.92, 0.75])
async def test_a_profiler_of_facets_is_measured_as_it_is(make_asker: MakeAsker, accuracy: float) -> None:
    """Each asking errs by itself, and where they differ nothing is said."""
    cases = [case for case in sampled(GOLD.facets.values(), "held-out", None) if case.answer != "unknown"]
    with Stub(Character(accuracy=accuracy)) as server:
        tried = await try_facets(facet_asking(make_asker, server.url), cases, LIBRARY.facets, silent)
    found = summarised(base("facet"), tried)
    steady = accuracy**2 + (1 - accuracy) ** 2
    assert within(steady, found.answered, found.cases)
    assert within(accuracy**2 / steady, found.right, found.answered)
