"""For whom and of what is written: readers and books that no adapter has met, dealt by hash.

Which books a reader gets does not depend on what was inferred of the reader, or a profile would choose its own test.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import pstdev
from typing import Any

from gravity.agents.interests import split
from gravity.audit.language import language_detector
from gravity.compare.evidence import Cell
from gravity.compare.factorial import entropy
from gravity.comparing.unmet import Unmet
from gravity.errors import ConfigError
from gravity.frameworks.taxonomy import Taxonomy
from gravity.store.records import Book, Reader, Review, content_id
from gravity.store.runs import Run
from gravity.store.works import edition
from gravity.stores import Stores

POOL = 2_000  # books that are looked through for each reader
READ = 6  # held-back reviews that judges are shown at most: the longest


@dataclass(frozen=True)
class Wanted:
    """What to compare: so many `readers` of each culture and `books` for each, or those named by their ids. The `seed`
    deals them. Where `kinds` are given, books are of these, as many of each, for readers who have reviewed all."""

    readers: int = 50
    books: int = 2
    reader_ids: Sequence[str] = ()
    book_ids: Sequence[str] = ()
    culture: str | None = None
    seed: int = 0
    kinds: Sequence[str] = ()


@dataclass(frozen=True)
class Place:
    """A cell, the reviews that judges read for it, and the reader whose card stands for another's; None where the
    culture has no other one."""

    cell: Cell
    reviews: Sequence[Review]
    other: str | None


@dataclass
class Cells:
    """The places, and who and what was left out, by reason."""

    places: list[Place] = field(default_factory=list)
    left_out: Counter[str] = field(default_factory=Counter)


class Chooser:
    """Chooses readers and books for a run."""

    def __init__(self, stores: Stores, run: Run, taxonomy: Taxonomy, unmet: Unmet) -> None:
        self._stores = stores
        self._run = run
        self._taxonomy = taxonomy
        self._unmet = unmet

    def cells(self, wanted: Wanted) -> Cells:
        """The cells that are wanted. Raises ConfigError where a reader or a book that was asked for cannot be taken, or
        none is left."""
        found = Cells()
        readers = self._readers(wanted, found.left_out)
        books = self._books(wanted, found.left_out)
        others = self._others(readers, wanted)
        language = language_detector()
        languages = {book.id: language(book.description) or "" for book in books}
        editions = {book.id: edition(book) for book in books}
        for reader in readers:
            reviews = self._held_back(reader)
            shown = sorted(sorted(reviews, key=lambda review: -len(review.text))[:READ], key=reviews.index)
            about = self._about(reader, shown)
            for book in self._dealt(reader, books, editions, wanted, found.left_out):
                cell = self._cell(reader, book, languages[book.id], about)
                found.places.append(Place(cell, shown, others.get(reader.id)))
        if not found.places:
            told = "; ".join(f"{reason}: {n}" for reason, n in found.left_out.most_common(4))
            raise ConfigError(f"no reader and book are left to compare for ({told or 'the store has no books'})")
        return found

    def at_hand(self, culture: str | None) -> dict[str, int]:
        """How many readers there are by culture that no adapter has met, and whose profile left a review out."""
        held_back = self._stores.ledger.held_back(self._run.id)
        found = Counter[str]()
        for reader in self._stores.corpus.readers(culture):
            if held_back.get(reader.id) and self._unmet.who_knows(reader.id) is None:
                found[reader.culture or ""] += 1
        return dict(sorted(found.items()))

    def _readers(self, wanted: Wanted, left_out: Counter[str]) -> list[Reader]:
        if wanted.reader_ids:
            return [self._asked_for(identity) for identity in dict.fromkeys(wanted.reader_ids)]
        taken: dict[str, list[Reader]] = defaultdict(list)
        for reader in self._profiled(wanted):
            group = taken[reader.culture or ""]
            if len(group) == wanted.readers:
                continue
            if (problem := self._problem(reader)) is not None:
                left_out[f"readers {problem}"] += 1
            elif not set(wanted.kinds) <= {self._kind(book)[0] for book in self._reviewed(reader)}:
                left_out[f"readers who have not reviewed both {' and '.join(wanted.kinds)}"] += 1
            else:
                group.append(reader)
        return [reader for culture in sorted(taken) for reader in taken[culture]]

    def _profiled(self, wanted: Wanted) -> list[Reader]:
        """The readers with a profile, in an order that is dealt by hash."""
        profiled = self._stores.ledger.profiled(self._run.id)
        readers = [reader for reader in self._stores.corpus.readers(wanted.culture) if reader.id in profiled]
        return sorted(readers, key=lambda reader: content_id("compare", wanted.seed, reader.id))

    def _others(self, readers: Sequence[Reader], wanted: Wanted) -> dict[str, str]:
        """By reader another one of the same culture: the next in a circle, or, of one who is alone, any other."""
        circles: dict[str, list[str]] = defaultdict(list)
        for reader in sorted(readers, key=lambda reader: content_id("other", wanted.seed, reader.id)):
            circles[reader.culture or ""].append(reader.id)
        found = dict[str, str]()
        for culture, circle in circles.items():
            found |= dict(zip(circle, [*circle[1:], circle[0]], strict=True))
            if len(circle) == 1:
                more = (r for r in self._profiled(wanted) if r.culture == culture and r.id != circle[0])
                found[circle[0]] = next((r.id for r in more if self._unmet.who_knows(r.id) is None), circle[0])
        return {reader: other for reader, other in found.items() if other != reader}

    def _asked_for(self, identity: str) -> Reader:
        reader = self._stores.corpus.reader(identity)
        if reader is None or not self._stores.ledger.is_profiled(self._run.id, identity):
            raise ConfigError(f"reader '{identity}' has no profile in run {self._run.id}: run `gravity curate` first")
        if reader.culture is None:
            raise ConfigError(f"reader '{identity}' has no culture: `gravity ingest --culture` gives one")
        if (problem := self._problem(reader)) is not None:
            raise ConfigError(f"reader '{identity}' cannot be compared for: {problem}")
        return reader

    def _problem(self, reader: Reader) -> str | None:
        """Why nothing can be compared for a reader."""
        if (writer := self._unmet.who_knows(reader.id)) is not None:
            return f"that the adapter of '{writer}' was trained on"
        if not self._held_back(reader):
            return "without a review that was held back from the profile"
        return None

    def _held_back(self, reader: Reader) -> list[Review]:
        """The reviews that the profile never saw, as far as they say something."""
        reviews = self._stores.corpus.reviews_of(reader.id)
        books = self._stores.corpus.books([review.book for review in reviews])
        found = split(reviews, books, self._run.settings.curate.get("held_back", 0.0))
        return [review for review in found.held_back if review.text.strip()]

    def _books(self, wanted: Wanted, left_out: Counter[str]) -> list[Book]:
        if not wanted.book_ids:
            ids = sorted(self._stores.corpus.described(), key=lambda book: content_id("compare", wanted.seed, book))
            found = list(self._stores.corpus.books(ids[:POOL]).values())
            new = [book for book in found if not self._unmet.has_met(book)]
            left_out["books that an adapter was trained on"] += len(found) - len(new)
            return new
        books = self._stores.corpus.books(wanted.book_ids)
        for identity in wanted.book_ids:
            if identity not in books:
                raise ConfigError(f"there is no book '{identity}' in the store: take items in with `gravity ingest`")
            if not books[identity].description.strip():
                raise ConfigError(f"book '{identity}' has no description that could be written anew")
            if self._unmet.has_met(books[identity]):
                raise ConfigError(f"book '{identity}' was met in training by an adapter: give another one")
        return list(books.values())

    def _dealt(
        self,
        reader: Reader,
        books: Sequence[Book],
        editions: Mapping[str, str],
        wanted: Wanted,
        left_out: Counter[str],
    ) -> list[Book]:
        """The books for a reader: none that they have reviewed in any edition; where kinds are wanted, these take
        turns."""
        known = {name for book in self._reviewed(reader) for name in (book.id, edition(book))}
        new = [book for book in books if book.id not in known and editions[book.id] not in known]
        if wanted.book_ids:
            left_out["books that their reader has reviewed"] += len(books) - len(new)
            return new
        ordered = sorted(new, key=lambda book: content_id("compare", wanted.seed, reader.id, book.id))
        if not wanted.kinds:
            return ordered[: wanted.books]
        kinds = [[book for book in ordered if self._kind(book)[0] == kind] for kind in wanted.kinds]
        return [book for turn in zip(*kinds, strict=False) for book in turn][: wanted.books]

    def _reviewed(self, reader: Reader) -> list[Book]:
        reviews = self._stores.corpus.reviews_of(reader.id)
        return list(self._stores.corpus.books([review.book for review in reviews]).values())

    def _about(self, reader: Reader, reviews: Sequence[Review]) -> dict[str, Any]:
        """What all cells of a reader say of them."""
        facts = self._stores.ledger.facts(self._run.id, reader.id)
        known = {f.name: f.value for f in facts if f.kind == "demographic" and f.value not in ("unknown", "failed")}
        return {
            "reader": reader.id,
            "culture": reader.culture or "",
            "age": reader.age or known.get("age", ""),
            "gender": reader.gender or known.get("gender", ""),
            "reviews": [f"{review.title}\n{review.text}".strip() for review in reviews],
            "spread": pstdev(review.rating for review in self._stores.corpus.reviews_of(reader.id)),
            "entropy": entropy(Counter(self._kind(read)[1] for read in self._reviewed(reader))),
        }

    def _cell(self, reader: Reader, book: Book, language: str, about: dict[str, Any]) -> Cell:
        kind, family = self._kind(book)
        return Cell(
            id=content_id("cell", reader.id, book.id),
            book=book.id,
            title=book.title,
            description=book.description,
            language=language,
            kind=kind,
            family=family,
            **about,
        )

    def _kind(self, book: Book) -> tuple[str, str]:
        """The widest category of a book and the next one, "" where they are not known."""
        category = self._taxonomy.place(book.categories)[0]
        path = self._taxonomy.path(category) if category else ()
        return (path[0], path[min(1, len(path) - 1)]) if path else ("", "")
