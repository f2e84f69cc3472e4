"""What else than the reader could make both halves of their reviews alike: what they read, and how they rate it."""

from collections import Counter
from collections.abc import Mapping, Sequence
from statistics import fmean

from gravity.agents.halves import halves
from gravity.frameworks.taxonomy import Taxonomy
from gravity.store.records import Book, Review

SHELVES = 4  # genres whose shares are told: of more, too little of few readers would be left


class Covariates:
    """Counts genres, the widest categories of a taxonomy, and ratings, as readers are looked at one after the other."""

    def __init__(self, taxonomy: Taxonomy) -> None:
        self.taxonomy = taxonomy
        self._shelves: dict[str, tuple[Counter[str], Counter[str]]] = {}
        self._ratings: dict[str, tuple[float, float]] = {}
        self._all = Counter[str]()

    def add(self, reader: str, reviews: Sequence[Review], books: Mapping[str, Book]) -> None:
        """Takes in what a reader's profile saw; a reader of a single review has no two halves and is left out."""
        both = halves(reviews)
        if not both[1]:
            return
        counted = [Counter(name for r in half if (name := self._genre(books.get(r.book)))) for half in both]
        self._shelves[reader] = counted[0], counted[1]
        self._ratings[reader] = fmean(r.rating for r in both[0]), fmean(r.rating for r in both[1])
        self._all += counted[0] + counted[1]

    def _genre(self, book: Book | None) -> str | None:
        category, _ = self.taxonomy.place(book.categories) if book else (None, [])
        return self.taxonomy.lineage(category)[-1] if category else None

    def by_reader(self) -> dict[str, list[float]]:
        """Of each reader, for both halves, the mean rating and the shares of the most frequent genres."""
        told = [name for name, _ in sorted(self._all.items(), key=lambda one: (-one[1], one[0]))[:SHELVES]]
        found = {}
        for reader, both in self._shelves.items():
            shares = [counts[name] / max(1, counts.total()) for counts in both for name in told]
            found[reader] = [*self._ratings[reader], *shares]
        return found
