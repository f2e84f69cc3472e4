"""Confidence calibrated by group, and the uncertainty of the calibration error."""

import numpy as np
import pytest

from gravity.frameworks.statistics import (
    EVENTS,
    FEW,
    calibrate,
    calibrate_each,
    calibration_error,
    calibration_error_interval,
    t_quantile,
)

Answers = list[tuple[float, bool]]


def answers(n: int, right: float, seed: int, stated: float = 0.9) -> Answers:
    chance = np.random.default_rng(seed)
    return [(stated, bool(hit)) for hit in chance.random(n) < right]


def test_a_group_with_enough_of_either_outcome_has_a_map_of_its_own() -> None:
    large, small = answers(300, 0.6, 1), answers(30, 0.95, 2)
    found = calibrate_each({"us": large, "jp": small})
    assert found["us"].basis == "its own 300 answers"
    assert found["us"].calibration == calibrate(*zip(*large, strict=True))
    assert min(sum(r for _, r in small), sum(not r for _, r in small)) < EVENTS
    assert found["jp"].basis.startswith("330 answers of all cultures, moved by +")
    # It is moved toward its own share, and not all the way.
    own, shared = sum(r for _, r in small) / 30, sum(r for _, r in large + small) / 330
    assert shared < found["jp"].calibration(0.9) < own


def test_groups_that_are_alike_are_hardly_moved() -> None:
    found = calibrate_each({name: answers(60, 0.85, seed) for seed, name in enumerate(("br", "in", "jp", "us"))})
    assert all(abs(fitted.calibration(0.9) - 0.85) < 0.08 for fitted in found.values())


def test_with_few_answers_nothing_is_fitted() -> None:
    assert calibrate_each({"us": answers(FEW // 2, 0.5, 1), "jp": answers(FEW - FEW // 2 - 1, 0.5, 2)}) == {}
    assert calibrate_each({}) == {}


@pytest.mark.parametrize("n", [40, 150])
def test_the_interval_holds_the_true_calibration_error(n: int) -> None:
    """Stated 0.9 and right 0.75 of the time: the error is 0.15, in one bin."""
    held = 0
    for seed in range(100):
        stated, right = zip(*answers(n, 0.75, seed), strict=True)
        low, high = calibration_error_interval(stated, right)
        assert 0 <= low <= high <= 1
        held += low <= 0.15 <= high
    assert held >= 87


def test_the_interval_of_a_perfect_calibration_reaches_down_to_nothing() -> None:
    chance = np.random.default_rng(3)
    stated = chance.choice([0.55, 0.75, 0.95], 200)
    right = chance.random(200) < stated
    low, high = calibration_error_interval([*stated], [*right])
    assert low == pytest.approx(0, abs=0.02) and calibration_error([*stated], [*right]) < 0.1 and high < 0.15


def test_student_t() -> None:
    assert t_quantile(4) == pytest.approx(2.776, abs=1e-3) and t_quantile(1e9) == pytest.approx(1.96, abs=1e-2)
