"""Intervals cover what they claim to, and say when they cannot."""

import itertools

import numpy as np
import pytest

from gravity.trainer.clusters import Array, Clusters
from gravity.trainer.intervals import (
    MIN_CLUSTERS,
    MIN_ROWS,
    Estimate,
    calibration_error,
    correlation,
    difference,
    mean,
    share,
)


def _crossed(readers: int, seeds: int) -> Clusters:
    codes = np.divmod(np.arange(readers * seeds), seeds)
    return Clusters({"readers": codes[0], "subjects": codes[1]})


def _alone(rows: int) -> Clusters:
    return Clusters({"readers": np.arange(rows), "subjects": np.arange(rows)})


def _effects(rng: np.random.Generator, clusters: Clusters, scale: float) -> Array:
    """Readers and seeds differ by normal effects of this scale, on the probit scale, rows by one of scale 1."""
    ways = sum(rng.normal(0, scale, codes.max() + 1)[codes] for codes in clusters.ways.values())
    return np.asarray(ways + rng.normal(size=len(clusters.ways["readers"])), dtype=np.float64)


def _right(rng: np.random.Generator, clusters: Clusters, accuracy: float, scale: float) -> Array:
    from scipy.stats import norm

    level = norm.ppf(accuracy) * np.sqrt(1 + 2 * scale**2)
    return np.asarray(_effects(rng, clusters, scale) < level, dtype=np.float64)


def _ends(estimate: Estimate) -> tuple[float, float]:
    assert estimate.low is not None and estimate.high is not None
    return estimate.low, estimate.high


@pytest.mark.parametrize("scale", [0.0, 0.7])
@pytest.mark.parametrize(("readers", "accuracy"), [(6, 0.95), (10, 0.5), (10, 0.99), (20, 0.8)])
def test_95_percent_intervals_of_accuracy_cover_the_truth(readers: int, accuracy: float, scale: float) -> None:
    rng, clusters = np.random.default_rng(readers), _crossed(readers, 30)
    ends = [_ends(share(_right(rng, clusters, accuracy, scale), clusters)) for _ in range(300)]
    assert sum(low <= accuracy <= high for low, high in ends) / 300 >= 0.92
    # One that is always as wide as can be would cover too.
    assert np.mean([high - low for low, high in ends]) < 0.6


@pytest.mark.parametrize("readers", [6, 10, 20])
def test_a_difference_that_only_the_drawn_readers_make_is_not_taken_for_one(readers: int) -> None:
    rng, clusters = np.random.default_rng(readers), _crossed(readers, 30)
    by_seeds = Clusters({"subjects": clusters.ways["subjects"]})
    drawn = [_right(rng, clusters, 0.6, 0.7) - _right(rng, clusters, 0.6, 0.7) for _ in range(400)]
    # Chance alone would make 2.5% of 400 more than 18 one time in a hundred.
    assert sum(difference(one, clusters).above(0) is True for one in drawn) <= 18
    assert sum(difference(one, by_seeds).above(0) is True for one in drawn) > 25
    helped = [_right(rng, clusters, 0.9, 0.3) - _right(rng, clusters, 0.6, 0.3) for _ in range(50)]
    assert sum(difference(one, clusters).above(0) is True for one in helped) > 40


def test_accuracy_does_not_jump_at_its_ends() -> None:
    for readers, seeds in ((6, 30), (10, 30), (20, 100), (50, 30)):
        clusters, rows = _crossed(readers, seeds), readers * seeds
        ends = []
        for wrong in range(7):
            values = np.ones(rows)
            values[[(seeds + 1) * one % rows for one in range(wrong)]] = 0
            ends.append(_ends(share(values, clusters)))
        lows = [low for low, _ in ends]
        assert all(-0.001 < first - second < 0.02 for first, second in itertools.pairwise(lows)), lows
        assert ends[0][1] == 1
        assert _ends(share(np.zeros(rows), clusters)) == pytest.approx((0, 1 - lows[0]))


def test_many_independent_rows_have_clopper_and_pearsons_interval() -> None:
    from scipy.stats import binomtest

    values = (np.arange(4000) < 3000).astype(np.float64)
    expected = binomtest(3000, 4000).proportion_ci(method="exact")
    assert _ends(share(values, _alone(4000))) == pytest.approx((expected.low, expected.high), abs=1e-4)


def test_a_mean_of_independent_rows_has_students_interval() -> None:
    from scipy.stats import t

    values = np.random.default_rng(0).normal(3, 2, 50)
    expected = t.interval(0.95, 49, values.mean(), values.std(ddof=1) / np.sqrt(50))
    assert _ends(mean(values, _alone(50))) == pytest.approx(expected)
    assert _ends(mean(values - 3, _alone(50), least=0.0))[0] == 0


def test_rows_that_all_agree_still_have_an_interval() -> None:
    low, high = _ends(difference(np.zeros(200), _crossed(10, 20)))
    assert -0.1 < low == -high < -0.02
    assert _ends(difference(np.ones(200), _crossed(10, 20)))[1] == 1


def test_rows_of_one_reader_do_not_count_as_independent() -> None:
    rng, clusters = np.random.default_rng(0), _crossed(12, 30)
    values = _right(rng, clusters, 0.6, 1.0)
    grouped, alone = share(values, clusters), share(values, _alone(360))
    assert grouped.value == alone.value == pytest.approx(values.mean())
    (low, high), (low_alone, high_alone) = _ends(grouped), _ends(alone)
    assert high - low > 1.5 * (high_alone - low_alone)


@pytest.mark.parametrize(
    ("rows", "readers", "seeds"),
    [(MIN_ROWS - 1, MIN_CLUSTERS, MIN_CLUSTERS), (200, MIN_CLUSTERS - 1, 40), (200, 40, MIN_CLUSTERS - 1), (0, 0, 0)],
)
def test_too_little_is_called_insufficient(rows: int, readers: int, seeds: int) -> None:
    place = np.arange(rows)
    clusters = Clusters({"readers": place % max(1, readers), "subjects": place % max(1, seeds)})
    for made in (
        share(np.ones(rows), clusters),
        difference(np.ones(rows), clusters),
        mean(np.ones(rows), clusters),
        correlation(np.arange(rows, dtype=np.float64), np.ones(rows), clusters),
        calibration_error(np.full(rows, 0.7), np.ones(rows), clusters),
    ):
        assert (made.value, made.low, made.high, made.rows) == (None, None, None, rows)
        assert made.clusters == {"readers": readers, "subjects": seeds}
        assert made.text() == "insufficient"
        assert made.above(0) is None


def test_correlation_is_numpys_over_pairs_seen_both_ways_round() -> None:
    rng, clusters = np.random.default_rng(1), _crossed(10, 30)
    x = rng.normal(size=300)
    y = 0.5 * x + rng.normal(size=300) + 1
    made = correlation(x, y, clusters)
    assert made.value == pytest.approx(np.corrcoef([*x, *-x], [*y, *-y])[0, 1])
    low, high = _ends(made)
    assert made.value is not None and low < made.value < high
    swapped = np.where(rng.random(300) < 0.5, 1.0, -1.0)
    assert correlation(x * swapped, y * swapped, clusters).value == pytest.approx(made.value)
    assert correlation(x, np.zeros(300), clusters).value == 0
    assert _ends(correlation(x, 2 * x, clusters)) == pytest.approx((1, 1))


def test_the_interval_of_a_correlation_is_fishers_where_rows_are_independent() -> None:
    rng = np.random.default_rng(3)
    x, y = rng.multivariate_normal([0, 0], [[1, 0.6], [0.6, 1]], 5000).T
    made = correlation(x, y, _alone(5000))
    assert made.value is not None
    half = 1.96 / np.sqrt(5000 - 3)
    fisher = [np.tanh(np.arctanh(made.value) + side * half) for side in (-1, 1)]
    assert _ends(made) == pytest.approx(fisher, abs=0.002)


def test_calibration_error_tells_an_overconfident_model() -> None:
    rng, clusters = np.random.default_rng(2), _alone(4000)
    confidence = rng.uniform(0.5, 1, 4000)
    calibrated = calibration_error(confidence, (rng.random(4000) < confidence).astype(float), clusters)
    boasting = calibration_error(np.full(4000, 0.95), (rng.random(4000) < 0.6).astype(float), clusters)
    assert calibrated.value is not None and calibrated.value < 0.03
    assert boasting.value is not None and boasting.value == pytest.approx(0.35, abs=0.03)
    # All rows lie in one bin, so it is a share less a constant.
    assert _ends(boasting) == pytest.approx((boasting.value - 0.0152, boasting.value + 0.0152), abs=3e-4)
