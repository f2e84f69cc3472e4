"""The bounds of a lot's label error against what is known of binomials, and against panels that are played."""

import numpy as np
import pytest
from scipy import stats

from gravity.frameworks.statistics import exact
from gravity.store.bounds import TAIL, Answers, confirmed_error, label_error, settled_error
from gravity.store.runs import PanelRecord

# A panel of which all is known: it confirms every right label and no wrong one.
SURE = PanelRecord(right=10**7, confirmed=10**7, wrong=10**7)


@pytest.mark.parametrize(("against", "undecided"), [(0, 0), (3, 0), (2, 5), (40, 0)])
def test_a_panel_without_errors_leaves_the_exact_interval(against: int, undecided: int) -> None:
    n = 120
    found = label_error(Answers(n - against - undecided, against, undecided), SURE)
    # What is undecided was not confirmed, and was not refuted either.
    assert found.high == pytest.approx(exact(against + undecided, n).high, abs=2e-4)
    assert found.low == pytest.approx(exact(against, n).low, abs=2e-4)


def test_the_upper_bound_is_the_quantile_of_what_the_three_shares_make_of_it() -> None:
    """Against draws of scipy's own distributions, with another generator."""
    record, chance = PanelRecord(right=250, confirmed=230, refuted=10, wrong=30, shared=6), np.random.default_rng(5)
    s = stats.beta.rvs(231, 20, size=400_000, random_state=chance)
    f = stats.beta.rvs(7, 24, size=400_000, random_state=chance)
    c = stats.beta.rvs(150, 51, size=400_000, random_state=chance)
    expected = np.quantile(np.where(f < s, np.clip((s - c) / (s - f), 0, 1), 1), 1 - TAIL)
    assert label_error(Answers(150, 30, 20), record).high == pytest.approx(expected, abs=0.005)


def test_what_was_not_measured_bounds_nothing() -> None:
    answers = Answers(120, 0, 0)
    assert label_error(answers, PanelRecord(right=300, confirmed=300)).high == 1.0
    assert label_error(answers, PanelRecord(wrong=30)).high < 1.0
    assert label_error(Answers(0, 120, 0), PanelRecord(wrong=30)).low == 0.0
    assert label_error(Answers(0, 0, 0), SURE) == (0.0, 1.0)


def test_errors_that_panel_and_profiler_share_widen_the_interval() -> None:
    answers, highs = Answers(228, 10, 2), []
    for shared in (0, 15, 24):
        record = PanelRecord(right=250, confirmed=244, refuted=4, wrong=30, shared=shared)
        highs.append(label_error(answers, record).high)
        assert confirmed_error(answers, record) <= 1.0
    assert highs == sorted(highs) and highs[0] < 0.1 < 0.5 < highs[2]


def test_of_the_confirmed_labels_fewer_are_wrong_where_the_panel_errs_by_itself() -> None:
    answers = Answers(160, 35, 5)
    good, twin = (PanelRecord(right=250, confirmed=245, refuted=3, wrong=40, shared=n) for n in (1, 34))
    assert confirmed_error(answers, good) < 0.05 < 0.1 < label_error(answers, good).low
    assert confirmed_error(answers, twin) > 0.5
    assert confirmed_error(Answers(0, 60, 0), good) == 1.0


def test_people_who_settle_what_was_not_confirmed_leave_what_was_wrongly_confirmed() -> None:
    record = PanelRecord(right=250, confirmed=200, refuted=30, wrong=10**7)
    said = Answers(114, 0, 0)
    # The panel's own doubts no longer count: people found them to be right.
    assert settled_error(said, record).high == pytest.approx(exact(0, 114).high, abs=2e-4)
    assert settled_error(Answers(100, 14, 0), record).low == pytest.approx(exact(14, 114).low, abs=2e-4)


@pytest.mark.parametrize("shared", [0.0, 0.5, 0.8])
@pytest.mark.parametrize("error", [0.0, 0.1, 0.3])
def test_the_interval_holds_the_true_error(error: float, shared: float) -> None:
    """300 lots; a coverage of 95% gives fewer than 273 that hold it once in a thousand times."""
    chance, held, n = np.random.default_rng([round(10 * error), round(10 * shared)]), 0, 150
    for _ in range(300):
        confirmed, missed = chance.binomial(240, 0.93), chance.binomial(25, max(shared, 0.05))
        record = PanelRecord(right=240, confirmed=confirmed, refuted=240 - confirmed, wrong=25, shared=missed)
        wrong = chance.binomial(n, error)
        agreed = chance.binomial(n - wrong, 0.93) + chance.binomial(wrong, max(shared, 0.05))
        found = label_error(Answers(agreed, n - agreed, 0), record)
        held += found.low <= error <= found.high
    assert held >= 273
