"""Small made-up stores of readers whose tastes are planted."""

from collections.abc import Iterable
from pathlib import Path

from gravity.agents.interests import split
from gravity.agents.taste.candidates import Taste
from gravity.agents.taste.reader import Rater
from gravity.store.corpus import Corpus
from gravity.store.database import Database
from gravity.store.records import Book, Reader, Review
from gravity.store.vectors import VectorStore, book_entry
from tests import support
from tests.stub.embedder import HashEmbedder

Stars = dict[str, float]  # by book, in the order of time


def book(identity: str, category: str = "", description: str = "", author: str | None = None) -> Book:
    categories = ["Books", category] if category else []
    given = description or f"All about {identity}."
    return Book(id=identity, title=f"Title {identity}", author=author, description=given, categories=categories)


def reviews(reader: str, stars: Stars) -> list[Review]:
    """One review of each book, a day apart."""
    return [
        support.review(f"{reader} on {name}", rating, name, f"{reader} says this of {name}.", reader=reader, time=n)
        for n, (name, rating) in enumerate(stars.items())
    ]


class Store:
    """A store of books and readers, `most` books against one, and a share `held_back` of each reader's works."""

    def __init__(self, database: Database, folder: Path, books: Iterable[Book], most: int = 3) -> None:
        self.corpus = Corpus(database)
        self.vectors = VectorStore(str(folder / "chroma"), HashEmbedder())
        listed = list(books)
        list(self.corpus.take_books("books", listed))
        self.vectors.index("books", map(book_entry, listed))
        self.taste: Taste = support.taste(self.corpus, self.vectors, most)

    def add(self, reader: str, stars: Stars, culture: str = "us") -> None:
        """Takes in a reader's ratings."""
        list(self.corpus.take_reviews("reviews", reviews(reader, stars), culture))

    def rater(self, reader: str, held_back: float = 0.5) -> Rater:
        """The reader as labels see them."""
        known = self.corpus.reader(reader)
        assert known is not None
        given = self.corpus.reviews_of(reader)
        books = self.corpus.books([one.book for one in given])
        return self.taste.rater(known, split(given, books, held_back))

    def reader(self, reader: str) -> Reader:
        """What is given of the reader."""
        known = self.corpus.reader(reader)
        assert known is not None
        return known
