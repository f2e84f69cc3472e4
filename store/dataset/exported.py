"""What an export wrote, in counts."""

from dataclasses import dataclass
from pathlib import Path

from gravity.store.dataset.variant import Varied
from gravity.store.distinction import Distinction
from gravity.store.facets import FacetReliability
from gravity.store.rated_lots import Rated
from gravity.store.records import Lot
from gravity.store.reliability import Reliability


@dataclass(frozen=True)
class Export:
    """What was written: rows by split, pairs left out by reason, and the counts of the card; `reliability` is that of
    stances as sure as the run asks for, `facets` that of facets and traits, and `doubtful` are by culture the facets
    that make no pairs for want of it. `distinctions` say how far labels tell readers apart, and `rated` what later
    ratings say of labels that rest on ratings. All of these are about the plain pairs, so a variant has none."""

    folder: Path
    rows: dict[str, int]
    left_out: dict[str, int]
    by_culture_and_track: dict[str, int]
    lots: list[Lot]
    rated: list[Rated]
    unqualified: int
    reliability: list[Reliability]
    distinctions: list[Distinction]
    facets: list[FacetReliability]
    doubtful: dict[str, list[str]]
    variant: Varied | None = None
