"""Shares, their intervals, and confidences, against known cases and planted ones."""

import numpy as np
import pytest

from gravity.frameworks.statistics import LEVEL, Z, brier, calibrate, calibration_error, exact, wilson


def test_wilson_interval_of_a_known_case() -> None:
    assert wilson(5, 10) == pytest.approx((0.2366, 0.7634), abs=1e-4)
    assert wilson(0, 20) == pytest.approx((0.0, 0.1611), abs=1e-4)
    assert wilson(0, 0) == (0.0, 1.0)


def test_the_exact_interval_of_a_known_case() -> None:
    # Hanley and Lippman-Hand 1983: none of n means at most about 3 / n, one-sided; two-sided 3.7 / n.
    assert exact(0, 100) == pytest.approx((0.0, 0.0362), abs=1e-4)
    assert exact(0, 0) == (0.0, 1.0)


def test_the_exact_interval_covers_a_planted_share_95_times_in_100() -> None:
    drawn = np.random.default_rng(0).binomial(60, 0.08, size=1_000)
    covered = np.mean([exact(int(found), 60).low <= 0.08 <= exact(int(found), 60).high for found in drawn])
    assert covered >= 0.95


def test_calibration_finds_a_planted_overconfidence() -> None:
    chance = np.random.default_rng(0)
    stated = chance.uniform(0.5, 0.99, size=4_000)
    true = 0.5 + (stated - 0.5) * 0.6
    right = list(chance.random(4_000) < true)
    made = calibrate(list(stated), right)
    assert [made(c) for c in (0.6, 0.75, 0.9)] == pytest.approx([0.56, 0.65, 0.74], abs=0.04)
    mended = [made(c) for c in stated]
    assert calibration_error(mended, right) < 0.03 < calibration_error(list(stated), right)
    assert brier(mended, right) < brier(list(stated), right)


def test_calibration_never_turns_confidence_around() -> None:
    made = calibrate([0.9] * 20 + [0.6] * 20, [False] * 20 + [True] * 20)
    assert made.slope == 0
    assert made(0.9) == made(0.6) == pytest.approx(0.5, abs=0.01)


def test_a_few_right_answers_do_not_make_certainty() -> None:
    assert calibrate([0.9] * 4, [True] * 4)(0.9) < 0.9


def test_the_quantile_is_that_of_the_level() -> None:
    from scipy.stats import norm

    assert norm.ppf(0.5 + LEVEL / 2) == Z
