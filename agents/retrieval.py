"""What of a reader a call shows: reviews, all or the longest or the nearest, or views with the seeds near them."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from gravity.agents.evidence import Evidence
from gravity.agents.facets.asking import FacetBatch
from gravity.agents.halves import halves
from gravity.agents.interests import Ratings, split
from gravity.agents.stances import Batch
from gravity.frameworks.issues import both_sides
from gravity.frameworks.records import Facet, Seed
from gravity.store.corpus import Corpus
from gravity.store.embeddings import Vectors
from gravity.store.records import Book, Review
from gravity.store.vectors import VectorStore, book_entry, review_entry
from gravity.store.views import View

VIEWS_PER_CALL = 16


@dataclass(frozen=True)
class Retriever:
    """Reads readers' reviews and picks those for a call: at most `reviews_per_call`, in the order of their dates.

    A call asks about at most `seeds_per_call` seeds, or `facets_per_call` facets. A share `held_back` (0 to 0.5) of the
    works that a reader reviewed is kept from the profile.
    """

    corpus: Corpus
    vectors: VectorStore
    reviews_per_call: int
    seeds_per_call: int
    facets_per_call: int
    held_back: float
    _seed_vectors: dict[str, Vectors] = field(default_factory=dict)

    def index(self, reader: str) -> None:
        """Puts a reader's reviews and their books into the vector store, as far as they are not there yet."""
        reviews = self.corpus.reviews_of(reader)
        self.vectors.index("reviews", map(review_entry, reviews))
        self.vectors.index("books", map(book_entry, self.books(reviews).values()))

    def ratings(self, reader: str) -> Ratings:
        """A reader's reviews, split into those that the profile may see and those held back."""
        reviews = self.corpus.reviews_of(reader)
        return split(reviews, self.books(reviews), self.held_back)

    def books(self, reviews: Sequence[Review]) -> Mapping[str, Book]:
        """The books that the reviews are about, by id, as far as they are known."""
        return self.corpus.books([review.book for review in reviews])

    def longest(self, reviews: Sequence[Review]) -> list[Review]:
        """The longest of the reviews, which tell most."""
        longest = {r.id for r in sorted(reviews, key=lambda review: -len(review.text))[: self.reviews_per_call]}
        return [review for review in reviews if review.id in longest]

    def nearest(
        self, reviews: Sequence[Review], texts: Sequence[str], views: Sequence[View] = (), of: int | None = None
    ) -> list[Review]:
        """Those of one reader's reviews that are nearest to the texts, or have a view that is, by reciprocal rank
        fusion. They are all that the profile may see, or some of these, which are so many (`of`).

        A reader with few reviews is shown whole, so that all prompts about them share one prefix.
        """
        if len(reviews) <= self.reviews_per_call:
            return list(reviews)
        queries = self.vectors.embedder.queries(texts)
        offered = {review.id for review in reviews}
        # Chroma knows the reader's other reviews as well: with so many more, enough of these are among them.
        known = of or len(reviews)
        count = self.reviews_per_call + known - len(reviews) + round(self.held_back * known / (1 - self.held_back))
        rankings = self.vectors.near("reviews", queries, count, label=reviews[0].reader)
        rankings += [list(dict.fromkeys(view.review for view in self.nearest_views(views, texts)))]
        ranked = [identity for identity in reciprocal_rank_fusion(rankings) if identity in offered]
        best = set(ranked[: self.reviews_per_call])
        return [review for review in reviews if review.id in best]

    def nearest_views(self, views: Sequence[View], texts: Sequence[str]) -> list[View]:
        """A reader's views, those first that come nearest to one of the texts."""
        if not views:
            return []
        likeness = self.vectors.embedder.queries(texts) @ self.vectors.embedder.passages([v.statement for v in views]).T
        return [views[n] for n in np.argsort(-likeness.max(axis=0), kind="stable")]

    def batches(self, reviews: Sequence[Review], views: Sequence[View], seeds: Sequence[Seed]) -> list[Batch]:
        """What to ask of a reader whose views are known: of each half of the reviews, a few views at a time, those
        seeds that are nearest to them. So the calls grow with the views and not with the seeds."""
        if not seeds:
            return []
        by_id = {review.id: review for review in reviews}
        found = []
        for half in (0, 1):
            own = [view for view in views if view.half == half and view.review in by_id]
            # What repeats a view of the same half adds nothing to it.
            said = {view.id for view in own}
            own = [view for view in own if view.same_as not in said]
            for start in range(0, len(own), VIEWS_PER_CALL):
                few = own[start : start + VIEWS_PER_CALL]
                rests_on = [by_id[identity] for identity in dict.fromkeys(view.review for view in few)]
                found.append(Batch(Evidence(rests_on, few, half), self._near(few, seeds)))
        return found

    def batches_of_reviews(self, reviews: Sequence[Review], seeds: Sequence[Seed]) -> list[Batch]:
        """What to ask of a reader whose views are not known: all seeds, each few with the reviews nearest to their
        statements and opposites."""
        starts = range(0, len(seeds), self.seeds_per_call)
        few = [list(seeds[start : start + self.seeds_per_call]) for start in starts]
        texts = [[side for seed in batch for side in (seed.statement, seed.opposite)] for batch in few]
        return [Batch(Evidence(self.nearest(reviews, near)), batch) for near, batch in zip(texts, few, strict=True)]

    def facet_batches(self, reviews: Sequence[Review], facets: Sequence[Facet]) -> list[FacetBatch]:
        """What to ask of a reader about facets: of each half of the reviews all of them, each few with the reviews that
        are nearest to their ends."""
        found = []
        for half, own in enumerate(halves(reviews)):
            for start in range(0, len(facets) if own else 0, self.facets_per_call):
                few = facets[start : start + self.facets_per_call]
                ends = [end for facet in few for end in (facet.high, facet.low)]
                found.append(FacetBatch(half, self.nearest(own, ends, of=len(reviews)), few))
        return found

    def _near(self, views: Sequence[View], seeds: Sequence[Seed]) -> list[Seed]:
        """The seeds, at most `seeds_per_call`, that come nearest to one of the views, whichever side it takes."""
        new = [seed for seed in seeds if seed.id not in self._seed_vectors]
        if new:
            vectors = self.vectors.embedder.passages([both_sides(seed) for seed in new])
            self._seed_vectors.update(zip((seed.id for seed in new), vectors, strict=True))
        about = self.vectors.embedder.passages([both_sides(view) for view in views])
        likeness = about @ np.stack([self._seed_vectors[seed.id] for seed in seeds]).T
        # By rank within each view, so that a view with few seeds near it has its turn as well.
        ranks = np.argsort(np.argsort(-likeness, axis=1, kind="stable"), axis=1, kind="stable").min(axis=0)
        order = np.lexsort((-likeness.max(axis=0), ranks))[: self.seeds_per_call]
        return [seeds[n] for n in sorted(order)]


def reciprocal_rank_fusion(rankings: Iterable[Sequence[str]]) -> list[str]:
    """One ranking made of several, best first: an id scores the sum of 1 / rank over the rankings that hold it."""
    scores = Counter[str]()
    for ranking in rankings:
        scores.update({identity: 1 / rank for rank, identity in enumerate(ranking, start=1)})
    return [identity for identity, _ in scores.most_common()]
