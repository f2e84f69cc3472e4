"""Readers, their reviews and the books: taken in from files, and given back by reader."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, TypeVar

from sqlalchemy import Connection, Select, Table, func, select, update
from sqlalchemy.dialects import postgresql, sqlite

from gravity.store import tables
from gravity.store.database import Database, insert_new, values
from gravity.store.records import Book, Reader, Refusal, Review, Row

BATCH = 2_000

T = TypeVar("T", bound=Row)


@dataclass
class Intake:
    """What became of the rows of one file: read = kept + duplicates + refused."""

    source: str
    read: int = 0
    kept: int = 0
    duplicates: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    examples: list[Refusal] = field(default_factory=list)


class Corpus:
    """The input side of the store."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def take_reviews(self, source: str, rows: Iterable[Review | Refusal], culture: str | None) -> Iterator[Intake]:
        """Adds reviews; their readers become known, of `culture` where nothing else says. Yields progress."""

        def insert(connection: Connection, batch: list[Review]) -> int:
            ids = list(dict.fromkeys(review.reader for review in batch))
            insert_new(connection, tables.readers, [Reader(id=reader, culture=culture) for reader in ids])
            if culture is not None:
                unsaid = tables.readers.c.id.in_(ids) & tables.readers.c.culture.is_(None)
                connection.execute(update(tables.readers).where(unsaid).values(culture=culture))
            return insert_new(connection, tables.reviews, batch)

        return self._take(source, rows, insert)

    def take_books(self, source: str, rows: Iterable[Book | Refusal]) -> Iterator[Intake]:
        """Adds books; one already there stays as it is. Yields progress."""
        return self._take(source, rows, lambda connection, batch: insert_new(connection, tables.books, batch))

    def take_readers(self, source: str, rows: Iterable[Reader | Refusal]) -> Iterator[Intake]:
        """Adds what is given of readers, over what stood there. Yields progress."""
        return self._take(source, rows, _replace_readers)

    def _take(self, source: str, rows: Iterable[T | Refusal], insert: Any) -> Iterator[Intake]:
        intake = Intake(source)
        stream = iter(rows)
        while batch := list(islice(stream, BATCH)):
            refused = [row for row in batch if isinstance(row, Refusal)]
            taken = [row for row in batch if not isinstance(row, Refusal)]
            with self.database.begin() as connection:
                kept = insert(connection, taken) if taken else 0
                insert_new(connection, tables.refusals, refused)
            intake.read += len(batch)
            intake.kept += kept
            intake.duplicates += len(taken) - kept
            intake.refused.update(row.reason for row in refused)
            intake.examples.extend(refused[: max(0, 10 - len(intake.examples))])
            yield intake

    def readers(self, culture: str | None = None, limit: int | None = None, min_reviews: int = 1) -> list[Reader]:
        """Readers with a culture and enough reviews, in a stable order that spreads over the cultures."""
        counts = (
            select(tables.reviews.c.reader, func.count().label("n"))
            .group_by(tables.reviews.c.reader)
            .having(func.count() >= min_reviews)
            .subquery()
        )
        rank = func.row_number().over(partition_by=tables.readers.c.culture, order_by=tables.readers.c.id)
        query = (
            select(tables.readers)
            .join(counts, counts.c.reader == tables.readers.c.id)
            .where(tables.readers.c.culture.is_not(None))
            .order_by(rank, tables.readers.c.culture)
        )
        if culture is not None:
            query = query.where(tables.readers.c.culture == culture)
        if limit is not None:
            query = query.limit(limit)
        return [Reader.model_validate(row) for row in self._all(query)]

    def reader(self, identity: str) -> Reader | None:
        """The reader of that id, or None."""
        rows = self._all(select(tables.readers).where(tables.readers.c.id == identity))
        return Reader.model_validate(rows[0]) if rows else None

    def reviews_of(self, reader: str) -> list[Review]:
        """A reader's reviews, oldest first."""
        query = select(tables.reviews).where(tables.reviews.c.reader == reader)
        rows = self._all(query.order_by(tables.reviews.c.time, tables.reviews.c.id))
        return [Review.model_validate(row) for row in rows]

    def reviews(self, ids: Sequence[str]) -> list[Review]:
        """The reviews of those ids, in that order; an unknown id is passed over."""
        rows = self._all(select(tables.reviews).where(tables.reviews.c.id.in_(ids)))
        found = {row["id"]: Review.model_validate(row) for row in rows}
        return [found[identity] for identity in ids if identity in found]

    def books(self, ids: Sequence[str]) -> dict[str, Book]:
        """The books of those ids that are known, by id."""
        rows = self._all(select(tables.books).where(tables.books.c.id.in_(list(ids))))
        return {row["id"]: Book.model_validate(row) for row in rows}

    def described(self) -> list[str]:
        """The ids of all books that have a description, in order."""
        query = select(tables.books.c.id).where(tables.books.c.description != "").order_by(tables.books.c.id)
        return [row["id"] for row in self._all(query)]

    def counts(self) -> dict[str, int]:
        """How many readers (with and without reviews, without culture), reviews, books and refusals there are."""
        with_reviews = select(tables.reviews.c.reader).distinct()
        queries: dict[str, Select[Any]] = {
            "reviews": select(func.count()).select_from(tables.reviews),
            "refused rows": select(func.count()).select_from(tables.refusals),
            "books": select(func.count()).select_from(tables.books),
            "readers": select(func.count()).select_from(tables.readers),
            "readers without reviews": select(func.count())
            .select_from(tables.readers)
            .where(tables.readers.c.id.not_in(with_reviews)),
            "readers without culture": select(func.count())
            .select_from(tables.readers)
            .where(tables.readers.c.culture.is_(None)),
        }
        with self.database.begin() as connection:
            return {name: connection.execute(query).scalar_one() for name, query in queries.items()}

    def review_counts(self) -> dict[str, int]:
        """How many reviews each reader has."""
        query = select(tables.reviews.c.reader, func.count().label("n")).group_by(tables.reviews.c.reader)
        return {row["reader"]: row["n"] for row in self._all(query)}

    def _all(self, query: Select[Any]) -> list[dict[str, Any]]:
        with self.database.begin() as connection:
            return [dict(row) for row in connection.execute(query).mappings()]


def _replace_readers(connection: Connection, batch: list[Reader]) -> int:
    table: Table = tables.readers
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    statement = dialect.insert(table)
    given = {
        name: func.coalesce(statement.excluded[name], table.c[name])
        for name in ("culture", "gender", "age", "location")
    }
    connection.execute(statement.on_conflict_do_update(index_elements=["id"], set_=given), values(batch))
    return len(batch)
