"""How many pairs are checked, and that the looks share the error between them."""

import numpy as np
import pytest

from gravity.store.bounds import TAIL, Answers, label_error
from gravity.store.runs import PanelRecord
from gravity.store.sampling import GOOD, LARGEST, POWER, SMALLEST, Design, Look, design, enough, outlook

PANEL = PanelRecord(right=250, confirmed=244, refuted=4, wrong=30, shared=1)


def passes(planned: Design, record: PanelRecord, acceptable: float, confirms: float) -> float:
    """How many of 400 played lots are vetted at their last look."""
    chance, (n, tail) = np.random.default_rng(3), planned.looks[-1]
    agreed = chance.binomial(n, confirms, size=400)
    vetted = [label_error(Answers(int(k), 0, n - int(k)), record, tail).high <= acceptable for k in agreed]
    return float(np.mean(vetted))


@pytest.mark.parametrize("acceptable", [0.1, 0.2])
def test_the_sample_is_so_large_that_good_lots_pass(acceptable: float) -> None:
    planned = design(PANEL, acceptable)
    confirms = (1 - acceptable * GOOD) * 244 / 250 + acceptable * GOOD / 30
    assert passes(planned, PANEL, acceptable, confirms) >= POWER - 0.06
    assert planned.power >= POWER and SMALLEST <= planned.sample <= LARGEST


def test_less_acceptable_error_and_a_worse_panel_need_more_pairs() -> None:
    worse = PANEL.model_copy(update={"confirmed": 236})
    assert design(PANEL, 0.2).sample < design(PANEL, 0.1).sample < design(worse, 0.1).sample


@pytest.mark.parametrize("pairs", [10, 90, LARGEST])
def test_the_looks_use_up_the_whole_error_and_no_more(pairs: int) -> None:
    planned = design(PANEL, 0.1, pairs)
    assert sum(look.tail for look in planned.looks) == pytest.approx(TAIL)
    assert [look.n for look in planned.looks] == sorted({look.n for look in planned.looks})
    assert planned.sample == min(pairs, design(PANEL, 0.1).sample)


@pytest.mark.parametrize(
    "record", [PANEL.model_copy(update={"shared": 24}), PANEL.model_copy(update={"wrong": 0, "shared": 0})]
)
def test_where_no_sample_would_do_few_pairs_are_checked(record: PanelRecord) -> None:
    assert design(record, 0.1).looks == (Look(SMALLEST, TAIL),)


def test_it_is_told_how_many_have_to_be_confirmed_and_how_likely_that_is() -> None:
    planned = design(PANEL, 0.1)
    n, tail = planned.looks[-1]
    needed = enough(n, PANEL, 0.1)
    assert label_error(Answers(needed, 0, n - needed), PANEL, tail).high <= 0.1
    assert label_error(Answers(needed - 1, 0, n - needed + 1), PANEL, tail).high > 0.1
    assert outlook(Answers(70, 0, 0), planned, PANEL, 0.1) > 0.99
    assert outlook(Answers(40, 30, 0), planned, PANEL, 0.1) < 0.001
    assert enough(20, PANEL, 0.1) == 21
