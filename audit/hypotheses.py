"""Tests of whether one group passes more often than another, and their corrections for being many."""

import math
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np
from scipy import stats
from statsmodels.stats.contingency_tables import StratifiedTable
from statsmodels.stats.multitest import multipletests

from gravity.audit.tables import Codes, Flags, Floats, group


@dataclass(frozen=True)
class Compared:
    """A group against another: the p of three tests, and the larger of the two that a claim rests on.

    `exact` is Fisher's test, as if rows were independent and alike; `stratified` is Cochran-Mantel-Haenszel's over
    the strata, None where no stratum has both groups and both outcomes; `clustered` is its score with whole clusters
    as the unit.
    """

    exact: float
    stratified: float | None
    clustered: float

    @property
    def p(self) -> float:
        """The more cautious of the exact and the clustered test."""
        return max(self.exact, self.clustered)


def compare(first: Flags, passed: Flags, strata: Codes, clusters: Sequence[Codes]) -> Compared:
    """Compares the rows in `first` with the others by all three tests."""
    table = [[int((first & passed).sum()), int((first & ~passed).sum())],
             [int((~first & passed).sum()), int((~first & ~passed).sum())]]  # fmt: skip
    exact = float(stats.fisher_exact(table).pvalue)
    return Compared(exact, _stratified(first, passed, strata), clustered(first, passed, strata, clusters))


def _stratified(first: Flags, passed: Flags, strata: Codes) -> float | None:
    size = int(strata.max(initial=-1)) + 1
    cells = np.bincount(strata * 4 + (~first) * 2 + (~passed), minlength=4 * size).reshape(size, 2, 2)
    telling = cells[(cells.sum(axis=1) > 0).all(axis=1) & (cells.sum(axis=2) > 0).all(axis=1)]
    if not len(telling):
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        p = float(StratifiedTable([table.astype(float) for table in telling]).test_null_odds().pvalue)
    return p if math.isfinite(p) else None


def clustered(first: Flags, passed: Flags, strata: Codes, clusters: Sequence[Codes]) -> float:
    """The p of the Mantel-Haenszel score test with clusters as the unit.

    Each row adds (passed - rate of its stratum) x (is first - share of first in its stratum); the sums over
    clusters carry the variance (Zhang & Boos 1997), with two ways of clustering V1 + V2 - V12 (Cameron, Gelbach &
    Miller 2011). Against t with the scarcer clusters less one.
    """
    size = np.bincount(strata)
    expected = (np.bincount(strata, passed) / np.maximum(size, 1))[strata]
    share = (np.bincount(strata, first) / np.maximum(size, 1))[strata]
    score = (passed - expected) * (first - share)
    total = float(score.sum())
    variances, fewest = [], len(score)
    for way in clusters:
        sums = np.bincount(way, score)
        # A cluster whose strata hold only one group says nothing; it is no degree of freedom.
        telling = int((np.bincount(way, share * (1 - share)) > 0).sum())
        fewest = min(fewest, telling)
        variances.append(float((sums**2).sum()))
    if len(clusters) == 2:
        crossed = float((np.bincount(group(*clusters), score) ** 2).sum())
        variance = max(sum(variances) - crossed, *variances)
    else:
        variance = variances[0]
    if fewest < 2 or variance <= 0:
        return 1.0
    t = total / math.sqrt(variance * fewest / (fewest - 1))
    return float(2 * stats.t.sf(abs(t), fewest - 1))


def mcnemar(one_way: int, other_way: int) -> float:
    """McNemar's exact test: the p of as uneven a split of the cases that changed (McNemar 1947)."""
    changed = one_way + other_way
    return float(stats.binomtest(one_way, changed, 0.5).pvalue) if changed else 1.0


def holm(p: Sequence[float]) -> Floats:
    """Holm's adjusted p: the chance of any false claim in the family is at most alpha (Holm 1979)."""
    return cast(Floats, np.asarray(multipletests(p, method="holm")[1])) if len(p) else np.empty(0)


def benjamini_hochberg(p: Sequence[float]) -> Floats:
    """Benjamini and Hochberg's adjusted p: the expected share of false claims is at most alpha (1995)."""
    return cast(Floats, np.asarray(multipletests(p, method="fdr_bh")[1])) if len(p) else np.empty(0)
