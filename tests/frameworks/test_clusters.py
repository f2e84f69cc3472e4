"""The interval of a share whose cases come in clusters."""

import numpy as np
import pytest

from gravity.frameworks.statistics import exact, exact_of_clusters


def test_independent_cases_have_nearly_the_interval_of_independent_cases() -> None:
    found = exact_of_clusters([(1, 1)] * 60 + [(0, 1)] * 40)
    plain = exact(60, 100)
    assert found.low == pytest.approx(plain.low, abs=0.005) and found.high == pytest.approx(plain.high, abs=0.005)


def test_clusters_that_agree_within_count_as_one_case_each() -> None:
    found = exact_of_clusters([(10, 10)] * 30 + [(0, 10)] * 20)
    plain = exact(30, 50)
    assert found.low == pytest.approx(plain.low, abs=0.015) and found.high == pytest.approx(plain.high, abs=0.015)


def test_where_all_agree_a_cluster_is_one_case() -> None:
    assert exact_of_clusters([(5, 5), (9, 9), (2, 2)]) == exact(3, 3)
    assert exact_of_clusters([(3, 8)]) == exact(3 / 8, 1)
    assert exact_of_clusters([]) == exact_of_clusters([(0, 0)]) == (0.0, 1.0)


def test_the_interval_covers_a_share_that_varies_between_clusters() -> None:
    """Beta-binomial readers: of 400 samples at least 93% are covered, where the plain interval covers far fewer."""
    chance, covered, plainly = np.random.default_rng(5), 0, 0
    for _ in range(400):
        shares = chance.beta(1.4, 0.6, size=40)
        sizes = chance.integers(1, 30, size=40)
        counts = [(int(chance.binomial(n, share)), int(n)) for n, share in zip(sizes, shares, strict=True)]
        for interval, held in ((exact_of_clusters(counts), True), (exact(*map(sum, zip(*counts, strict=True))), False)):
            inside = interval.low <= 0.7 <= interval.high
            covered += held and inside
            plainly += not held and inside
    assert covered >= 0.93 * 400 > 0.8 * 400 > plainly
