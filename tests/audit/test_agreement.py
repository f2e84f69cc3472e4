import numpy as np
import pytest
from statsmodels.stats.inter_rater import fleiss_kappa

from gravity.audit.agreement import alpha, by_cluster, coincidences, counts, fleiss, unit_agreement

# Krippendorff (2011), "Computing Krippendorff's Alpha-Reliability", example C: 4 observers, 12 units, nominal 0.743.
CANON = np.array(
    [
        [1, 2, 3, 3, 2, 1, 4, 1, 2, -1, -1, -1],
        [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, -1, 3],
        [-1, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, -1],
        [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, -1],
    ]
).T
CANON = np.where(CANON > 0, CANON - 1, -1)


def test_alpha_of_the_published_example() -> None:
    assert float(alpha(coincidences(counts(CANON, 5)).sum(axis=0))) == pytest.approx(0.743, abs=0.0005)


def test_alpha_sums_over_clusters() -> None:
    matrices = coincidences(counts(CANON, 5))
    whole = alpha(matrices.sum(axis=0))
    assert alpha(by_cluster(matrices, np.arange(12) // 3).sum(axis=0)) == pytest.approx(whole)


def test_alpha_of_one_voice_is_no_number_and_of_chance_is_nothing() -> None:
    assert np.isnan(alpha(coincidences(counts(np.zeros((50, 3), dtype=int), 4)).sum(axis=0)))
    noise = np.random.default_rng(0).integers(0, 2, (5_000, 3))
    assert abs(float(alpha(coincidences(counts(noise, 4)).sum(axis=0)))) < 0.03


def test_fleiss_is_that_of_statsmodels() -> None:
    ratings = np.random.default_rng(1).choice(3, (200, 4), p=[0.6, 0.3, 0.1])
    ratings[:80] = ratings[:80, :1]
    given = counts(ratings, 3)
    ours = fleiss(unit_agreement(given).sum(), (given / 4).sum(axis=0), np.array(200.0))
    assert float(ours) == pytest.approx(fleiss_kappa(given), abs=1e-9)
