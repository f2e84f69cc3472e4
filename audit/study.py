"""What every measure works with: the evidence, the thresholds, the material, and ways to make a figure."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa

from gravity.audit.evidence import Evidence
from gravity.audit.figures import Figure
from gravity.audit.resampling import Draws, Estimate, beyond
from gravity.audit.settings import AuditSettings
from gravity.audit.tables import Codes, Flags, codes
from gravity.frameworks.loader import Library


@dataclass(frozen=True)
class Study:
    """An audit at work."""

    evidence: Evidence
    settings: AuditSettings
    library: Library

    @cached_property
    def cultures(self) -> list[str]:
        """The cultures that any table names, in order."""
        tables = (self.evidence.pairs, self.evidence.scenes, self.evidence.facts, self.evidence.readers)
        return sorted({name for table in tables for name in codes(table, "culture")[1] if name})

    @cached_property
    def brought(self) -> dict[str, dict[str, Any]]:
        """The kept seeds that readers brought, by id; of one that several cultures use, any row."""
        return {row["id"]: row for row in self.evidence.brought.to_pylist()}

    def dimension(self, seed: str) -> str | None:
        """The dimension of a seed as "framework/name", or as its own name where readers brought a construct of their
        own; None where nobody knows the seed."""
        if seed in self.library.seeds:
            return f"{self.library.seeds[seed].framework}/{self.library.seeds[seed].dimension}"
        return self.brought[seed]["dimension"] if seed in self.brought else None

    def called(self, culture: str) -> str:
        """A culture's name in words, where it is known."""
        known = self.library.cultures.get(culture)
        return known.name if known else culture

    def culture_codes(self, table: pa.Table) -> Codes:
        """The place of each row's culture in `cultures`, -1 for none."""
        found, names = codes(table, "culture")
        place = {name: index for index, name in enumerate(self.cultures)}
        return np.array([*(place.get(name, -1) for name in names), -1], dtype=np.int64)[found]

    def parts(self, culture: Codes) -> Iterator[tuple[str, Flags]]:
        """All rows, named "", then those of each culture, by the codes that `culture_codes` gives."""
        yield "", np.ones(len(culture), dtype=bool)
        for code, name in enumerate(self.cultures):
            yield name, culture == code

    def draws(self, clusters: Sequence[Codes], rows: Flags | slice = slice(None)) -> Draws:
        """Bootstrap draws over the clusters of some rows."""
        return Draws(tuple(way[rows] for way in clusters), self.settings.repeats)

    def rate(self, hits: Flags, clusters: Sequence[Codes], **labels: Any) -> Figure:
        """A share of rows with its interval."""
        figure = Figure(n=len(hits), **labels)
        if not len(hits):
            figure.enough = False
            return figure
        draws = self.draws(clusters)
        found = draws.rate(hits.astype(np.float64), np.ones(len(hits)))
        return self.filled(figure, found, draws)

    def filled(self, figure: Figure, found: Estimate | None, draws: Draws) -> Figure:
        """A figure with an interval put in, and whether rows and clusters are enough for a claim."""
        figure.clusters = draws.count
        figure.enough = figure.n >= self.settings.min_rows and draws.count >= self.settings.min_clusters
        if found is None:
            figure.enough = False
            return figure
        figure.value, figure.low, figure.high = found.value, found.low, found.high
        return figure

    def above(self, figure: Figure, found: Estimate | None, bound: float, both_ways: float | None = None) -> bool:
        """Tests a figure against a bound it should not pass, or with `both_ways` against that middle plus and minus
        the bound; returns whether it lies beyond."""
        figure.family = "exploratory"
        if found is None or not figure.enough:
            return False
        share = figure.unit == "share"
        if both_ways is None:
            figure.test, figure.against, figure.p = "one-sided t over clusters", bound, beyond(found, bound, share)
            return found.value > bound
        figure.test = "two-sided t over clusters, outside the margin"
        figure.against = both_ways
        mirrored = Estimate(2 * both_ways - found.value, 0, 0, found.error, found.freedom)
        p = min(beyond(found, both_ways + bound, share), beyond(mirrored, both_ways + bound, share))
        figure.p = min(1.0, 2 * p)
        return abs(found.value - both_ways) > bound


def listed(names: Sequence[str]) -> str:
    """Names in plain words: a, b and c."""
    return " and ".join(filter(None, [", ".join(names[:-1]), *names[-1:]]))


def percent(share: float | None) -> str:
    """A share in words."""
    return "unknown" if share is None else f"{100 * share:.1f}%" if abs(share) < 0.1 else f"{100 * share:.0f}%"


def split_words(text: str) -> list[str]:
    """The words of a text, as split by spaces; of scripts without spaces each character is one."""
    return (text if text.isascii() else _SPACELESS.sub(r" \g<0> ", text)).split()


def count_words(text: str) -> int:
    """How many words a text has, by `split_words`."""
    return len(split_words(text))


_SPACELESS = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]")
