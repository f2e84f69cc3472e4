"""Facets of personality: what each half of a reader's reviews says of them, and how far that can be relied on."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Literal

from sqlalchemy import Select, delete, func, insert, select

from gravity.frameworks.statistics import Interval, wilson
from gravity.store import tables
from gravity.store.database import Database, values
from gravity.store.records import LEVELS, Row

ALL = "all"  # in the place of a culture
LEAST = 30  # readers that a reliability is measured on
PAGE = 500


class FacetHalf(Row):
    """What one half (0 or 1) of a reader's reviews says of a facet: its `level`, high, low, unknown or failed, with its
    confidence, and its `score`, 0 at the low end to 100 at the high one, None where nothing bears on it."""

    run: str
    reader: str
    facet: str
    half: int
    level: str
    score: float | None
    confidence: float


class FacetReliability(Row):
    """How far a facet, or a trait, can be relied on in one culture, or in all of them.

    `readers` have a score from both halves of their reviews, which correlate with `r` (Pearson's; `low` and `high` are
    Fisher's 95% interval), and with `partial` where genres and star ratings are taken out; each is None where it is
    not measured. Of the readers, `both` have a level from both halves, and in `agreed` of these it is the same. Of
    `halves` that were asked about, `told` gave a level.
    """

    run: str
    of: Literal["facet", "trait"]
    name: str
    culture: str
    readers: int
    r: float | None
    low: float | None
    high: float | None
    partial: float | None
    both: int
    agreed: int
    halves: int
    told: int

    @property
    def whole(self) -> float | None:
        """The reliability of both halves together, by Spearman and Brown's formula (1910); None if not measured."""
        return spearman_brown(self.r)

    @property
    def interval(self) -> Interval | None:
        """The 95% interval of that; None where it is not measured."""
        low, high = spearman_brown(self.low), spearman_brown(self.high)
        return None if low is None or high is None else Interval(low, high)

    @property
    def agreement(self) -> Interval | None:
        """Wilson's 95% interval of the share of levels in which the halves agree; None where there are none."""
        return wilson(self.agreed, self.both) if self.both else None

    def as_json(self) -> dict[str, Any]:
        """The figures as plain values."""
        low, high = self.interval or (None, None)
        said = {"spearman_brown": self.whole, "spearman_brown_low": low, "spearman_brown_high": high}
        return {**self.model_dump(exclude={"run"}), **said}


def spearman_brown(r: float | None) -> float | None:
    """The reliability of two halves together that correlate with `r` (-1 to 1). Halves that contradict each other come
    to -1 at the least, where the formula has no lower end."""
    return None if r is None else max(-1.0, 2 * r / (1 + r)) if r > -1 else -1.0


def counts_for(rows: Iterable[FacetReliability], culture: str) -> dict[str, FacetReliability]:
    """By facet the row that says how far it can be relied on in a culture: the culture's own, or that of all cultures
    where its own is not measured. Facets of which neither is are left out."""
    measured = [row for row in rows if row.of == "facet" and row.r is not None]
    found = {row.name: row for row in measured if row.culture == ALL}
    return found | {row.name: row for row in measured if row.culture == culture}


def below(
    rows: Sequence[FacetReliability], least: float, cultures: Collection[str]
) -> dict[str, dict[str, FacetReliability]]:
    """By culture the facets whose reliability is measured and less than `least`, with the row that says so."""
    return {
        culture: {
            name: row for name, row in counts_for(rows, culture).items() if row.whole is not None and row.whole < least
        }
        for culture in cultures
    }


class Facets:
    """The halves' facets and their reliability in the store. A reader's halves are written with their profile."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def halves(self, run: str) -> list[FacetHalf]:
        """What all halves say, by reader, facet and half."""
        table = tables.facet_halves
        query = select(table).where(table.c.run == run).order_by(table.c.reader, table.c.facet, table.c.half)
        return [FacetHalf.model_validate(row) for row in self._all(query)]

    def halves_of(self, run: str, reader: str, facet: str) -> list[FacetHalf]:
        """What the halves of a reader's reviews say of a facet."""
        table = tables.facet_halves
        query = select(table).where(table.c.run == run, table.c.reader == reader, table.c.facet == facet)
        return [FacetHalf.model_validate(row) for row in self._all(query.order_by(table.c.half))]

    def keep_reliability(self, run: str, rows: Sequence[FacetReliability]) -> None:
        """Puts the figures in the place of those of before."""
        table = tables.facet_reliability
        with self.database.begin() as connection:
            connection.execute(delete(table).where(table.c.run == run))
            if rows:
                connection.execute(insert(table), values(rows))

    def reliability(self, run: str) -> list[FacetReliability]:
        """The figures, traits last; empty before any were."""
        table = tables.facet_reliability
        query = select(table).where(table.c.run == run).order_by(table.c.of, table.c.name, table.c.culture)
        return [FacetReliability.model_validate(row) for row in self._all(query)]

    def withdraw(self, run: str, facets: Mapping[str, Collection[str]]) -> int:
        """Takes out the pairs that rest on `facets`, by culture, with their checks, and returns how many those were;
        one that a person decided on stays."""
        pairs, checks, decisions = tables.pairs, tables.checks, tables.decisions
        decided = select(decisions.c.pair).where(decisions.c.run == run)
        taken = 0
        with self.database.begin() as connection:
            for culture, names in facets.items():
                if not names:
                    continue
                query = select(pairs.c.id, pairs.c.fact).where(
                    pairs.c.run == run, pairs.c.culture == culture, pairs.c.id.not_in(decided)
                )
                rest = [["facet", name] for name in names]
                ids = [identity for identity, fact in connection.execute(query) if fact in rest]
                for start in range(0, len(ids), PAGE):
                    page = ids[start : start + PAGE]
                    connection.execute(delete(checks).where(checks.c.pair.in_(page)))
                    connection.execute(delete(pairs).where(pairs.c.id.in_(page)))
                taken += len(ids)
        return taken

    def known(self, run: str) -> Counter[tuple[str, str]]:
        """How many readers are high or low, by culture and facet."""
        table, readers = tables.facts, tables.readers
        query = (
            select(readers.c.culture, table.c.name, func.count())
            .join(readers, readers.c.id == table.c.reader)
            .where(table.c.run == run, table.c.kind == "facet", table.c.value.in_(LEVELS))
            .group_by(readers.c.culture, table.c.name)
        )
        with self.database.begin() as connection:
            return Counter({(culture, name): n for culture, name, n in connection.execute(query)})

    def _all(self, query: Select[Any]) -> list[dict[str, Any]]:
        with self.database.begin() as connection:
            return [dict(row) for row in connection.execute(query).mappings()]
