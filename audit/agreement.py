"""How far judges agree: Krippendorff's alpha and Fleiss' kappa from sums over clusters, so that they resample."""

from typing import cast

import numpy as np
import numpy.typing as npt

from gravity.audit.tables import Codes, Floats

Ratings = npt.NDArray[np.int64]  # units x raters, categories from 0, -1 for no answer


def counts(ratings: Ratings, categories: int) -> Floats:
    """How many raters gave each unit each category: units x categories."""
    return np.stack([(ratings == category).sum(axis=1) for category in range(categories)], axis=1).astype(np.float64)


def coincidences(given: Floats) -> Floats:
    """Each unit's coincidence matrix (Krippendorff 2004, chapter 11): units x categories x categories.

    Units with fewer than two answers give nothing.
    """
    answers = given.sum(axis=1)
    pairs = given[:, :, None] * given[:, None, :]
    index = np.arange(given.shape[1])
    pairs[:, index, index] -= given
    weight = np.where(answers > 1, 1 / np.maximum(answers - 1, 1), 0.0)
    return pairs * weight[:, None, None]


def alpha(coincidence: Floats) -> Floats:
    """Krippendorff's alpha for nominal data from coincidence matrices (... x k x k).

    NaN where all answers are one category: then there is no variation to agree about.
    """
    totals = coincidence.sum(axis=-1)
    n = totals.sum(axis=-1)
    observed = n - np.trace(coincidence, axis1=-2, axis2=-1)
    with np.errstate(divide="ignore", invalid="ignore"):
        expected = (n**2 - (totals**2).sum(axis=-1)) / (n - 1)
        return cast(Floats, np.where(expected > 0, 1 - observed / expected, np.nan))


def fleiss(agreed: Floats, categories: Floats, units: Floats) -> Floats:
    """Fleiss' kappa (1971) from sums over units: of their agreement P, of their category shares, and their number."""
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = agreed / units
        chance = ((categories / units[..., None]) ** 2).sum(axis=-1)
        return cast(Floats, np.where(chance < 1, (mean - chance) / (1 - chance), np.nan))


def unit_agreement(given: Floats) -> Floats:
    """The share of pairs of raters that agree about each unit, of units that all raters answered."""
    raters = given.sum(axis=1)
    return cast(Floats, ((given**2).sum(axis=1) - raters) / (raters * (raters - 1)))


def by_cluster(values: Floats, clusters: Codes) -> Floats:
    """Sums over the units of each cluster: clusters x what a unit has."""
    made = np.zeros((int(clusters.max(initial=-1)) + 1, *values.shape[1:]))
    np.add.at(made, clusters, values)
    return made
