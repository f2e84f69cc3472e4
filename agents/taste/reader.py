"""One reader's ratings as labels see them: by book, by work of the population, by category."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from gravity.agents.interests import Ratings
from gravity.agents.taste.odds import Counts
from gravity.store.population import LIKED, Population
from gravity.store.records import Book, Review
from gravity.store.works import title_of


@dataclass(frozen=True)
class Rater:
    """A reader whose `ratings` these are, among those of the population."""

    reader: str
    culture: str
    ratings: Ratings
    population: Population

    @property
    def books(self) -> Mapping[str, Book]:
        """What is known of the reader's books, by id."""
        return self.ratings.books

    @cached_property
    def liked(self) -> list[Review]:
        """The held-back reviews of books that the reader liked and that are known."""
        return [r for r in self.ratings.held_back if r.rating >= LIKED and r.book in self.books]

    @cached_property
    def known_works(self) -> dict[int, float]:
        """The stars of what the profile may know of, by the work's place in the population."""
        numbers = ((self.number(review), review.rating) for review in self.ratings.known)
        return {number: stars for number, stars in numbers if number is not None}

    @cached_property
    def counts(self) -> dict[str, Counts]:
        """By category how many of its known books the reader liked and rated; a wider one counts those below it."""
        found: dict[str, Counts] = {}
        for review in self.ratings.known:
            for category in self.lineage(review):
                liked, rated = found.get(category, (0.0, 0.0))
                found[category] = liked + (review.rating >= LIKED), rated + 1
        return found

    def number(self, review: Review) -> int | None:
        """The place of the reviewed work in the population."""
        return self.population.number(review.book, self.books.get(review.book))

    def lineage(self, review: Review) -> Sequence[str]:
        """The categories that the reviewed book counts for, narrowest first."""
        book = self.books.get(review.book)
        taxonomy = self.population.taxonomy
        place = taxonomy.place(book.categories)[0] if book else None
        return taxonomy.lineage(place) if place is not None else ()

    def review_of(self, book: Book) -> Review | None:
        """What the reader rated that is this book or another edition of its work; None for a book not read."""
        title = title_of(book)
        return self._of_book.get(book.id) or (self._of_title.get(title.loose) if title.author else None)

    @cached_property
    def _of_book(self) -> dict[str, Review]:
        own = {review.book: review for review in (*self.ratings.known, *self.ratings.held_back)}
        return {**own, **self.ratings.editions}

    @cached_property
    def _of_title(self) -> dict[object, Review]:
        titles = ((title_of(self.books[book]), review) for book, review in self._of_book.items() if book in self.books)
        return {title.loose: review for title, review in titles if title.author}
