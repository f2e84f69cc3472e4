import numpy as np
import pytest
from statsmodels.stats.proportion import proportion_confint

from gravity.audit.resampling import Draws, Estimate, beyond
from gravity.audit.tables import Codes, Floats
from gravity.frameworks.statistics import wilson
from tests.audit.support import some


def clustered_rows(
    random: np.random.Generator, clusters: int = 60, each: int = 20, spread: float = 1.2
) -> tuple[Codes, Floats]:
    """Rows whose chance differs by cluster; the mean chance is one half."""
    chance = 1 / (1 + np.exp(-random.normal(0, spread, clusters)))
    code = np.repeat(np.arange(clusters), each)
    return code, (random.random(len(code)) < chance[code]).astype(float)


@pytest.mark.parametrize(("hits", "n"), [(0, 12), (7, 9), (50, 100), (100, 100)])
def test_wilson_is_the_textbook_interval(hits: int, n: int) -> None:
    assert wilson(hits, n) == pytest.approx(proportion_confint(hits, n, method="wilson"), abs=1e-6)


def test_an_interval_over_clusters_holds_the_truth_where_one_over_rows_does_not() -> None:
    random, inside, naive, times = np.random.default_rng(1), 0, 0, 200
    for seed in range(times):
        code, hits = clustered_rows(random)
        found = some(Draws((code,), 300, seed).rate(hits, np.ones(len(hits))))
        inside += found.low <= 0.5 <= found.high
        low, high = wilson(hits.sum(), len(hits))
        naive += low <= 0.5 <= high
    assert inside / times > 0.91
    assert naive / times < 0.8


def test_two_ways_of_clustering_widen_the_interval() -> None:
    random = np.random.default_rng(2)
    readers, seeds = np.divmod(np.arange(40 * 30), 30)
    chance = 1 / (1 + np.exp(-random.normal(0, 1, 40)[readers] - random.normal(0, 1, 30)[seeds]))
    hits = (random.random(len(chance)) < chance).astype(float)
    one = some(Draws((seeds,), 800).rate(hits, np.ones(len(hits))))
    both = some(Draws((readers, seeds), 800).rate(hits, np.ones(len(hits))))
    assert both.high - both.low > one.high - one.low


def test_rows_that_all_agree_are_no_certainty() -> None:
    code = np.repeat(np.arange(30), 10)
    found = some(Draws((code,), 300).rate(np.ones(300), np.ones(300)))
    assert found.value == 1.0
    # It counts the 30 clusters and not the 300 rows.
    assert found.low < wilson(31, 31).low + 0.01


def test_nothing_has_no_rate() -> None:
    assert Draws((np.array([0, 1]),), 300).rate(np.zeros(2), np.zeros(2)) is None


def test_a_ratio_without_a_lower_part_has_no_interval() -> None:
    draws = Draws((np.arange(20),), 300)
    assert draws.estimate(1.0, draws.ratio(np.ones(20), np.zeros(20))) is None


def test_many_clusters_are_drawn_in_bundles_with_the_same_error() -> None:
    values = np.random.default_rng(3).normal(0, 1, 20_000)
    draws = Draws((np.arange(20_000),), 1_000)
    found = some(draws.estimate(float(values.mean()), draws.ratio(values, np.ones(20_000))))
    assert found.error == pytest.approx(1 / np.sqrt(20_000), rel=0.12)
    assert draws.count == 20_000


def test_the_same_rows_make_the_same_interval() -> None:
    code, hits = clustered_rows(np.random.default_rng(4))
    ones = np.ones(len(hits))
    assert Draws((code,), 300).rate(hits, ones) == Draws((code,), 300).rate(hits, ones)


def test_beyond_is_a_one_sided_p() -> None:
    assert beyond(Estimate(0.7, 0, 1, 0.05, 1_000), 0.6) == pytest.approx(0.0229, abs=0.001)
    assert beyond(Estimate(0.5, 0, 1, 0.05, 1_000), 0.6) > 0.95
