"""A hierarchical logistic model over readers: who leans where on a dimension, and which seeds are easy to agree with.

A reader agrees with a seed at log-odds `mean + b[seed] + pole * theta[reader, dimension]`, where b ~ N(0, s_b^2) and
theta ~ N(0, s_t^2). It knows of readers nothing but their stances. Modes and curvature are Laplace's approximation; the
two spreads maximise the marginal likelihood, in which the leans are integrated by quadrature.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

SPREADS = (0.05, 5.0)  # in log-odds: what less or more there may be, a few answers cannot tell
_MEAN = 5.0  # the prior spread of the mean: next to flat, and finite where all agree with everything
_STEPS = 60  # of Newton's method at most; it takes five or so
_TOLERANCE = 1e-7  # of the last step, in log-odds
_NODES = 9  # of the quadrature


class Axis(NamedTuple):
    """Where a seed stands: its dimension, with the framework, and +1 where its statement takes the high pole, else
    -1."""

    dimension: str
    pole: Literal[1, -1]


class Taken(NamedTuple):
    """A stance that a reader takes toward a seed."""

    reader: str
    seed: str
    axis: Axis
    agrees: bool


@dataclass(frozen=True)
class Chances:
    """For one reader, dimension and several seeds: how likely the reader agrees with each (0 to 1), and where they lean
    on the dimension, above 0 toward its high pole."""

    agrees: Floats
    lean: float


@dataclass(frozen=True)
class Hierarchy:
    """The fitted model. `seed_spread` and `reader_spread` are the standard deviations s_b and s_t, `evidence` is the
    logarithm of the marginal likelihood at them, but for a constant."""

    seed_spread: float
    reader_spread: float
    evidence: float
    _design: "_Design"
    _mode: "_Mode"

    def chances(self, reader: str, dimension: str, seeds: Sequence[tuple[str, int]]) -> Chances:
        """The chances that a reader agrees with seeds of one dimension, given by id and pole (+1 or -1).

        What is not known of a reader or a seed is spread as over all of them. The chance averages over the posterior
        of the log-odds, by the probit approximation (MacKay 1992), so that less knowledge is nearer to a half.
        """
        design, mode = self._design, self._mode
        columns = np.array([design.seeds.get(seed, -1) for seed, _ in seeds], dtype=int)
        poles = np.array([pole for _, pole in seeds], dtype=float)
        known = columns >= 0
        # The column of a seed's b is one after the mean's, and -1 becomes the mean's own.
        mean = mode.fixed[0] + np.where(known, mode.fixed[columns + 1], 0.0)
        variance = mode.covariance[0, 0] + np.where(
            known,
            mode.covariance[columns + 1, columns + 1] + 2 * mode.covariance[0, columns + 1],
            self.seed_spread**2,
        )
        place = design.leans.get((reader, dimension))
        if place is None:
            lean, variance = 0.0, variance + self.reader_spread**2
        else:
            lean, own, shared = mode.lean(place)
            common = shared[0] + np.where(known, shared[columns + 1], 0.0)
            variance = variance + own + 2 * poles * common
        log_odds = (mean + poles * lean) / np.sqrt(1 + np.pi * variance / 8)
        return Chances(_chance(log_odds), lean)


def fit(taken: Sequence[Taken]) -> Hierarchy:
    """Fits the model to stances, each reader's toward a seed given once. Raises ValueError where there are none."""
    from scipy import optimize

    if not taken:
        raise ValueError("there is no stance to fit the model to")
    design = _Design(taken)
    last: list[_Mode | None] = [None]

    def loss(logs: Floats) -> float:
        last[0] = mode = _mode(design, np.exp(logs[0]), np.exp(logs[1]), last[0])
        return -mode.evidence

    bounds = [np.log(SPREADS)] * 2
    found = optimize.minimize(loss, x0=np.zeros(2), bounds=bounds, method="L-BFGS-B", options={"eps": 1e-4})
    return fit_with(taken, float(np.exp(found.x[0])), float(np.exp(found.x[1])))


def fit_with(taken: Sequence[Taken], seed_spread: float, reader_spread: float) -> Hierarchy:
    """The model at given spreads, which are above 0. Raises ValueError where there are no stances."""
    if not taken:
        raise ValueError("there is no stance to fit the model to")
    design = _Design(taken)
    mode = _mode(design, seed_spread, reader_spread)
    return Hierarchy(seed_spread, reader_spread, mode.evidence, design, mode)


class _Design:
    """The stances as matrices: columns of the mean and the seeds, and those of the readers' leans."""

    def __init__(self, taken: Sequence[Taken]) -> None:
        from scipy import sparse

        self.seeds = {seed: n for n, seed in enumerate(dict.fromkeys(one.seed for one in taken))}
        self.leans = {
            lean: n for n, lean in enumerate(dict.fromkeys((one.reader, one.axis.dimension) for one in taken))
        }
        self.agrees = np.array([one.agrees for one in taken], dtype=float)
        rows, ones = np.arange(len(taken)), np.ones(len(taken))
        of_seed = np.array([1 + self.seeds[one.seed] for one in taken])
        of_lean = np.array([self.leans[one.reader, one.axis.dimension] for one in taken])
        poles = np.array([one.axis.pole for one in taken], dtype=float)
        places = (np.concatenate([rows, rows]), np.concatenate([np.zeros(len(taken), dtype=int), of_seed]))
        shape = (len(taken), 1 + len(self.seeds))
        self.fixed = sparse.csr_array((np.concatenate([ones, ones]), places), shape=shape)
        self.random = sparse.csr_array((poles, (rows, of_lean)), shape=(len(taken), len(self.leans)))


@dataclass(frozen=True)
class _Mode:
    """The posterior's mode and its curvature there. `fixed` is the mean and the seeds' b, `leans` the thetas; the
    precision of the leans is the diagonal `own`, and `cross` stands between the two."""

    fixed: Floats
    leans: Floats
    covariance: Floats
    own: Floats
    cross: Any
    evidence: float

    @cached_property
    def _columns(self) -> Any:
        return self.cross.tocsc()

    def lean(self, place: int) -> tuple[float, float, Floats]:
        """A lean, its variance, and its covariances with `fixed`."""
        start, end = self._columns.indptr[place : place + 2]
        rows, weights = self._columns.indices[start:end], self._columns.data[start:end] / self.own[place]
        shared = -self.covariance[:, rows] @ weights
        return float(self.leans[place]), float(1 / self.own[place] - shared[rows] @ weights), shared


def _mode(design: _Design, seed_spread: float, reader_spread: float, start: _Mode | None = None) -> _Mode:
    """Newton's method on the log posterior, which is concave. Leans touch one another through seeds alone, so they
    are eliminated first, and what is left is as large as the seeds are many."""
    from scipy import linalg

    seeds, leans = len(design.seeds), len(design.leans)
    prior = np.concatenate([[_MEAN**-2.0], np.full(seeds, seed_spread**-2.0)])
    spread = reader_spread**-2.0
    fixed = start.fixed if start else np.zeros(1 + seeds)
    theta = start.leans if start else np.zeros(leans)

    def posterior(fixed: Floats, theta: Floats) -> float:
        log_odds = design.fixed @ fixed + design.random @ theta
        likelihood = design.agrees @ log_odds - np.logaddexp(0, log_odds).sum()
        return float(likelihood - (prior @ fixed**2 + spread * theta @ theta) / 2)

    reached = posterior(fixed, theta)
    for _ in range(_STEPS):
        chance = _chance(design.fixed @ fixed + design.random @ theta)
        weight = chance * (1 - chance)
        own = abs(design.random).T @ weight + spread
        cross = (design.fixed.T @ design.random.multiply(weight[:, None])).tocsr()
        eliminated = cross.multiply(1 / own[None, :]).tocsr()
        among = (design.fixed.T @ design.fixed.multiply(weight[:, None])).toarray() + np.diag(prior)
        factor = linalg.cho_factor(among - (eliminated @ cross.T).toarray(), lower=True)
        slope = design.fixed.T @ (design.agrees - chance) - prior * fixed
        slope_leans = design.random.T @ (design.agrees - chance) - spread * theta
        step = linalg.cho_solve(factor, slope - eliminated @ slope_leans)
        step_leans = (slope_leans - cross.T @ step) / own
        length = 1.0
        while (ahead := posterior(fixed + length * step, theta + length * step_leans)) < reached and length > 1e-4:
            length /= 2
        fixed, theta, reached = fixed + length * step, theta + length * step_leans, ahead
        if length * max(np.abs(step).max(), np.abs(step_leans).max()) < _TOLERANCE:
            break
    determinant = np.log(own).sum() + 2 * np.log(np.diag(factor[0])).sum()
    evidence = reached - seeds * np.log(seed_spread) - leans * np.log(reader_spread) - determinant / 2
    evidence += _beyond_laplace(design, fixed, theta, own, spread)
    return _Mode(fixed, theta, linalg.cho_solve(factor, np.eye(1 + seeds)), own, cross, float(evidence))


def _beyond_laplace(design: _Design, fixed: Floats, theta: Floats, own: Floats, spread: float) -> float:
    """What Laplace's approximation misses of the integrals over the leans, by adaptive Gauss-Hermite quadrature.

    A lean that one or two answers tell of is far from normal, and without this its spread comes out too small."""
    nodes, weights = np.polynomial.hermite.hermgauss(_NODES)
    touched, log_odds = abs(design.random).T, design.fixed @ fixed
    logs = np.empty((len(theta), _NODES))
    for column, node in enumerate(nodes):
        moved = theta + node * np.sqrt(2 / own)
        at = log_odds + design.random @ moved
        logs[:, column] = touched @ (design.agrees * at - np.logaddexp(0, at)) - spread * moved**2 / 2 + node**2
    at = log_odds + design.random @ theta
    peak = touched @ (design.agrees * at - np.logaddexp(0, at)) - spread * theta**2 / 2
    return float(np.log(np.exp(logs - peak[:, None]) @ weights / np.sqrt(np.pi)).sum())


def _chance(log_odds: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-log_odds)))
