"""Any number of readers: the planted ones under other names."""

from collections.abc import Iterator

from gravity.project import Project
from gravity.store import importers
from gravity.store.records import Reader, Review
from tests.support import BOOKS, READERS, REVIEWS


def take_crowd(made: Project, count: int) -> None:
    """Takes in at least `count` readers. Their reviews have titles of their own, so that no two prompts are alike."""
    known = [r for r in importers.readers(READERS, made.library.cultures) if isinstance(r, Reader)]
    given = [r for r in importers.reviews(REVIEWS, "amazon-2023") if isinstance(r, Review)]
    copies = range(-(-count // len(known)))
    for intake in (
        *made.stores.corpus.take_books("books", importers.books(BOOKS, "amazon-2023")),
        *made.stores.corpus.take_readers("readers", (_renamed(r, c) for c in copies for r in known)),
        *made.stores.corpus.take_reviews("reviews", _reviews(given, len(copies)), None),
    ):
        assert not intake.refused


def _renamed(reader: Reader, copy: int) -> Reader:
    return reader.model_copy(update={"id": f"{reader.id}-{copy}"})


def _reviews(given: list[Review], copies: int) -> Iterator[Review]:
    for copy in range(copies):
        for review in given:
            renamed = {
                "id": f"{copy:04d}{review.id[4:]}",
                "reader": f"{review.reader}-{copy}",
                "title": f"{review.title} ({copy})",
            }
            yield review.model_copy(update=renamed)
