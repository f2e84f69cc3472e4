"""Intervals cover what they claim to, and say when they cannot."""

import numpy as np
import pytest

from gravity.trainer.intervals import MIN_CLUSTERS, MIN_ROWS, Array, Estimate, calibration_error, correlation, mean


def _planted(rng: np.random.Generator, clusters: int, share: float, spread: float) -> tuple[Array, list[str]]:
    """Rows right with a chance that varies from cluster to cluster, with clusters of unequal size."""
    chances = rng.beta(share / spread, (1 - share) / spread, clusters)
    sizes = rng.integers(2, 12, clusters)
    names = [f"seed{n}" for n, size in enumerate(sizes) for _ in range(size)]
    return (rng.random(len(names)) < np.repeat(chances, sizes)).astype(float), names


def _ends(estimate: Estimate) -> tuple[float, float]:
    assert estimate.low is not None and estimate.high is not None
    return estimate.low, estimate.high


@pytest.mark.parametrize(("clusters", "share", "least"), [(10, 0.7, 0.91), (20, 0.6, 0.92), (60, 0.85, 0.92)])
def test_95_percent_intervals_cover_the_truth_about_that_often(clusters: int, share: float, least: float) -> None:
    rng = np.random.default_rng(clusters)
    estimates = [mean(*_planted(rng, clusters, share, 0.5), bounds=(0, 1)) for _ in range(400)]
    made = [one for one in estimates if one.sufficient]
    assert len(made) > 350
    covered = sum(low <= share <= high for low, high in map(_ends, made)) / len(made)
    assert least <= covered <= 0.99


def test_rows_of_one_seed_do_not_count_as_independent() -> None:
    rng = np.random.default_rng(0)
    values, names = _planted(rng, 30, 0.6, 5.0)
    grouped, alone = mean(values, names), mean(values, [str(n) for n in range(len(values))])
    assert grouped.value == alone.value == pytest.approx(values.mean())
    (low, high), (low_alone, high_alone) = _ends(grouped), _ends(alone)
    assert high - low > 1.5 * (high_alone - low_alone)


def test_rows_that_all_agree_still_have_an_interval() -> None:
    names = [f"seed{n % 20}" for n in range(200)]
    made = mean(np.ones(200), names, bounds=(0, 1))
    # Clopper and Pearson for 20 of 20.
    assert (made.value, made.high) == (1, 1)
    assert made.low == pytest.approx(0.025 ** (1 / 20))
    low, high = _ends(mean(np.zeros(200), names, bounds=(-1, 1)))
    assert low == -high
    assert high == pytest.approx(2 * (1 - 0.025**0.05))


@pytest.mark.parametrize(("rows", "clusters"), [(MIN_ROWS - 1, MIN_CLUSTERS), (200, MIN_CLUSTERS - 1), (0, 0)])
def test_too_little_is_called_insufficient(rows: int, clusters: int) -> None:
    names = [str(n % clusters) for n in range(rows)]
    for made in (
        mean(np.ones(rows), names, bounds=(0, 1)),
        correlation(np.arange(rows, dtype=np.float64), np.ones(rows), names),
        calibration_error(np.full(rows, 0.7), np.ones(rows), names),
    ):
        assert (made.value, made.low, made.high, made.rows, made.clusters) == (None, None, None, rows, clusters)
        assert made.text() == "insufficient"
        assert made.above(0) is None


def test_correlation_is_numpys_over_pairs_seen_both_ways_round() -> None:
    rng = np.random.default_rng(1)
    x = rng.normal(size=300)
    y = 0.5 * x + rng.normal(size=300) + 1
    made = correlation(x, y, [str(n // 3) for n in range(300)])
    assert made.value == pytest.approx(np.corrcoef([*x, *-x], [*y, *-y])[0, 1])
    low, high = _ends(made)
    assert made.value is not None and low < made.value < high
    swapped = np.where(rng.random(300) < 0.5, 1.0, -1.0)
    assert correlation(x * swapped, y * swapped, [str(n // 3) for n in range(300)]).value == pytest.approx(made.value)
    assert correlation(x, np.zeros(300), [str(n) for n in range(300)]).value == 0


def test_calibration_error_tells_an_overconfident_model() -> None:
    rng = np.random.default_rng(2)
    confidence = rng.uniform(0.5, 1, 4000)
    names = [str(n) for n in range(4000)]
    calibrated = calibration_error(confidence, (rng.random(4000) < confidence).astype(float), names)
    boasting = calibration_error(np.full(4000, 0.95), (rng.random(4000) < 0.6).astype(float), names)
    assert calibrated.value is not None and calibrated.value < 0.03
    assert boasting.value == pytest.approx(0.35, abs=0.03)
