"""Estimates with intervals, for rows that come in groups: all pairs about one seed stand or fall together.

An interval is the expanded percentile interval (Hesterberg 2015, The American Statistician 69:371) of a bootstrap
that draws whole groups (clusters): percentiles of DRAWS draws, widened for small numbers of groups as Student's t
widens a normal interval. A seed fixes the draws.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Statistic = Callable[[Array], Array]

MIN_ROWS = 30
MIN_CLUSTERS = 10
RULE = (
    f"A figure from fewer than {MIN_ROWS} rows or {MIN_CLUSTERS} seeds (readers, where readers are drawn) is called "
    "insufficient."
)

DRAWS = 2000

_LEVEL = 0.95
_BINS = 10


@dataclass(frozen=True)
class Estimate:
    """A figure with its 95% interval and what it rests on; `value`, `low` and `high` are None by RULE."""

    value: float | None
    low: float | None
    high: float | None
    rows: int
    clusters: int

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


def mean(values: Array, clusters: Sequence[str], bounds: tuple[float, float] | None = None) -> Estimate:
    """Estimate a mean. `bounds` are the least and greatest value a row can have, where there are such.

    Rows that all agree would give an interval without width. With bounds it then reaches as far as
    Clopper and Pearson's does for as many independent trials as there are clusters.
    """
    made = _estimate(
        np.column_stack([values, np.ones(len(values))]), clusters, lambda sums: sums[..., 0] / sums[..., 1]
    )
    if bounds is None or made.value is None or np.ptp(values) > 0:
        return made
    unseen = (1 - ((1 - _LEVEL) / 2) ** (1 / made.clusters)) * (bounds[1] - bounds[0])
    low, high = max(bounds[0], made.value - unseen), min(bounds[1], made.value + unseen)
    return Estimate(made.value, low, high, made.rows, made.clusters)


def correlation(x: Array, y: Array, clusters: Sequence[str]) -> Estimate:
    """Estimate Pearson's correlation (-1 to 1) of differences between the two sides of pairs, 0 where one is always 0.

    Which side comes first is arbitrary, so each pair counts both ways round: (x, y) and (-x, -y). Then the means are 0.
    """

    def pearson(sums: Array) -> Array:
        xx, yy, xy = np.moveaxis(sums, -1, 0)
        return np.asarray(xy / np.maximum(np.sqrt(xx * yy), 1e-12))

    return _estimate(np.column_stack([x * x, y * y, x * y]), clusters, pearson)


def calibration_error(confidence: Array, right: Array, clusters: Sequence[str]) -> Estimate:
    """Estimate the expected calibration error: mean distance of confidence and accuracy over ten bins of 0.5 to 1.

    It cannot be negative, so it is above 0 by chance even for a calibrated model, the more the fewer the rows.
    """
    bins = bin_of(confidence)
    columns = np.zeros((len(right), _BINS + 1))
    columns[np.arange(len(right)), bins] = confidence - right
    columns[:, _BINS] = 1
    return _estimate(columns, clusters, lambda sums: np.abs(sums[..., :_BINS]).sum(-1) / sums[..., _BINS])


def bin_of(confidence: Array) -> npt.NDArray[np.int64]:
    """Return the bin, 0 to 9, of each confidence between 0.5 and 1."""
    return np.clip(((confidence - 0.5) * 2 * _BINS).astype(np.int64), 0, _BINS - 1)


def _estimate(columns: Array, clusters: Sequence[str], statistic: Statistic) -> Estimate:
    """Estimate a statistic of column sums: `columns` is rows x k, `statistic` maps (..., k) sums to (...)."""
    names, index = np.unique(np.asarray(clusters, dtype=str), return_inverse=True)
    if len(columns) < MIN_ROWS or len(names) < MIN_CLUSTERS:
        return Estimate(None, None, None, len(columns), len(names))
    sums = np.zeros((len(names), columns.shape[1]))
    np.add.at(sums, index, columns)
    tail = _tail(len(names))
    low, high = np.quantile(statistic(_draws(len(names)) @ sums), [tail, 1 - tail])
    return Estimate(float(statistic(sums.sum(0))), float(low), float(high), len(columns), len(names))


# Most figures of a cell are about the same seeds, the others about the same readers.
@lru_cache(maxsize=2)
def _draws(clusters: int) -> npt.NDArray[np.int64]:
    """Say how often each draw (rows) takes each cluster (columns)."""
    chances = np.full(clusters, 1 / clusters)
    return np.random.default_rng(0).multinomial(clusters, chances, size=DRAWS)


def _tail(clusters: int) -> float:
    from scipy.stats import norm, t

    return float(norm.cdf(t.ppf((1 - _LEVEL) / 2, clusters - 1) * np.sqrt(clusters / (clusters - 1))))
