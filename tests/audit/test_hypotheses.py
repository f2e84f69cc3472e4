import numpy as np
import pytest
from scipy import stats

from gravity.audit.hypotheses import benjamini_hochberg, clustered, compare, holm, mcnemar
from gravity.audit.tables import Codes, Flags
from tests.audit.support import some


def crossed(
    random: np.random.Generator, seeds: int = 50, cultures: int = 4, each: int = 3, local: float = 0.6
) -> tuple[Flags, Flags, Codes]:
    """Rows of scenarios that pass by a luck shared within a seed and a culture, without a culture's disadvantage."""
    seed = np.tile(np.repeat(np.arange(seeds), each), cultures)
    culture = np.repeat(np.arange(cultures), seeds * each)
    lean = random.normal(0, 1, seeds)[seed] + random.normal(0, local, (cultures, seeds))[culture, seed]
    return culture == 0, random.random(len(seed)) < 1 / (1 + np.exp(-1 - lean)), seed


def nested(
    random: np.random.Generator, readers: int = 25, cultures: int = 4, each: int = 30
) -> tuple[Flags, Flags, Codes]:
    """Rows of readers, each of one culture, who differ in how much they tell."""
    reader = np.repeat(np.arange(readers * cultures), each)
    chance = 1 / (1 + np.exp(-random.normal(0, 1, readers * cultures)))
    return reader // readers == 0, random.random(len(reader)) < chance[reader], reader


def test_the_clustered_test_keeps_its_error_where_rows_share_a_seed() -> None:
    random, flat = np.random.default_rng(0), np.zeros(600, dtype=int)
    found = sum(clustered(f, p, flat, (s,)) < 0.05 for f, p, s in (crossed(random) for _ in range(400)))
    assert 0.02 < found / 400 < 0.09


def test_the_clustered_test_keeps_its_error_where_rows_share_a_reader_and_fishers_does_not() -> None:
    random, flat = np.random.default_rng(1), np.zeros(3_000, dtype=int)
    drawn = [nested(random) for _ in range(300)]
    compared = [compare(first, passed, flat, (reader,)) for first, passed, reader in drawn]
    assert np.mean([c.clustered < 0.05 for c in compared]) < 0.09
    assert np.mean([c.exact < 0.05 for c in compared]) > 0.3
    assert np.mean([c.p < 0.05 for c in compared]) < 0.09


def test_the_clustered_test_is_the_score_test_where_every_row_is_its_own_cluster() -> None:
    random = np.random.default_rng(2)
    first = np.repeat([True, False], 400)
    passed = random.random(800) < np.where(first, 0.6, 0.7)
    table = [[(first & passed).sum(), (first & ~passed).sum()], [(~first & passed).sum(), (~first & ~passed).sum()]]
    simple = stats.chi2_contingency(table, correction=False).pvalue
    assert clustered(first, passed, np.zeros(800, dtype=int), (np.arange(800),)) == pytest.approx(simple, rel=0.15)


def test_strata_take_away_what_is_only_the_mix() -> None:
    # Both groups pass a hard stratum at 20% and an easy one at 80%; the first has more of the hard one.
    hard = np.repeat([True, False, True, False], [300, 100, 100, 300])
    first = np.repeat([True, True, False, False], [300, 100, 100, 300])
    passed = np.concatenate([np.arange(n) < n * share for n, share in ((300, 0.2), (100, 0.8), (100, 0.2), (300, 0.8))])
    compared = compare(first, passed, hard.astype(int), (np.arange(800),))
    assert compared.exact < 1e-10
    assert some(compared.stratified) > 0.9
    assert compared.clustered > 0.9
    assert compared.p > 0.9


def test_a_group_without_a_counterpart_says_nothing() -> None:
    first = np.repeat([True, False], 50)
    compared = compare(first, np.ones(100, dtype=bool), np.repeat([0, 1], 50), (np.arange(100),))
    assert compared.stratified is None
    assert compared.p == 1.0


def test_holm_and_benjamini_hochberg_by_hand() -> None:
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert benjamini_hochberg([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.04, 0.04])
    assert len(holm([])) == len(benjamini_hochberg([])) == 0


def test_mcnemar_counts_only_what_changed() -> None:
    assert mcnemar(0, 0) == 1.0
    assert mcnemar(10, 0) == pytest.approx(2 * 0.5**10)
    assert mcnemar(5, 5) == 1.0
