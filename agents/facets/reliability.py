"""Split-half reliability of facets and traits: how far the scores of the two halves of readers' reviews go together.

What it cannot say is whether it is the reader that both halves show, or what the reader reads and how they rate it. So
beside the plain correlation stands the partial one, with the genres and the star ratings of both halves taken out.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from math import atanh, sqrt, tanh
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from gravity.agents.facets.asking import mean_score
from gravity.agents.facets.traits import trait_levels
from gravity.frameworks.records import TRAITS, Facet
from gravity.frameworks.statistics import Z
from gravity.store.facets import ALL, LEAST, FacetHalf, FacetReliability
from gravity.store.records import LEVELS

MOST = 0.999999  # of a correlation, since Fisher's transformation of 1 is infinite

Vector = npt.NDArray[np.float64]


class Reading(NamedTuple):
    """What one half of a reader's reviews says of a facet or a trait."""

    level: str
    score: float | None


Halves = dict[str, dict[int, Reading]]  # by reader and half


def reliability(
    run: str,
    halves: Sequence[FacetHalf],
    facets: Mapping[str, Facet],
    cultures: Mapping[str, str],
    covariates: Mapping[str, Sequence[float]],
) -> list[FacetReliability]:
    """The figures of each facet and trait, by culture and over all. `cultures` are those of the readers by id, and
    `covariates` what is to be taken out: as many numbers for each reader who has two halves."""
    rows = []
    for of, name, readings in _readings(halves, facets):
        by_culture: dict[str, Halves] = defaultdict(dict)
        for reader, both in readings.items():
            by_culture[cultures[reader]][reader] = both
        for culture in sorted(by_culture):
            rows.append(_row(run, of, name, culture, by_culture[culture], {}, covariates))
        rows.append(_row(run, of, name, ALL, readings, cultures, covariates))
    return rows


def _readings(
    halves: Sequence[FacetHalf], facets: Mapping[str, Facet]
) -> Iterator[tuple[Literal["facet", "trait"], str, Halves]]:
    by_half: dict[tuple[str, int], dict[str, Reading]] = defaultdict(dict)
    for said in halves:
        if said.level != "failed" and said.facet in facets:
            by_half[said.reader, said.half][said.facet] = Reading(said.level, said.score)
    for name in facets:
        found: Halves = defaultdict(dict)
        for (reader, half), told in by_half.items():
            if name in told:
                found[reader][half] = told[name]
        yield "facet", name, found
    for trait in TRAITS:
        found = defaultdict(dict)
        for (reader, half), told in by_half.items():
            own = {name: reading for name, reading in told.items() if facets[name].trait == trait}
            level = trait_levels({name: reading.level for name, reading in own.items()}, facets).get(trait, "unknown")
            found[reader][half] = Reading(level, mean_score(reading.score for reading in own.values()))
        yield "trait", trait, found


def _row(
    run: str,
    of: Literal["facet", "trait"],
    name: str,
    culture: str,
    readings: Halves,
    groups: Mapping[str, str],
    covariates: Mapping[str, Sequence[float]],
) -> FacetReliability:
    """One row; of readers of several cultures, their `groups`, only differences within these count."""
    scored = {
        reader: (both[0].score, both[1].score)
        for reader, both in readings.items()
        if len(both) == 2 and both[0].score is not None and both[1].score is not None
    }
    levels = [(both[0].level, both[1].level) for both in readings.values() if len(both) == 2]
    known = [pair for pair in levels if pair[0] in LEVELS and pair[1] in LEVELS]
    said = [reading.level for both in readings.values() for reading in both.values()]
    scores = np.array(list(scored.values()), dtype=float).reshape(-1, 2)
    dummies = _dummies([groups.get(reader, "") for reader in scored])
    taken = np.array([covariates[reader] for reader in scored], dtype=float) if scored else np.empty((0, 0))
    r = correlation(scores, dummies)
    low, high = fisher(r, len(scored) - (dummies.shape[1] - 1)) if r is not None else (None, None)
    return FacetReliability(
        run=run,
        of=of,
        name=name,
        culture=culture,
        readers=len(scored),
        r=r,
        low=low,
        high=high,
        partial=correlation(scores, np.hstack([dummies, taken])),
        both=len(known),
        agreed=sum(one == other for one, other in known),
        halves=len(said),
        told=sum(level in LEVELS for level in said),
    )


def correlation(scores: Vector, others: Vector) -> float | None:
    """Pearson's correlation of the two columns of `scores` (n, 2) with the columns of `others` (n, k), among which is
    the constant, taken out of both; None where it cannot be measured on fewer than LEAST readers more than columns
    beside the constant, or where a column does not vary."""
    n, columns = len(scores), others.shape[1]
    if n < LEAST + columns - 1:
        return None
    left = scores - others @ np.linalg.lstsq(others, scores, rcond=None)[0]
    sizes = np.sqrt((left**2).sum(axis=0))
    if (sizes < 1e-9 * n).any():
        return None
    return float(np.clip((left[:, 0] * left[:, 1]).sum() / sizes.prod(), -1, 1))


def fisher(r: float, n: int) -> tuple[float, float]:
    """The 95% interval of a correlation `r` of `n` readers by Fisher's transformation (1915)."""
    middle, half = atanh(max(-MOST, min(MOST, r))), Z / sqrt(n - 3)
    return tanh(middle - half), tanh(middle + half)


def _dummies(groups: Sequence[str]) -> Vector:
    """A column for each group: together they hold the constant."""
    names = sorted(set(groups)) or [""]
    return np.array([[float(group == name) for name in names] for group in groups], dtype=float).reshape(-1, len(names))
