"""Books that readers like this one rated low or gave up on.

Two readers are alike by the constrained Pearson correlation of their ratings of works that both rated, in deviations
from the middle of the scale (Shardanand and Maes 1995), weighted by how many works those are, as n / (n + SHRINK)
(after Herlocker et al. 1999).
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gravity.store.population import Population

MIDDLE = 3.0  # stars
COMMON = 3  # works that both have rated
LIKENESS = 0.5  # the least correlation
NEAREST = 30  # readers
SHRINK = 5.0
POPULAR = 2_000  # raters of a work from which it is passed over: all have read it, and looking at them takes longest
RATERS = 2  # of them, who have rated a book
MOST_LOW = 0.5  # the weighted share of them that rated it low, at least


@dataclass(frozen=True)
class Disliked:
    """A work, by its place in the population, that `low` of `raters` readers alike rated low or gave up on; `share` is
    their weighted share."""

    work: int
    low: int
    raters: int
    share: float


def alike(population: Population, reader: str, known: Mapping[int, float]) -> list[tuple[int, float]]:
    """The places of the readers most like one whose `known` ratings (stars by work) these are, with their weights (0 to
    1), likest first; at most NEAREST."""
    start, who, stars = population.raters
    given_to = [slice(int(start[work]), int(start[work + 1])) for work in known]
    told = [part.stop - part.start < POPULAR for part in given_to]
    slices = [part for part, tells in zip(given_to, told, strict=True) if tells]
    if len(slices) < COMMON:
        return []
    raters = np.concatenate([who[one] for one in slices])
    given = np.concatenate([stars[one] for one in slices]).astype(np.float64) - MIDDLE
    mine = np.asarray([*known.values()])[told] - MIDDLE
    own = np.repeat(mine, [one.stop - one.start for one in slices])
    found, place = np.unique(raters, return_inverse=True)
    common = np.bincount(place)
    norm = np.sqrt(np.bincount(place, given**2) * np.bincount(place, own**2))
    likeness = np.divide(np.bincount(place, given * own), norm, out=np.zeros(len(found)), where=norm > 0)
    fits = (common >= COMMON) & (likeness >= LIKENESS) & (found != population.row.get(reader, -1))
    weight = likeness * common / (common + SHRINK)
    chosen = np.flatnonzero(fits)
    chosen = chosen[np.lexsort((found[chosen], -weight[chosen].round(9)))][:NEAREST]
    return [(int(found[n]), float(weight[n])) for n in chosen]


def disliked(population: Population, reader: str, known: Mapping[int, float]) -> list[Disliked]:
    """The works outside `known` that most readers alike rated low or gave up on, surest first.

    The share is drawn towards how often works are rated low at all, which counts as one reader who is just alike.
    """
    near = alike(population, reader, known)
    if not near:
        return []
    parts = [population.rated(row) for row, _ in near]
    works = np.concatenate([population.work[part] for part in parts])
    low = np.concatenate([population.low[part] for part in parts])
    weights = np.repeat([weight for _, weight in near], [part.stop - part.start for part in parts])
    found, place = np.unique(works, return_inverse=True)
    raters, lows = np.bincount(place), np.bincount(place, low)
    total, against = np.bincount(place, weights), np.bincount(place, weights * low)
    share: npt.NDArray[np.float64] = (against + population.low_share) / (total + 1)
    fits = (raters >= RATERS) & (against >= MOST_LOW * total) & ~np.isin(found, [*known])
    chosen = np.flatnonzero(fits)
    chosen = chosen[np.lexsort((found[chosen], -share[chosen].round(9)))]
    return [Disliked(int(found[n]), int(lows[n]), int(raters[n]), float(share[n])) for n in chosen]
