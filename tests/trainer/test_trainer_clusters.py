"""The variance of a mean whose rows share readers and seeds is that of others who compute it."""

import numpy as np
import numpy.typing as npt
import pytest

from gravity.trainer.clusters import Array, Clusters, spread


def _crossed(readers: int, seeds: int, each: int = 1) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    place = np.arange(readers * seeds * each)
    return place // (seeds * each), place // each % seeds


def _clusters(*codes: npt.NDArray[np.int64]) -> Clusters:
    return Clusters(dict(zip(("readers", "subjects"), codes, strict=False)))


def _with_effects(rng: np.random.Generator, *codes: npt.NDArray[np.int64]) -> Array:
    effects = sum(rng.normal(size=way.max() + 1)[way] for way in codes)
    return np.asarray(effects + rng.normal(size=len(codes[0])), dtype=np.float64)


@pytest.mark.parametrize("each", [1, 3])
def test_it_is_statsmodels_two_way_variance_where_clusters_are_of_one_size(each: int) -> None:
    import statsmodels.api as sm
    from statsmodels.stats.sandwich_covariance import cov_cluster_2groups

    codes = _crossed(9, 14, each)
    values = _with_effects(np.random.default_rng(1), *codes)
    fit = sm.OLS(values, np.ones(len(values))).fit()
    # For clusters of one size the jackknife is the plain sum of squares times G / (G - 1).
    both, first, second = (float(one[0, 0]) for one in cov_cluster_2groups(fit, *codes, use_correction=False))
    cells = first + second - both
    corrected = first * 9 / 8 + second * 14 / 13 - cells * 126 / 125
    assert spread(values - values.mean(), _clusters(*codes)).variance == pytest.approx(corrected, rel=1e-9)
    one_way = float(fit.get_robustcov_results("cluster", groups=codes[0]).cov_params()[0, 0])
    alone = spread(values - values.mean(), _clusters(codes[0])).variance
    assert alone == pytest.approx(one_way, rel=1e-9)


def test_it_is_what_leaving_out_whole_clusters_shows_where_they_are_of_any_size() -> None:
    rng = np.random.default_rng(2)
    readers, seeds = _crossed(8, 12)
    there = rng.random(96) < np.exp(rng.normal(size=8))[readers] * 0.5
    readers, seeds = readers[there], seeds[there]
    values = _with_effects(rng, readers, seeds)

    def jackknife(labels: npt.NDArray[np.int64]) -> float:
        names = np.unique(labels)
        left = [values[labels != name].mean() - values.mean() for name in names]
        return float((len(names) - 1) / len(names) * np.sum(np.square(left)))

    expected = jackknife(readers) + jackknife(seeds) - jackknife(np.arange(len(values)))
    found = spread(values - values.mean(), _clusters(readers, seeds))
    assert found.variance == pytest.approx(expected)
    scarcer = min(len(values) ** 2 / np.square(np.bincount(way)).sum() for way in (readers, seeds))
    assert found.freedom == pytest.approx(scarcer - 1)


def test_a_way_of_single_rows_is_no_way() -> None:
    rng = np.random.default_rng(3)
    readers = np.repeat(np.arange(10), 8)
    values = _with_effects(rng, readers)
    residuals = values - values.mean()
    assert spread(residuals, _clusters(readers, np.arange(80))) == spread(residuals, _clusters(readers))
    rows = spread(residuals, _clusters(np.arange(80), np.arange(80)))
    assert rows.variance == pytest.approx(values.var(ddof=1) / 80)
    assert rows.freedom == 79
    assert rows.effect == pytest.approx(1, abs=0.02)


def test_a_variance_below_that_of_one_way_is_not_taken() -> None:
    # Each reader has as many rows above the mean as below, and so has each seed: V1 and V2 are 0, V12 is not.
    readers, seeds = _crossed(8, 8)
    values = np.where((readers + seeds) % 2 == 0, 1.0, -1.0)
    assert spread(values, _clusters(readers, seeds)).variance == pytest.approx(1 / 63)
    # And here the three terms together come to less than that of the readers.
    tilted = values + (readers == 0)
    residuals = tilted - tilted.mean()
    alone = spread(residuals, _clusters(readers)).variance
    assert spread(residuals, _clusters(readers, seeds)).variance == pytest.approx(max(alone, residuals.var() / 63))


def test_rows_that_agree_are_taken_to_be_as_alike_as_rows_that_share_something_often_are() -> None:
    readers, seeds = _crossed(10, 30)
    found = spread(np.zeros(300), _clusters(readers, seeds))
    # Kish's design effect at a correlation of 0.1, once for either way.
    assert found.effect == pytest.approx(1 + 29 * 0.1 + 9 * 0.1)
    assert found.variance == 0
    assert found.unseen == pytest.approx(2 / (300 / 4.8) ** 2)


def test_labels_and_codes_are_the_same_clusters() -> None:
    labels = Clusters.of(readers=["b", "a", "b", "c"], subjects=["x", "x", "y", "y"])
    assert labels.counts() == {"readers": 3, "subjects": 2}
    assert labels.taken(np.array([True, False, True, False])).counts() == {"readers": 1, "subjects": 2}
    values = np.array([0.0, 1.0, 3.0, 5.0]) - 2.25
    codes = _clusters(np.array([7, 2, 7, 9]), np.array([0, 0, 4, 4]))
    assert spread(values, labels) == spread(values, codes)
