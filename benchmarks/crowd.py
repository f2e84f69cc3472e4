"""Any number of readers: the planted ones under other names."""

from collections.abc import Iterable, Iterator

from gravity.project import Project
from gravity.store import importers
from gravity.store.records import Reader, Review
from tests.support import LOUD, People


def take_crowd(made: Project, count: int, people: People = LOUD) -> None:
    """Takes in at least `count` readers. Their reviews have titles of their own, so that no two prompts are alike: by
    these the played model words the views of each copy for itself, and they count as those of different readers."""
    known, given = _read(made, people)
    copies = range(-(-count // len(known)))
    _take(
        made,
        people,
        (_renamed(reader, copy) for copy in copies for reader in known),
        (_copied(review, copy) for copy in copies for review in given),
    )


def take_alike(made: Project, reviews: int, people: People) -> int:
    """Takes in planted people with so many reviews each, and returns how many they are. Who has more loses the last
    ones, and who has fewer is given those of the next one of the same culture."""
    known, given = _read(made, people)
    own = {reader.id: [review for review in given if review.reader == reader.id] for reader in known}
    _take(made, people, known, _evened(known, own, reviews))
    return len(known)


def _evened(known: list[Reader], own: dict[str, list[Review]], reviews: int) -> Iterator[Review]:
    for place, reader in enumerate(known):
        others = [o for o in known[place + 1 :] + known[:place] if o.culture == reader.culture]
        lent = [_lent(review, reader) for review in own[others[0].id]]
        yield from (own[reader.id] + lent)[:reviews]


def _lent(review: Review, reader: Reader) -> Review:
    return review.model_copy(update={"id": f"lent{review.id[4:]}", "reader": reader.id})


def _read(made: Project, people: People) -> tuple[list[Reader], list[Review]]:
    readers = importers.readers(people.readers, made.library.cultures)
    reviews = importers.reviews(people.reviews, "amazon-2023")
    return [r for r in readers if isinstance(r, Reader)], [r for r in reviews if isinstance(r, Review)]


def _take(made: Project, people: People, readers: Iterable[Reader], reviews: Iterable[Review]) -> None:
    for intake in (
        *made.stores.corpus.take_books("books", importers.books(people.books, "amazon-2023")),
        *made.stores.corpus.take_readers("readers", readers),
        *made.stores.corpus.take_reviews("reviews", reviews, None),
    ):
        assert not intake.refused


def _renamed(reader: Reader, copy: int) -> Reader:
    return reader.model_copy(update={"id": f"{reader.id}-{copy}"})


def _copied(review: Review, copy: int) -> Review:
    renamed = {
        "id": f"{copy:04d}{review.id[4:]}",
        "reader": f"{review.reader}-{copy}",
        "title": f"{review.title} ({copy})",
    }
    return review.model_copy(update=renamed)
