"""Estimates with intervals where the answer is known from elsewhere."""

import numpy as np
import pytest

from gravity.compare.estimates import apart, chance, differs, from_sums, mean, rate, share, shows
from gravity.compare.evidence import PanelOnGold
from gravity.compare.judge_errors import corrected
from gravity.trainer.clusters import Clusters
from gravity.trainer.intervals import share as trained_share
from tests.audit.support import some

APART = Clusters({"readers": np.arange(100), "books": np.arange(100)})


def test_a_share_is_that_of_the_trainer() -> None:
    values = (np.arange(100) % 3 == 0).astype(float)
    clusters = Clusters({"readers": np.arange(100) // 10, "books": np.arange(100) % 10})
    one, other = some(share(values, clusters)), trained_share(values, clusters)
    assert (one.value, one.low, one.high) == (other.value, other.low, other.high)


def test_none_of_a_hundred_independent_texts_is_up_to_3_7_in_100() -> None:
    found = some(rate(np.zeros(100), APART))
    assert (found.value, found.low) == (0, 0) and found.high == pytest.approx(0.0369, abs=1e-4)


def test_a_rate_of_independent_texts_has_garwoods_interval() -> None:
    counts = np.random.default_rng(0).poisson(0.5, 100).astype(float)
    found, total = some(rate(counts, APART)), counts.sum()
    # By the variance that the counts show, which is about that of Poisson's.
    near = total * counts.mean() / counts.var()
    assert found.low * 100 / total == pytest.approx(1 - 1.96 / np.sqrt(near), abs=0.06)
    assert found.high * 100 / total == pytest.approx(1 + 1.96 / np.sqrt(near), abs=0.1)


def test_a_probability_that_cells_show_no_error_of_has_that_of_its_model() -> None:
    assert some(chance(0.5, np.zeros(100), APART, 0.01)).low < 0.33
    tight = some(chance(0.5, np.zeros(100), APART, 0.0))
    assert 0.45 < tight.low < 0.5 < tight.high < 0.55
    wins = some(chance(0.999, np.zeros(100), APART, 0.0))
    assert 0.9 < wins.low < 0.999 < wins.high <= 1


def test_a_function_of_sums_is_estimated_by_its_slopes() -> None:
    random = np.random.default_rng(1)
    over, under = random.random(100), 1 + random.random(100)
    found = some(from_sums(lambda total: float(total[0] / total[1]), np.stack([over, under], axis=1), APART))
    ratio = over.sum() / under.sum()
    known = some(mean((over - ratio * under) / under.mean(), APART))
    assert found.value == pytest.approx(ratio) and found.error == pytest.approx(known.error, rel=1e-5)
    assert from_sums(lambda total: float("nan"), np.ones((100, 1)), APART) is None


def test_the_difference_of_two_groups_has_the_variances_of_both() -> None:
    random = np.random.default_rng(2)
    values, inside = random.choice([-1.0, 0.0, 1.0], 100), np.arange(100) < 30
    found = some(apart(values, inside, APART))
    assert found.value == pytest.approx(values[:30].mean() - values[30:].mean())
    plain = values[:30].var(ddof=1) / 30 + values[30:].var(ddof=1) / 70
    # What few cells do not show is added: 2 cells of each group.
    assert found.error**2 == pytest.approx(plain + 2 / 30**2 + 2 / 70**2, rel=0.05)
    assert apart(values, np.zeros(100, dtype=bool), APART) is None


def test_p_and_power_are_those_of_t() -> None:
    found = some(mean(np.where(np.arange(100) % 2, 0.7, -0.5), APART))
    assert found.low == pytest.approx(0.1 - 1.984 * 0.0603, abs=1e-3)
    assert differs(found, 0.1) == 1 and differs(found, found.low) == pytest.approx(0.05, abs=1e-6)
    assert differs(found, 0.0) == pytest.approx(differs(found, 0.2))
    assert shows(found) == pytest.approx(0.0603 * (1.984 + 0.845), abs=1e-3)
    assert mean(np.empty(0), APART) is None
    assert mean(np.ones(4), Clusters({"readers": np.zeros(4, dtype=np.int64), "books": np.arange(4)})) is None


def test_corrected_gains_hold_the_truth_whatever_the_gold_cases_said() -> None:
    """Coverage of Fieller's interval where the gold cases are few: the delta method's is a little short there."""
    random, held, runs = np.random.default_rng(3), 0, 1000
    for _ in range(runs):
        right, wrong, _tied = random.multinomial(40, (0.7, 0.1, 0.2)).tolist()
        outcomes = random.choice([1.0, 0.5, 0.0], 100, p=[0.62, 0.2, 0.18])
        found = corrected(outcomes, ["us"] * 100, APART, {"us": PanelOnGold(40, right, wrong)}, 30)
        held += found is not None and found.low <= 0.44 / 0.6 <= found.high
    assert held / runs > 0.93


def test_each_culture_is_corrected_by_its_own_panel() -> None:
    outcomes, cultures = np.array([1.0, 1.0, 1.0, 0.0] * 25), ["us", "us", "br", "br"] * 25
    panels = {"us": PanelOnGold(10**6, 10**6, 0), "br": PanelOnGold(10**6, 7 * 10**5, 10**5)}
    # A gain of 1 in us and of 0 in br, whose panel keeps 0.6 of it.
    assert some(corrected(outcomes, cultures, APART, panels, 30)).value == pytest.approx(0.5, abs=1e-3)
    outcomes = np.array([0.5, 0.5, 1.0, 0.5] * 25)
    assert some(corrected(outcomes, cultures, APART, panels, 30)).value == pytest.approx(0.25 / 0.6)
