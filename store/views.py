"""What readers let show: their views, each with the words of theirs that show it, and the seeds that they bring."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from typing import Any, Literal

from pydantic import Field
from sqlalchemy import Select, func, insert, select, update

from gravity.frameworks.records import Seed
from gravity.store import tables
from gravity.store.database import Database, insert_new, values
from gravity.store.records import Provenance, Review, Row, content_id

PAGE = 2_000
FRAMEWORK = "readers"  # of the seeds that readers bring
AROUND = 200  # characters that are shown on either side of a quote

About = Literal["books", "life"]
Said = Literal["stated", "implied"]


class View(Row):
    """A view of a reader, as one review shows it.

    `quote` stands in the review word for word. `half`, 0 or 1, is the half of the reader's reviews that the review
    belongs to. `common` is the model's guess of the share of readers who hold it, 0 to 1. A view that was refuted, or
    that is no view by the rules, is dropped for a `reason`; one that says what another of the reader's views says, in
    the words of another review or chunk, names it as `same_as`.
    """

    id: str
    run: str
    reader: str
    review: str
    half: int
    quote: str
    statement: str
    opposite: str
    about: About
    said: Said
    common: float | None = None
    verdict: Literal["kept", "dropped"]
    reason: str = ""
    same_as: str | None = None
    made_by: Provenance
    checked_by: Provenance | None = None

    @property
    def distinct(self) -> bool:
        """Whether it is kept and says what no earlier view of its reader says."""
        return self.verdict == "kept" and self.same_as is None


class Reading(Row):
    """That a reader's reviews were read for views: how many were, and how many were left out since the reader has so
    many. `calls` are the kept answers that it rests on, and `failed` holds the reasons of chunks without a usable
    one."""

    run: str
    reader: str
    reviews: int
    reviews_left_out: int = 0
    calls: list[str] = Field(default_factory=list)
    failed: list[str] = Field(default_factory=list)


class Group(Row):
    """Views of several readers of a run that lie near one another; `settled` once the seeds in them are known, or once
    it is known why there can be none: it `failed` for want of a usable answer."""

    id: str
    run: str
    views: list[str]
    settled: bool = False
    failed: str = ""


class ReaderSeed(Seed):
    """A seed that readers brought: worded from the `views` of several, or from one that a single `reader` holds.

    `dimension` is that of a known framework, as "schwartz/security", or a construct of the readers' own. `agree` and
    `disagree` count the readers whose views are on either side. It is used in `cultures`, unless it was dropped for a
    `reason`; one that says what another seed says names it as `same_as`.
    """

    run: str
    reader: str | None = None
    cultures: list[str]
    agree: int
    disagree: int
    views: list[str]
    verdict: Literal["kept", "dropped"]
    reason: str = ""
    same_as: str | None = None
    made_by: Provenance
    checked_by: Provenance | None = None

    @property
    def known(self) -> str | None:
        """The framework of the known dimension that it is near to, or None."""
        framework, _, dimension = self.dimension.partition("/")
        return framework if dimension else None


def view_id(run: str, reader: str, review: str, quote: str, statement: str) -> str:
    """The id of a view."""
    return content_id("view", run, reader, review, quote, statement)


def around(quote: str, review: Review) -> str:
    """The quote, marked, within the words around it. Raises ValueError where it does not stand in the review."""
    text = review.text if quote in review.text else review.title
    start = text.index(quote)
    end = start + len(quote)
    before, after = text[max(0, start - AROUND) : start], text[end : end + AROUND]
    return f"{'…' if start > AROUND else ''}{before}«{quote}»{after}{'…' if len(text) - end > AROUND else ''}"


class Views:
    """Views and readers' seeds in the store; a reader's reading is written whole, and once."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def add_reading(self, reading: Reading, views: Sequence[View]) -> None:
        """Keeps all views of a reader, the dropped ones too."""
        with self.database.begin() as connection:
            if insert_new(connection, tables.readings, [reading]) and views:
                connection.execute(insert(tables.views), values(views))

    def readings(self, run: str) -> dict[str, Reading]:
        """What was read, by reader."""
        rows = self._all(select(tables.readings).where(tables.readings.c.run == run))
        return {row["reader"]: Reading.model_validate(row) for row in rows}

    def reading(self, run: str, reader: str) -> Reading | None:
        """What was read of one reader; None where nothing was."""
        table = tables.readings
        rows = self._all(select(table).where(table.c.run == run, table.c.reader == reader))
        return Reading.model_validate(rows[0]) if rows else None

    def of(self, run: str, reader: str) -> list[View]:
        """A reader's views in a stable order."""
        table = tables.views
        query = select(table).where(table.c.run == run, table.c.reader == reader).order_by(table.c.number)
        return [View.model_validate(row) for row in self._all(query)]

    def named(self, ids: Sequence[str]) -> list[View]:
        """The views of these ids, in their order."""
        rows = self._all(select(tables.views).where(tables.views.c.id.in_(ids)))
        found = {row["id"]: View.model_validate(row) for row in rows}
        return [found[identity] for identity in ids if identity in found]

    def kept(self, run: str) -> Iterator[View]:
        """The kept views of a run by reader, a page at a time."""
        table, last = tables.views, 0
        while True:
            query = select(table).where(table.c.run == run, table.c.number > last, table.c.verdict == "kept")
            page = self._all(query.order_by(table.c.number).limit(PAGE))
            yield from (View.model_validate(row) for row in page)
            if len(page) < PAGE:
                return
            last = page[-1]["number"]

    def distinct(self, run: str) -> dict[str, list[View]]:
        """The distinct views of a run by reader."""
        found: dict[str, list[View]] = defaultdict(list)
        for view in self.kept(run):
            if view.distinct:
                found[view.reader].append(view)
        return found

    def view_counts(self, run: str) -> Counter[tuple[str, str, bool]]:
        """Views by verdict, reason, and whether they repeat another one of their reader."""
        table = tables.views
        key = (table.c.verdict, table.c.reason, table.c.same_as.is_not(None))
        query = select(*key, func.count()).where(table.c.run == run).group_by(*key)
        with self.database.begin() as connection:
            rows = connection.execution_options(yield_per=PAGE).execute(query)
            return Counter({(verdict, reason, bool(repeats)): n for verdict, reason, repeats, n in rows})

    def add_groups(self, groups: Sequence[Group]) -> None:
        """Keeps groups of views, so that a later start takes up the same."""
        with self.database.begin() as connection:
            insert_new(connection, tables.groups, groups)

    def groups(self, run: str) -> list[Group]:
        """The groups of a run, by id."""
        table = tables.groups
        rows = self._all(select(table).where(table.c.run == run).order_by(table.c.id))
        return [Group.model_validate(row) for row in rows]

    def add_seeds(self, seeds: Sequence[ReaderSeed]) -> None:
        """Keeps seeds that readers brought."""
        with self.database.begin() as connection:
            insert_new(connection, tables.reader_seeds, seeds)

    def settle(self, group: Group, seeds: Sequence[ReaderSeed], failed: str) -> None:
        """Keeps the seeds that a group came to, the dropped ones too; or that it `failed`, and why."""
        table = tables.groups
        settled = update(table).where(table.c.id == group.id, table.c.run == group.run)
        with self.database.begin() as connection:
            insert_new(connection, tables.reader_seeds, seeds)
            connection.execute(settled.values(settled=True, failed=failed))

    def drop_seeds(self, seeds: Sequence[ReaderSeed]) -> None:
        """Takes back that seeds are kept, for their `reason`, and says what they are the same as."""
        table = tables.reader_seeds
        with self.database.begin() as connection:
            for seed in seeds:
                of = table.c.run == seed.run, table.c.id == seed.id
                connection.execute(
                    update(table).where(*of).values(verdict="dropped", reason=seed.reason, same_as=seed.same_as)
                )

    def seeds(self, run: str) -> list[ReaderSeed]:
        """The seeds that readers brought, by id."""
        table = tables.reader_seeds
        rows = self._all(select(table).where(table.c.run == run).order_by(table.c.id))
        return [ReaderSeed.model_validate(row) for row in rows]

    def seed(self, run: str, identity: str) -> ReaderSeed | None:
        """The seed of this id, where readers of the run brought it."""
        table = tables.reader_seeds
        rows = self._all(select(table).where(table.c.run == run, table.c.id == identity))
        return ReaderSeed.model_validate(rows[0]) if rows else None

    def _all(self, query: Select[Any]) -> list[dict[str, Any]]:
        with self.database.begin() as connection:
            return [dict(row) for row in connection.execute(query).mappings()]
