"""Uncertainty where rows are not independent: bootstrap over whole clusters, one way or two.

Rows of one seed, and rows of one reader, share their luck. Drawing whole clusters with replacement keeps that
(Davison & Hinkley 1997, section 3.8); where rows have two clusters, both are drawn and the weights multiplied
(the pigeonhole bootstrap, Owen 2007), which errs on the cautious side.
"""

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy import sparse, stats

from gravity.audit.tables import Codes, Floats
from gravity.frameworks.statistics import wilson

MOST = 1_000  # more clusters than this are drawn in this many bundles of whole clusters


@dataclass(frozen=True)
class Estimate:
    """A value with its 95% interval, its standard error, and the degrees of freedom of t that it is tested with."""

    value: float
    low: float
    high: float
    error: float
    freedom: float


class Draws:
    """Bootstrap draws over the clusters of some rows.

    `clusters` are one or two arrays of codes, one code a row. The same seed and clusters make the same draws.
    """

    def __init__(self, clusters: tuple[Codes, ...], repeats: int, seed: int = 0) -> None:
        self.count = min((len(np.unique(way)) for way in clusters), default=0)
        self._ways: list[tuple[Codes, Floats]] = []
        for number, way in enumerate(clusters):
            bundled = way % MOST if way.max(initial=0) >= MOST else way
            kinds, place = np.unique(bundled, return_inverse=True)
            weights = _weights(max(1, len(kinds)), repeats, seed, number)
            self._ways.append((place.astype(np.int64), weights))

    @property
    def weights(self) -> Floats:
        """How often each cluster (or bundle) was drawn: draws x clusters, of the first way."""
        return self._ways[0][1]

    def bundled(self, values: Floats) -> Floats:
        """Values of clusters 0, 1 ... summed to the bundles that `weights` are for."""
        if len(values) <= MOST:
            return values
        made = np.zeros((MOST, *values.shape[1:]))
        np.add.at(made, np.arange(len(values)) % MOST, values)
        return made

    def sums(self, values: Floats) -> Floats:
        """The weighted sums of `values`, one a row, in every draw: shape (repeats,)."""
        place, weights = self._ways[0]
        if len(self._ways) == 1:
            return weights @ np.bincount(place, values, weights.shape[1])
        other, more = self._ways[1]
        shape = (weights.shape[1], more.shape[1])
        cells = sparse.coo_matrix((values, (place, other)), shape=shape).tocsr()
        return np.asarray(((cells.T @ weights.T).T * more).sum(axis=1), dtype=np.float64)

    def ratio(self, upper: Floats, lower: Floats) -> Floats:
        """The ratio of two sums over the rows in every draw, NaN where the lower one is 0."""
        total = self.sums(lower)
        return self.sums(upper) / np.where(total > 0, total, np.nan)

    def rate(self, hits: Floats, trials: Floats) -> Estimate | None:
        """The rate sum(hits) / sum(trials) of 0-or-1 rows, with Wilson's interval on the effective n.

        The effective n is what a simple sample would need for the variance that the draws show (Korn & Graubard
        1998), so the interval stays within 0 and 1 and does not shrink to a point where all rows agree: there it
        counts clusters. None where `trials` sum to 0.
        """
        n = float(trials.sum())
        if not n:
            return None
        share = float(hits.sum()) / n
        shares = _finite(self.ratio(hits, trials))
        variance = float(np.var(shares)) if len(shares) > 1 else 0.0
        effective = float(self.count) if variance == 0 else min(n, share * (1 - share) / variance)
        effective = max(effective, 1.0)
        low, high = wilson(share * effective, effective, self._t())
        return Estimate(share, low, high, math.sqrt(share * (1 - share) / effective), self.freedom)

    def estimate(self, value: float, draws: Floats) -> Estimate | None:
        """A value with the percentile interval of its draws. None where more than one draw in twenty is not finite."""
        finite = _finite(draws)
        if not math.isfinite(value) or len(finite) < 0.95 * len(draws) or len(finite) < 2:
            return None
        low, high = np.quantile(finite, (0.025, 0.975))
        return Estimate(value, min(float(low), value), max(float(high), value), float(np.std(finite)), self.freedom)

    @property
    def freedom(self) -> int:
        """Degrees of freedom: clusters less one, of the scarcer kind."""
        return max(1, self.count - 1)

    def _t(self) -> float:
        return float(stats.t.ppf(0.975, self.freedom))


@lru_cache(maxsize=32)
def _weights(size: int, repeats: int, seed: int, way: int) -> Floats:
    """How often each of `size` clusters is drawn in `size` draws with replacement: repeats x size."""
    drawn = np.random.default_rng((seed, way)).multinomial(size, np.full(size, 1 / size), size=repeats)
    return drawn.astype(np.float64)


def beyond(found: Estimate, bound: float, share: bool = False) -> float:
    """The p of the hypothesis that the true figure is at most `bound`, by t over the clusters.

    For a share the error is taken at the bound (a score test), so that a share of 0 or 1 is no certainty.
    """
    error = found.error
    if share and 0 < bound < 1:
        spread = found.value * (1 - found.value)
        n = spread / found.error**2 if spread > 0 and found.error > 0 else found.freedom + 1
        error = math.sqrt(bound * (1 - bound) / n)
    if error == 0:
        return 1.0 if found.value <= bound else 1 / (found.freedom + 1)
    return float(stats.t.sf((found.value - bound) / error, found.freedom))


def _finite(draws: Floats) -> Floats:
    return draws[np.isfinite(draws)]
