"""Which books a reader's liked one is put against: first those that the reader rated lower, then those that readers
alike rated low or gave up on, then near ones that the reader has not rated."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import erf, sqrt

from gravity.agents.interests import DISLIKED, Ratings
from gravity.agents.taste.alike import Disliked, disliked
from gravity.agents.taste.odds import Preference, preferences
from gravity.agents.taste.reader import Rater
from gravity.frameworks.records import Cues
from gravity.frameworks.taxonomy import Taxonomy
from gravity.store.corpus import Corpus
from gravity.store.embeddings import Vectors
from gravity.store.population import Population, population
from gravity.store.records import Book, Reader, RestsOn, Review
from gravity.store.vectors import VectorStore

# The standard deviation, in stars, by which two ratings of one thing by one person differ: the largest that Amatriain,
# Pujol and Oliver (2009) measured between two askings of the same people.
RETEST = 0.8156
NEAR = 4  # times as many near books are looked through as are wanted


@dataclass(frozen=True)
class Candidate:
    """A book to be rejected, what its label rests on, in words as well, the reader's review of it where there is one,
    and the ratings of others that speak against it."""

    book: Book
    rests_on: RestsOn
    said: str
    review: Review | None = None
    ratings: int = 0


@dataclass(frozen=True)
class Taste:
    """What labels from ratings are made of: all readers' ratings, books near one another, and categories. At most
    `most` books are put against one."""

    corpus: Corpus
    vectors: VectorStore
    taxonomy: Taxonomy
    cues: Cues
    most: int

    @cached_property
    def population(self) -> Population:
        """What all readers of the store rated, read when first asked for."""
        return population(self.corpus.database, self.taxonomy, self.cues)

    def rater(self, reader: Reader, ratings: Ratings) -> Rater:
        """The reader as labels see them."""
        return Rater(reader.id, reader.culture or "", ratings, self.population)

    def preferences(self, rater: Rater) -> tuple[list[Preference], str]:
        """The reader's preferences among categories, and in words the readers whom they are held against."""
        if len(rater.counts) < 2:
            return [], ""
        others = self.population.others(rater.reader, rater.culture)
        found = preferences(rater.counts, others, self.taxonomy)
        return found, f"{others.readers} other readers of {others.of}"

    def disliked(self, rater: Rater) -> list[Disliked]:
        """The described works that readers alike rated low, surest first; held-back ones are among them."""
        found = disliked(self.population, rater.reader, rater.known_works)
        return [one for one in found if self.population.described[one.work]]

    def near(self, vector: Vectors) -> list[Book]:
        """The described books nearest to one, nearest first."""
        ids = self.vectors.near("books", vector[None, :], NEAR * self.most + 1)[0]
        books = self.corpus.books(ids)
        return [books[identity] for identity in ids if identity in books and books[identity].description]

    def candidates(
        self, rater: Rater, liked: Review, vectors: dict[str, Vectors], against: Sequence[Disliked]
    ) -> Iterator[Candidate]:
        """What may be put against the liked book, in order; `vectors` has those of the reader's indexed books and
        `against` what readers alike rated low."""
        vector, met = vectors[liked.book], set[str]()
        for rated in (rater.ratings.held_back, rater.ratings.known):
            lower = [r for r in rated if r.rating <= DISLIKED and r.book in rater.books]
            for review in sorted(lower, key=lambda r: (-_cosine(vector, vectors.get(r.book)), r.id)):
                book = rater.books[review.book]
                yield Candidate(book, "own rating", f"'{book.title}' {review.rating:g}", review, 1)
        books = self.corpus.books([self.population.book[one.work] for one in against])
        for one in against:
            found = books.get(self.population.book[one.work])
            if found is not None and rater.review_of(found) is None:
                met.add(found.id)
                told = f"'{found.title}' was rated low or left unfinished by {one.low} of {one.raters} readers alike"
                yield Candidate(found, "readers alike", told, None, one.raters)
        for book in self.near(vector):
            if book.id not in met and rater.review_of(book) is None:
                yield Candidate(book, "near and unread", f"'{book.title}' is near to it and not read")


def holds(better: float, worse: float) -> float:
    """How likely (0 to 1) the reader would put two books in the same order again, by the stars that they got."""
    return (1 + erf((better - worse) / (RETEST * sqrt(2)))) / 2


def _cosine(one: Vectors, other: Vectors | None) -> float:
    return round(float(one @ other), 5) if other is not None else -1.0
