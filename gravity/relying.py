"""How far facets can be relied on, in figures: their reliability, and which make no pairs for want of it."""

from collections import Counter
from dataclasses import dataclass
from typing import Any

from gravity.frameworks.loader import Library
from gravity.store.facets import FacetReliability, below, counts_for
from gravity.store.runs import Run
from gravity.stores import Stores

LEVELS = ("high", "low", "unknown", "failed")


@dataclass(frozen=True)
class Relying:
    """`levels` counts readers and facets by culture and level. `reliability` has a row for each facet and trait, by
    culture and over all. `left_out` are the facets that make no pairs in a culture: their reliability, which is less
    than `least`, whether it is the culture's own or that of all, the readers whose level is known, and the pairs that
    were not made of these. `not_measured` counts by culture the facets that make pairs without having been measured."""

    least: float
    levels: dict[str, dict[str, int]]
    reliability: list[FacetReliability]
    left_out: list[dict[str, Any]]
    not_measured: dict[str, int]

    def as_json(self) -> dict[str, Any]:
        """The figures as plain values."""
        return {**vars(self), "reliability": [row.as_json() for row in self.reliability]}


def relying(stores: Stores, run: Run, library: Library) -> Relying:
    """What a run's profiles show of facets, by the material at hand."""
    rows, least = stores.facets.reliability(run.id), float(run.settings.curate.get("min_reliability", 0.0))
    levels = _levels(stores.ledger.fact_counts(run.id))
    doubtful = below(rows, least, levels)
    known = stores.facets.known(run.id)
    items = Counter(item.facet for item in library.items.values())
    left_out = [
        {
            "culture": culture,
            "facet": name,
            "spearman_brown": row.whole,
            "measured_on": row.culture,
            "readers_measured": row.readers,
            "readers": known[culture, name],
            "pairs_not_made": known[culture, name] * items[name],
        }
        for culture, names in doubtful.items()
        for name, row in names.items()
    ]
    used = {facet for facet in library.facets if items[facet]}
    not_measured = {culture: len(used - counts_for(rows, culture).keys()) for culture in levels}
    return Relying(least, levels, rows, left_out, not_measured)


def _levels(counts: Counter[tuple[str, str, str]]) -> dict[str, dict[str, int]]:
    rows: dict[str, dict[str, int]] = {}
    for (culture, kind, value), n in sorted(counts.items()):
        if kind == "facet":
            row = rows.setdefault(culture, dict.fromkeys((*LEVELS, "total"), 0))
            row[value] += n
            row["total"] += n
    return rows
