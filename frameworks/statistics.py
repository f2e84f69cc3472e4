"""Shares with their uncertainty, and how well a confidence matches what came true."""

from collections.abc import Mapping, Sequence
from math import sqrt
from typing import NamedTuple

import numpy as np

LEVEL = 0.95
RESAMPLES = 1_000
FEW = 10  # answers: with fewer no calibration is fitted
EVENTS = 20  # answers of the rarer outcome from which a group has a calibration of its own: ten a parameter
SHIFT = 0.5  # in log-odds
Z = 1.959963984540054  # the normal quantile of 0.5 + LEVEL / 2; scipy takes half a second to load


class Interval(NamedTuple):
    """A share's 95% interval, each end 0 to 1."""

    low: float
    high: float


def wilson(right: float, n: float, z: float = Z) -> Interval:
    """The score interval of `right` out of `n` (Wilson 1927), 0 to 1 where n is 0. Ties count by halves, `n` may be
    an effective one, and `z` a quantile of Student's t."""
    if n == 0:
        return Interval(0.0, 1.0)
    share = right / n
    middle, half = share + z * z / (2 * n), z * sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    # Rounding would put the ends of a share of 0 or 1 a hair beside it.
    low, high = (middle - half) / (1 + z * z / n), (middle + half) / (1 + z * z / n)
    return Interval(max(0.0, low) if right else 0.0, min(1.0, high) if right < n else 1.0)


def exact(found: float, n: float, level: float = LEVEL) -> Interval:
    """The Clopper-Pearson interval of `found` out of `n`, which holds at every n; 0 to 1 where n is 0. `n` may be an
    effective one."""
    from scipy import special  # a tenth of the time that scipy.stats takes to load

    if n == 0:
        return Interval(0.0, 1.0)
    tail = (1 - level) / 2
    low = special.betaincinv(found, n - found + 1, tail) if found else 0.0
    high = special.betaincinv(found + 1, n - found, 1 - tail) if found < n else 1.0
    return Interval(float(low), float(high))


def t_quantile(freedom: float) -> float:
    """The quantile of Student's t for an interval of LEVEL, with so many degrees of freedom."""
    from scipy import special

    return float(special.stdtrit(freedom, 0.5 + LEVEL / 2))


def exact_of_clusters(counts: Sequence[tuple[int, int]]) -> Interval:
    """The interval of a share whose cases come in clusters, from (found, n) of each; 0 to 1 where there is none.

    That of Korn and Graubard (1998): Clopper-Pearson with the effective n, which is n over the design effect. That is
    the variance of the share between clusters, as a ratio estimate, over that of as many independent cases, and at
    least 1. Where all cases agree, or there is one cluster, it cannot be seen, and a cluster counts as one case.
    """
    from scipy import special

    sizes = np.asarray([n for _, n in counts if n], dtype=float)
    found = np.asarray([k for k, n in counts if n], dtype=float)
    clusters, n = len(sizes), float(sizes.sum())
    if not clusters:
        return Interval(0.0, 1.0)
    share = float(found.sum()) / n
    effective = float(clusters)
    if clusters > 1 and 0 < share < 1:
        between = clusters / (clusters - 1) * float(((found - share * sizes) ** 2).sum()) / n**2
        effect = max(1.0, between * n / (share * (1 - share)))
        # Few clusters tell the design effect badly: the quantile of t takes the place of the normal one.
        effective = n / effect * (Z / float(special.stdtrit(clusters - 1, 0.5 + LEVEL / 2))) ** 2
    return exact(share * effective, effective)


def brier(confidence: Sequence[float], right: Sequence[bool]) -> float:
    """The mean squared distance of confidence from outcome: 0 is best, 0.25 is what 0.5 throughout gets."""
    return float(np.mean((np.asarray(confidence) - np.asarray(right, dtype=float)) ** 2))


def calibration_error(confidence: Sequence[float], right: Sequence[bool], bins: int = 10) -> float:
    """The expected calibration error over `bins` bins of equal width (Naeini et al. 2015): 0 is best."""
    sure, hit = np.asarray(confidence), np.asarray(right, dtype=float)
    place = np.minimum((sure * bins).astype(int), bins - 1)
    gaps = [abs(float((sure - hit)[place == b].sum())) for b in range(bins)]
    return sum(gaps) / len(sure)


def calibration_error_interval(confidence: Sequence[float], right: Sequence[bool], bins: int = 10) -> Interval:
    """A 95% interval of the expected calibration error: percentiles of a bootstrap over answers, with a fixed seed.

    The estimate is never below 0 and so is too high where n is small, and its resamples are so as well: the interval is
    moved down by how far their mean lies above the estimate (bias correction).
    """
    sure, hit = np.asarray(confidence, dtype=float), np.asarray(right, dtype=float)
    drawn = np.random.default_rng(0).integers(len(sure), size=(RESAMPLES, len(sure)))
    found = np.asarray([calibration_error(sure[rows], hit[rows], bins) for rows in drawn])
    moved = found - (found.mean() - calibration_error(confidence, right, bins))
    tail = (1 - LEVEL) / 2
    low, high = np.quantile(moved, (tail, 1 - tail))
    return Interval(max(0.0, float(low)), min(1.0, float(high)))


class Calibration(NamedTuple):
    """Platt's map (1999) from a stated confidence to the chance of being right: a line in log-odds."""

    slope: float
    intercept: float

    def __call__(self, confidence: float) -> float:
        """The calibrated confidence, 0 to 1."""
        return float(1 / (1 + np.exp(-(self.slope * _log_odds(confidence) + self.intercept))))


def calibrate(confidence: Sequence[float], right: Sequence[bool]) -> Calibration:
    """The map that fits the outcomes best, with Platt's softened targets, so that no answer is certain.

    The slope is not negative: a higher stated confidence never becomes a lower one.
    """
    from scipy import optimize

    x = np.asarray([_log_odds(c) for c in confidence])
    hit = np.asarray(right, dtype=bool)
    target = np.where(hit, (hit.sum() + 1) / (hit.sum() + 2), 1 / ((~hit).sum() + 2))

    def loss(line: np.ndarray) -> float:
        logit = line[0] * x + line[1]
        return float(np.mean(np.logaddexp(0, logit) - target * logit))

    found = optimize.minimize(loss, x0=[1.0, 0.0], bounds=[(0, None), (None, None)], method="L-BFGS-B")
    return Calibration(float(found.x[0]), float(found.x[1]))


class Fitted(NamedTuple):
    """A calibration, and in words what it was fitted on."""

    calibration: Calibration
    basis: str


Calibrations = Mapping[str, Fitted]


def calibrate_each(answers: Mapping[str, Sequence[tuple[float, bool]]]) -> dict[str, Fitted]:
    """A calibration for each group (a culture) from its answers, as (stated confidence, whether it was right).

    Where a group has EVENTS of either outcome the map is fitted on it alone. Others share the slope and the intercept
    of all groups together, and each has a shift of its intercept: the most likely one, held near 0 by a normal prior of
    the standard deviation SHIFT. Empty with fewer than FEW answers in all.
    """
    together = [answer for group in answers.values() for answer in group]
    if len(together) < FEW:
        return {}
    shared = calibrate(*zip(*together, strict=True))
    found = {}
    for name, group in answers.items():
        hits = sum(right for _, right in group)
        if min(hits, len(group) - hits) >= EVENTS:
            found[name] = Fitted(calibrate(*zip(*group, strict=True)), f"its own {len(group)} answers")
        else:
            shift = _shift(shared, group)
            moved = shared._replace(intercept=shared.intercept + shift)
            found[name] = Fitted(moved, f"{len(together)} answers of all cultures, moved by {shift:+.2f} for its own")
    return found


def _shift(shared: Calibration, group: Sequence[tuple[float, bool]]) -> float:
    from scipy import optimize

    logit = np.asarray([shared.slope * _log_odds(confidence) + shared.intercept for confidence, _ in group])
    hit = np.asarray([right for _, right in group], dtype=float)

    def loss(shift: float) -> float:
        moved = logit + shift
        return float(np.sum(np.logaddexp(0, moved) - hit * moved)) + shift**2 / (2 * SHIFT**2)

    return float(optimize.minimize_scalar(loss, bounds=(-3, 3), method="bounded").x)


def _log_odds(confidence: float) -> float:
    sure = min(max(confidence, 0.01), 0.99)
    return float(np.log(sure / (1 - sure)))
