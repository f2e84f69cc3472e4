"""What all readers of the store rated, by work and by category, in sparse arrays: what one reader's ratings are held
against. It has a number for each rating and each work, so that 100,000 readers fit into memory."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from operator import itemgetter
from typing import Any

import numpy as np
import numpy.typing as npt
from sqlalchemy import case, func, select

from gravity.frameworks.records import Cues
from gravity.frameworks.taxonomy import Taxonomy
from gravity.store import tables
from gravity.store.database import Database
from gravity.store.records import Book
from gravity.store.works import edition

LIKED = 4.0  # stars from which a book was liked
LOW, UNFINISHED = 2.0, 3.0  # stars up to which it was rated low, and up to which it may have been given up on
PAGE = 10_000
ENOUGH = 30  # other readers of a culture, from which they are held against its readers and not those of all cultures

Ints = npt.NDArray[np.int32]
Counts = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Others:
    """How often readers but for one liked a book of a category, by category: (liked, rated). `of` says who they are,
    and `liked` (0 to 1, neither included) how often they like a book at all, drawn towards a half where they are few.
    """

    of: str
    readers: int
    liked: float
    counts: Mapping[str, tuple[float, float]]


@dataclass(frozen=True)
class Population:
    """The ratings of all readers. A rating is the last that a reader gave to one of the editions of a work.

    `start` has where the ratings of each reader begin, of shape (readers + 1,); `work`, `stars` and `low`, of shape
    (ratings,), are what was rated and how, `low` also where the reader gave up on it. `book` is an edition of each
    work, one with a description where there is one (`described`); `category` is its place in `categories`, -1 for none.
    """

    readers: Sequence[str]
    cultures: Sequence[str]
    start: npt.NDArray[np.int64]
    work: Ints
    stars: npt.NDArray[np.float32]
    low: npt.NDArray[np.bool_]
    works: Mapping[str, int]
    book: Sequence[str]
    described: npt.NDArray[np.bool_]
    category: Ints
    categories: Sequence[str]
    taxonomy: Taxonomy

    @cached_property
    def row(self) -> dict[str, int]:
        """The place of each reader."""
        return {reader: n for n, reader in enumerate(self.readers)}

    @cached_property
    def raters(self) -> tuple[npt.NDArray[np.int64], Ints, npt.NDArray[np.float32]]:
        """The same ratings by work: where those of each begin, and who gave how many stars."""
        order = np.argsort(self.work, kind="stable")
        start = np.searchsorted(self.work[order], np.arange(len(self.book) + 1))
        who = np.repeat(np.arange(len(self.readers), dtype=np.int32), np.diff(self.start))
        return start.astype(np.int64), who[order], self.stars[order]

    @cached_property
    def low_share(self) -> float:
        """The share of ratings that are low, drawn towards one in five where there are few."""
        return float((self.low.sum() + 2) / (len(self.low) + 10))

    def number(self, identity: str, book: Book | None) -> int | None:
        """The place of the work that a book is an edition of; None where nobody rated it."""
        return self.works.get(edition(book) if book else identity)

    def rated(self, row: int) -> slice:
        """Where the ratings of the reader in that place are."""
        return slice(int(self.start[row]), int(self.start[row + 1]))

    def others(self, reader: str, culture: str) -> Others:
        """What readers but for this one made of each category: those of the culture where they are at least ENOUGH, and
        else all."""
        row = self.row.get(reader)
        mine = self.cultures[row] if row is not None else None
        number = self._readers_of.get(culture, 0) - (mine == culture)
        of, readers = (culture, number) if number >= ENOUGH else ("", len(self.readers) - (row is not None))
        counts = self._counts[of].copy()
        if row is not None and of in ("", mine):
            counts -= self._count(np.arange(*self.rated(row).indices(len(self.work))))
        liked, rated = counts.sum(axis=0)
        overall = float((liked + 1) / (rated + 2))
        return Others(of or "all cultures", readers, overall, self._with_parents(counts))

    @cached_property
    def _readers_of(self) -> dict[str, int]:
        return {culture: self.cultures.count(culture) for culture in {*self.cultures}}

    @cached_property
    def _counts(self) -> dict[str, Counts]:
        """By culture, and over all, (liked, rated) by category, of shape (categories, 2)."""
        who = np.repeat(np.arange(len(self.readers)), np.diff(self.start))
        home = np.asarray(self.cultures, dtype=object)[who] if len(self.work) else np.asarray([], dtype=object)
        found = {culture: self._count(np.flatnonzero(home == culture)) for culture in {*self.cultures}}
        return {**found, "": self._count(np.arange(len(self.work)))}

    def _count(self, ratings: npt.NDArray[np.int64]) -> Counts:
        place = self.category[self.work[ratings]]
        told, size = place >= 0, len(self.categories)
        liked = np.bincount(place[told], self.stars[ratings][told] >= LIKED, minlength=size)
        return np.stack([liked, np.bincount(place[told], minlength=size)], axis=1).astype(np.float64)

    def _with_parents(self, counts: Counts) -> dict[str, tuple[float, float]]:
        found: dict[str, tuple[float, float]] = {}
        for place in map(int, np.flatnonzero(counts[:, 1])):
            for category in self.taxonomy.lineage(self.categories[place]):
                liked, rated = found.get(category, (0.0, 0.0))
                found[category] = liked + float(counts[place, 0]), rated + float(counts[place, 1])
        return found


def population(database: Database, taxonomy: Taxonomy, cues: Cues) -> Population:
    """Reads what everybody rated. Titles and texts are looked at one after the other and not kept."""
    works: dict[str, int] = {}
    of_book: dict[str, int] = {}
    book: list[str] = []
    described: list[bool] = []
    category: list[int] = []
    categories: dict[str, int] = {}
    b, r = tables.books.c, tables.reviews.c
    listed = select(b.id, b.title, b.author, b.categories, (func.length(b.description) > 0).label("described"))
    for row in _stream(database, listed.where(b.id.in_(select(r.book))).order_by(b.id)):
        known = Book(id=row["id"], title=row["title"], author=row["author"], categories=row["categories"])
        place, _ = taxonomy.place(known.categories)
        number = works.setdefault(edition(known), len(works))
        of_book[known.id] = number
        if number == len(book):
            book.append(known.id)
            described.append(bool(row["described"]))
            category.append(-1)
        elif row["described"] and not described[number]:
            book[number], described[number] = known.id, True
        if place is not None and category[number] < 0:
            category[number] = categories.setdefault(place, len(categories))
    readers: list[str] = []
    start, work, stars, low = [0], [], [], []
    for reader, given in groupby(_ratings(database), itemgetter("reader")):
        last: dict[int, tuple[float, bool]] = {}
        for row in sorted(given, key=lambda row: (row["time"] is not None, row["time"] or 0, row["id"])):
            if row["book"] not in of_book:
                of_book[row["book"]] = works.setdefault(row["book"], len(works))
                book.append(row["book"])
                described.append(False)
                category.append(-1)
            poor = row["rating"] <= LOW or (row["rating"] <= UNFINISHED and gave_up(row["said"], cues))
            last[of_book[row["book"]]] = row["rating"], poor
        readers.append(reader)
        start.append(start[-1] + len(last))
        for number, (given_stars, poor) in sorted(last.items()):
            work.append(number)
            stars.append(given_stars)
            low.append(poor)
    home = {row["id"]: row["culture"] or "" for row in _stream(database, select(tables.readers))}
    return Population(
        readers=readers,
        cultures=[home.get(reader, "") for reader in readers],
        start=np.asarray(start, dtype=np.int64),
        work=np.asarray(work, dtype=np.int32),
        stars=np.asarray(stars, dtype=np.float32),
        low=np.asarray(low, dtype=np.bool_),
        works=works,
        book=book,
        described=np.asarray(described, dtype=np.bool_),
        category=np.asarray(category, dtype=np.int32),
        categories=list(categories),
        taxonomy=taxonomy,
    )


def gave_up(text: str, cues: Cues) -> bool:
    """Whether a review says that its writer left the book unfinished."""
    said = " ".join(text.casefold().replace("’", "'").split())
    return re.search("|".join(map(_word, cues.gave_up)), said) is not None


def _word(cue: str) -> str:
    # Japanese has no spaces, and Python ends a word within one of Hindi's.
    plain = re.escape(cue.casefold())
    return rf"\b{plain}\b" if cue[0] < "\u0900" else plain


def _ratings(database: Database) -> Iterator[Any]:
    """Every rating by reader; the words only where they can tell that a book was left unfinished."""
    r = tables.reviews.c
    unsure = (r.rating > LOW) & (r.rating <= UNFINISHED)
    said = case((unsure, r.title + " " + r.text), else_="").label("said")
    yield from _stream(database, select(r.reader, r.book, r.rating, r.time, r.id, said).order_by(r.reader))


def _stream(database: Database, query: Any) -> Iterator[Any]:
    with database.begin() as connection:
        yield from connection.execution_options(yield_per=PAGE).execute(query).mappings()
