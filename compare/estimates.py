"""Estimates with 95% intervals, for cells that share readers and books: another draw of both could come out so.

An estimate comes with the influence of each cell on it: what it is off by is about the mean of the influences. So all
rest on the two-way variance of `trainer.clusters.spread` and on Student's t with its degrees of freedom. There is no
estimate where there is one reader or one book alone.
"""

import math
from collections.abc import Callable

import numpy as np
from scipy.special import gammaincinv, stdtrit

from gravity.audit.resampling import Estimate, beyond
from gravity.audit.tables import Flags, Floats
from gravity.trainer.clusters import Clusters, Spread, spread
from gravity.trainer.intervals import few_freedom, share_ends

LEVEL = 0.95


def linear(
    value: float,
    influence: Floats,
    clusters: Clusters,
    bounds: tuple[float, float] = (-math.inf, math.inf),
    farthest: float = 0.0,
    more: float = 0.0,
) -> Estimate | None:
    """An estimate with an interval by t.

    `farthest` is how far, in its own unit, a cell that was not seen may be from the others, by which the interval
    keeps a width where all cells agree; `more` is variance that does not come from cells.
    """
    found = _spread(influence, clusters)
    if found is None:
        return None
    error = math.sqrt(found.variance + farthest**2 * found.unseen + more)
    half = t_of(found.freedom) * error
    return Estimate(value, max(bounds[0], value - half), min(bounds[1], value + half), error, found.freedom)


def mean(
    values: Floats, clusters: Clusters, bounds: tuple[float, float] = (-math.inf, math.inf), farthest: float = 0.0
) -> Estimate | None:
    """The mean of a value a cell."""
    if not len(values):
        return None
    value = float(values.mean())
    return linear(value, values - value, clusters, bounds, farthest)


def gain(outcomes: Floats, clusters: Clusters) -> Estimate | None:
    """Wins less losses over all, of outcomes 1, 0.5 and 0: -1 to 1."""
    return mean(2 * outcomes - 1, clusters, (-1.0, 1.0), 1.0)


def apart(values: Floats, inside: Flags, clusters: Clusters) -> Estimate | None:
    """The difference of the mean inside and the mean outside, of a value a cell that is -1 to 1; both share readers and
    books where these are on both sides."""
    influence, difference, unseen = np.zeros(len(values)), 0.0, 0.0
    for rows, sign in ((inside, 1.0), (~inside, -1.0)):
        if not rows.any():
            return None
        middle = float(values[rows].mean())
        difference += sign * middle
        influence[rows] = sign * len(values) / rows.sum() * (values[rows] - middle)
        found = _spread(values[rows] - middle, clusters.taken(rows))
        if found is None:
            return None
        unseen += found.unseen
    return linear(difference, influence, clusters, (-2.0, 2.0), more=unseen)


def share(values: Floats, clusters: Clusters) -> Estimate | None:
    """A share of cells, of values 0 and 1, with the interval of `trainer.intervals.share`."""
    if not len(values):
        return None
    value = float(values.mean())
    found = _spread(values - value, clusters)
    if found is None:
        return None
    effective = few_freedom(len(values) / found.effect, found, len(values))
    low, high = share_ends(value, effective)
    return Estimate(value, low, high, math.sqrt(value * (1 - value) / effective), found.freedom)


def rate(counts: Floats, clusters: Clusters) -> Estimate | None:
    """The mean of counts a cell, with the interval of a Poisson rate (Garwood 1936) on the effective number of cells:
    as many as would make a Poisson rate vary so much."""
    if not len(counts):
        return None
    value = float(counts.mean())
    found = _spread(counts - value, clusters)
    if found is None:
        return None
    effective = _effective(value, found.variance, found, len(counts))
    total, tail = value * effective, (1 - LEVEL) / 2
    low = float(gammaincinv(total, tail)) / effective if total > 0 else 0.0
    high = float(gammaincinv(total + 1, 1 - tail)) / effective
    return Estimate(value, low, high, math.sqrt(value / effective), found.freedom)


def chance(value: float, influence: Floats, clusters: Clusters, model: float) -> Estimate | None:
    """A probability that a model predicts, with the interval of a share on the effective number of cells: as many as
    would make a share vary so much.

    The variance is the larger of what cells show and of `model`, what the fitted curve itself allows: where a model
    fits all cells (separation) they show none, and the curve is still flat.
    """
    found = _spread(influence, clusters)
    if found is None:
        return None
    effective = _effective(value * (1 - value), max(found.variance, model), found, len(influence))
    low, high = share_ends(value, effective)
    return Estimate(value, low, high, math.sqrt(value * (1 - value) / effective), found.freedom)


def _effective(one: float, variance: float, found: Spread, rows: int) -> float:
    """How many independent rows, each with the variance `one`, make a mean that varies so much; where rows show next to
    no variance, it goes over into their number over the usual design effect, as in `spread`."""
    added = found.unseen * rows**2 / found.usual
    return few_freedom(rows * (rows * one + added) / (variance * rows**2 + added * found.usual), found, rows)


def from_sums(
    function: Callable[[Floats], float], sums: Floats, clusters: Clusters, farthest: float = 0.0
) -> Estimate | None:
    """An estimate that is a function of the totals of some sums: `sums` has what each row adds, rows x sums."""
    total = sums.sum(axis=0)
    value = function(total)
    if not math.isfinite(value):
        return None
    step = 1e-6 * max(1.0, float(np.abs(total).max(initial=0)))
    moves = np.eye(len(total)) * step
    slopes = np.array([(function(total + move) - function(total - move)) / (2 * step) for move in moves])
    if not np.isfinite(slopes).all():
        return None
    return linear(value, len(sums) * (sums - total / len(sums)) @ slopes, clusters, farthest=farthest)


def differs(found: Estimate, from_: float) -> float:
    """The p of the hypothesis that the true figure is `from_`, two-sided by t."""
    mirrored = Estimate(2 * from_ - found.value, 0, 0, found.error, found.freedom)
    return min(1.0, 2 * min(beyond(found, from_), beyond(mirrored, from_)))


def t_of(freedom: float, level: float = LEVEL) -> float:
    """What Student's t lies within, either way, with probability `level`."""
    return float(stdtrit(freedom, 0.5 + level / 2))


def shows(found: Estimate, power: float = 0.8) -> float:
    """The smallest true figure that so many cells tell from 0 with that power (two-sided, alpha 0.05)."""
    return found.error * (t_of(found.freedom) + t_of(found.freedom, 2 * power - 1))


def _spread(influence: Floats, clusters: Clusters) -> Spread | None:
    if not len(influence) or min(clusters.counts().values()) < 2:
        return None
    return spread(influence, clusters)
