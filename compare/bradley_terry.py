"""Which writer of a line-up would be preferred first: the model of Bradley and Terry with ties, and plain counts.

Of writers with strengths p and q the first wins with chance p, loses with q and ties with v sqrt(pq), each over their
sum (Davidson 1970, JASA 65:317). The chance to be first of the line-up is p over the sum of all strengths. The fit is
by maximum likelihood with a faint normal prior on the log strengths (standard deviation 2.5), so that it is finite for
a writer that wins or loses everywhere.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy.sparse.csgraph import connected_components
from scipy.special import softmax

from gravity.audit.resampling import Estimate
from gravity.audit.tables import Flags, Floats
from gravity.compare.estimates import chance
from gravity.trainer.clusters import Clusters

_FAINT = 1 / 2.5**2
_CLOSE = 1e-10


@dataclass(frozen=True)
class Strengths:
    """Log strengths (mean 0) and log v of Davidson's model, and the curvature of the likelihood at them."""

    writers: Floats
    ties: float
    curve: Floats


def fitted(won: Floats, tied: Floats, faint: float = _FAINT) -> Strengths:
    """The strengths of writers of which the row's won against the column's so often, and which so often tied.

    `tied` is symmetric. `faint` is the weight of the prior; 0 is maximum likelihood, which needs every writer to have
    won and lost against writers that are connected.
    """
    count = len(won)
    terms = np.zeros(count + 1)
    played = np.array([(i, j, won[i, j], won[j, i], tied[i, j]) for i in range(count) for j in range(i)])
    while True:
        slope, curve = -faint * terms, faint * np.eye(count + 1)
        if not faint:
            # Only differences of strengths matter.
            curve[:count, :count] += 1 / count
        for i, j, wins, losses, ties in played:
            moves, chances = _three(terms, int(i), int(j))
            seen = np.array([wins, losses, ties])
            centre = chances @ moves
            slope += (seen - seen.sum() * chances) @ moves
            curve += seen.sum() * ((moves * chances[:, None]).T @ moves - np.outer(centre, centre))
        step = np.linalg.solve(curve, slope)
        if float(slope @ step) < _CLOSE:
            return Strengths(terms[:count] - terms[:count].mean(), float(terms[count]), curve)
        # The likelihood is concave; a step that is cut short still goes up.
        terms = terms + step / max(1.0, float(np.abs(step).max()))


def first_of_line_up(outcomes: Floats, clusters: Clusters) -> list[Estimate | None]:
    """Each writer's chance to be first of the line-up, from outcomes as `Study.judged` has them."""
    there = np.asarray(~np.isnan(outcomes).all(axis=(1, 2)), dtype=bool)
    seen, count = outcomes[there], outcomes.shape[1]
    if not len(seen) or not connected(seen):
        return [None] * count
    found = fitted((seen == 1).sum(axis=0).astype(np.float64), (seen == 0.5).sum(axis=0).astype(np.float64))
    first = softmax(found.writers)
    scores = _scores(seen, np.append(found.writers, found.ties))
    made = []
    for place, value in enumerate(first):
        direction = np.append(value * ((np.arange(count) == place) - first), 0.0)
        through = np.linalg.solve(found.curve, direction)
        influence = len(seen) * scores @ through
        made.append(
            chance(float(value), influence - influence.mean(), clusters.taken(there), float(direction @ through))
        )
    return made


def connected(outcomes: Floats) -> bool:
    """Whether comparisons lead from each writer to each other one; else their strengths have no common scale."""
    return bool(connected_components(~np.isnan(outcomes).all(axis=0), directed=False)[0] == 1)


def most_wins(outcomes: Floats) -> tuple[Floats, Flags]:
    """Cells x writers: 1 for the writer that won most of its comparisons in the cell, ties half, shared by writers with
    as many; and the cells in which all pairs of the line-up were compared, which alone count."""
    count = outcomes.shape[1]
    apart = ~np.eye(count, dtype=bool)
    whole = np.asarray(~np.isnan(outcomes[:, apart]).any(axis=1), dtype=bool) & (count > 1)
    wins = np.where(apart, np.nan_to_num(outcomes), 0.0).sum(axis=2)
    best = wins >= wins.max(axis=1, initial=0, keepdims=True) - 1e-9
    shared: Floats = best / np.maximum(best.sum(axis=1, keepdims=True), 1)
    return shared, whole


def _three(terms: Floats, i: int, j: int) -> tuple[Floats, Floats]:
    """What the three results of a comparison say of the terms, and their chances."""
    moves = np.zeros((3, len(terms)))
    moves[0, i] = moves[1, j] = moves[2, -1] = 1
    moves[2, [i, j]] = 0.5
    return moves, softmax(moves @ terms)


def _scores(outcomes: Floats, terms: Floats) -> Floats:
    """What each cell says of the terms: the slope of its likelihood."""
    made = np.zeros((len(outcomes), len(terms)))
    for i, j in _pairs(outcomes.shape[1]):
        moves, chances = _three(terms, i, j)
        told = outcomes[:, i, j]
        seen = np.stack([told == 1, told == 0, told == 0.5], axis=1).astype(np.float64)
        made += seen @ (moves - chances @ moves)
    return made


def _pairs(count: int) -> Iterator[tuple[int, int]]:
    return ((i, j) for i in range(count) for j in range(i))
