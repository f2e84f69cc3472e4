"""Estimates with 95% intervals, for rows that share readers and subjects: another draw of both could come out so.

All intervals rest on the two-way variance of `clusters.spread` and on Student's t with its degrees of freedom.
`benchmarks/verdict_coverage.py` measures how often they hold the truth.
"""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from gravity.trainer.clusters import Array, Clusters, Spread, spread

MIN_ROWS = 30
MIN_CLUSTERS = 6
RULE = f"A figure from fewer than {MIN_ROWS} rows, {MIN_CLUSTERS} readers or {MIN_CLUSTERS} seeds is insufficient."

_LEVEL = 0.95
_BINS = 10


@dataclass(frozen=True)
class Estimate:
    """A figure with its 95% interval and what it rests on: rows, and the clusters of each way.

    `value`, `low` and `high` are None by RULE.
    """

    value: float | None
    low: float | None
    high: float | None
    rows: int
    clusters: dict[str, int]

    @property
    def sufficient(self) -> bool:
        """Say whether there is a figure at all."""
        return self.value is not None

    def above(self, threshold: float) -> bool | None:
        """Say whether the whole interval lies above (True) or below (False) a threshold; None for neither."""
        if self.low is None or self.high is None:
            return None
        return True if self.low > threshold else False if self.high < threshold else None

    def record(self) -> dict[str, Any]:
        """Return the figure as JSON holds it."""
        return asdict(self)

    def text(self, digits: int = 2, signed: bool = False) -> str:
        """Return the figure as tables print it: value [low, high], or the word insufficient."""
        if self.value is None or self.low is None or self.high is None:
            return "insufficient"
        sign = "+" if signed else ""
        value, low, high = (
            format(round(x, digits) + 0.0, f"{sign}.{digits}f") for x in (self.value, self.low, self.high)
        )
        return f"{value} [{low}, {high}]"


def share(values: Array, clusters: Clusters) -> Estimate:
    """Estimate a share: the mean of values that are 0 or 1, or 0.5 for a tie.

    The interval is Korn and Graubard's (1998, Survey Methodology 24:193): Clopper and Pearson's with the effective
    number of rows, which is n over the design effect, and less for few degrees of freedom. The design effect goes over
    into a usual one where nearly all rows agree (see `spread`), so there is no jump at 0 and 1.
    """
    if not _enough(clusters, len(values)):
        return _insufficient(clusters, len(values))
    value = float(values.mean())
    found = spread(values - value, clusters)
    low, high = share_ends(value, few_freedom(len(values) / found.effect, found, len(values)))
    return Estimate(value, low, high, len(values), clusters.counts())


def few_freedom(effective: float, found: Spread, rows: int) -> float:
    """Return an effective number of rows, less for few degrees of freedom."""
    return float(effective * (_t(rows - 1) / _t(found.freedom)) ** 2)


def share_ends(value: float, effective: float) -> tuple[float, float]:
    """Return the ends of Clopper and Pearson's interval of a share of so many independent rows."""
    from scipy.special import betaincinv

    right, wrong, tail = value * effective, (1 - value) * effective, (1 - _LEVEL) / 2
    low = float(betaincinv(right, wrong + 1, tail)) if right > 0 else 0.0
    high = float(betaincinv(right + 1, wrong, 1 - tail)) if wrong > 0 else 1.0
    return low, high


def difference(values: Array, clusters: Clusters) -> Estimate:
    """Estimate the mean of differences of rows, each -1 to 1, between two answers that are right or wrong.

    The interval is by t, its variance with `Spread.unseen` added, so that it keeps a width where no row differs. Adding
    rows is Agresti and Min's way (2005, Statistics in Medicine 24:729), of whose two added pairs one is discordant.
    """
    if not _enough(clusters, len(values)):
        return _insufficient(clusters, len(values))
    value = float(values.mean())
    found = spread(values - value, clusters)
    return _around(value, found.variance + found.unseen, found.freedom, len(values), clusters, (-1.0, 1.0))


def mean(values: Array, clusters: Clusters, least: float = -np.inf) -> Estimate:
    """Estimate a mean by t. `least` is a value that it cannot be below."""
    if not _enough(clusters, len(values)):
        return _insufficient(clusters, len(values))
    value = float(values.mean())
    found = spread(values - value, clusters)
    return _around(value, found.variance, found.freedom, len(values), clusters, (least, np.inf))


def correlation(x: Array, y: Array, clusters: Clusters) -> Estimate:
    """Estimate Pearson's correlation (-1 to 1) of differences between the two sides of pairs, 0 where one is always 0.

    Which side comes first is arbitrary, so each pair counts both ways round: (x, y) and (-x, -y). Then the means are 0.
    The interval is by t on Fisher's scale, atanh, with the variance of the linearised correlation.
    """
    if not _enough(clusters, len(x)):
        return _insufficient(clusters, len(x))
    xx, yy = float((x * x).mean()), float((y * y).mean())
    if xx == 0 or yy == 0:
        return Estimate(0.0, 0.0, 0.0, len(x), clusters.counts())
    value = float((x * y).mean()) / np.sqrt(xx * yy)
    influence = x * y / np.sqrt(xx * yy) - value / 2 * (x * x / xx + y * y / yy)
    # Short of 1, where the scale has no end.
    within = float(np.clip(value, -1 + 1e-12, 1 - 1e-12))
    found = spread(influence, clusters)
    half = _t(found.freedom) * np.sqrt(found.variance) / (1 - within**2)
    low, high = (float(np.tanh(np.arctanh(within) + side * half)) for side in (-1, 1))
    return Estimate(float(value), low, high, len(x), clusters.counts())


def calibration_error(confidence: Array, right: Array, clusters: Clusters) -> Estimate:
    """Estimate the expected calibration error: mean distance of confidence and accuracy over ten bins of 0.5 to 1.

    It cannot be negative, so it is above 0 by chance even for a calibrated model, the more the fewer the rows. The
    variance is that of the linearised error: each row's distance, with the sign of its bin's.
    """
    bins = bin_of(confidence)
    sides = np.sign(np.bincount(bins, confidence - right, _BINS))
    distances = sides[bins] * (confidence - right)
    return mean(distances, clusters, least=0.0)


def bin_of(confidence: Array) -> npt.NDArray[np.int64]:
    """Return the bin, 0 to 9, of each confidence between 0.5 and 1."""
    return np.clip(((confidence - 0.5) * 2 * _BINS).astype(np.int64), 0, _BINS - 1)


def _around(
    value: float, variance: float, freedom: float, rows: int, clusters: Clusters, bounds: tuple[float, float]
) -> Estimate:
    half = _t(freedom) * float(np.sqrt(variance))
    return Estimate(value, max(bounds[0], value - half), min(bounds[1], value + half), rows, clusters.counts())


def _t(freedom: float) -> float:
    from scipy.special import stdtrit

    return float(stdtrit(freedom, 0.5 + _LEVEL / 2))


def _enough(clusters: Clusters, rows: int) -> bool:
    return rows >= MIN_ROWS and min(clusters.counts().values()) >= MIN_CLUSTERS


def _insufficient(clusters: Clusters, rows: int) -> Estimate:
    return Estimate(None, None, None, rows, clusters.counts())
