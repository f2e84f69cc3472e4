"""How far the mean of some rows may be off, where rows share readers and subjects and so their luck."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]

# What is taken for the correlation of two rows of one cluster, and how many independent rows that assumption weighs,
# against what the rows themselves show. `benchmarks/verdict_coverage.py` compares others.
_LIKENESS = 0.1
_WEIGHT = 2.0


@dataclass(frozen=True)
class Clusters:
    """Which rows belong together: by the name of each way of clustering (`readers`, `subjects`) a code for each row."""

    ways: Mapping[str, Codes]

    @classmethod
    def of(cls, **labels: Sequence[str]) -> "Clusters":
        """Make them from labels, one a row, of one or two ways."""
        return cls({name: _coded(np.asarray(way, dtype=str)) for name, way in labels.items()})

    def taken(self, rows: npt.NDArray[np.bool_] | Codes) -> "Clusters":
        """Return the clusters of some rows, by flags or by places."""
        return Clusters({name: codes[rows] for name, codes in self.ways.items()})

    def counts(self) -> dict[str, int]:
        """Count the clusters of each way."""
        return {name: len(np.unique(codes)) for name, codes in self.ways.items()}


@dataclass(frozen=True)
class Spread:
    """What a mean of n rows varies by.

    `variance` is that of the mean. `effect` is the design effect (Kish 1965): how many times the variance of as many
    independent rows that is, at least 1. `freedom` are the degrees of freedom of Student's t. `unseen` is what has to
    be added to the variance where the values have bounds, and `usual` the design effect that it has, see `spread`.
    """

    variance: float
    effect: float
    freedom: float
    unseen: float
    usual: float


def spread(residuals: Array, clusters: Clusters) -> Spread:
    """Return the spread of a mean from the distances of its rows from it, with two clusters or more in each way.

    With two ways the variance is V1 + V2 - V12 (Cameron, Gelbach & Miller 2011, JBES 29:238), V12 that of the cells
    where both meet, and at least that of each way alone, since the difference can be too small or below 0. Each term
    is the jackknife's, which leaves out a cluster at a time and does not come out too small for few of them or unequal
    ones (MacKinnon, Nielsen & Webb 2024, "Jackknife inference with two-way clustering"). A way in which every cluster
    is one row adds nothing. The degrees of freedom are the effective number of clusters, (sum n)^2 / sum n^2, of the
    scarcer way, less 1.

    Rows that nearly all agree do not show their design effect. So rows are added that are as far from the mean as can
    be, as many as weigh like 2 independent ones, with the design effect 1 + (m - 1) x 0.1 for each way, m the size of
    the cluster that a row has in the mean (Kish's approximation). What they add to the variance is `unseen`, in units
    of the square of the farthest distance.
    """
    n = len(residuals)
    squares = float((residuals**2).sum())
    terms, scarcest, usual = [], float(n), 1.0
    for codes in clusters.ways.values():
        sizes = np.bincount(codes)
        terms.append(_jackknife(residuals, codes))
        scarcest = min(scarcest, n**2 / float((sizes**2).sum()))
        usual += _LIKENESS * (float((sizes**2).sum()) / n - 1)
    cells = _jackknife(residuals, _crossed(*clusters.ways.values()))
    variance = max(sum(terms) - cells * (len(terms) - 1), *terms, squares / n / max(1, n - 1))
    added = _WEIGHT * usual
    effect = (variance * n**2 + added * usual) / (squares + added)
    return Spread(variance, max(1.0, effect), max(1.0, scarcest - 1), added * usual / n**2, usual)


def _jackknife(residuals: Array, codes: Codes) -> float:
    sizes = np.bincount(codes)
    present = sizes > 0
    count, sums = int(present.sum()), np.bincount(codes, residuals)[present]
    return (count - 1) / count * float(((sums / (len(residuals) - sizes[present])) ** 2).sum())


def _crossed(first: Codes, second: Codes | None = None) -> Codes:
    return first if second is None else _coded(first * (int(second.max()) + 1) + second)


def _coded(labels: npt.NDArray[np.str_] | Codes) -> Codes:
    return np.unique(labels, return_inverse=True)[1].astype(np.int64)
