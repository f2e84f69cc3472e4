"""Which of a reader's reviews a call shows: all of them, the longest, or those nearest to what is asked."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from gravity.agents.asking import together
from gravity.agents.interests import Ratings, split
from gravity.frameworks.records import Seed
from gravity.store.corpus import Corpus
from gravity.store.records import Book, Fact, Review
from gravity.store.vectors import VectorStore, book_entry, review_entry

# Facts about seeds from the reviews that a call shows.
AskOfSeeds = Callable[[list[Review], list[Seed]], Awaitable[list[Fact]]]


@dataclass(frozen=True)
class Retriever:
    """Reads readers' reviews and picks those for a call: at most `reviews_per_call`, in the order of their dates.

    A call asks about at most `seeds_per_call` seeds. A share `held_back` (0 to 0.5) of a reader's reviews is kept
    from the profile.
    """

    corpus: Corpus
    vectors: VectorStore
    reviews_per_call: int
    seeds_per_call: int
    held_back: float

    def index(self, reader: str) -> None:
        """Puts a reader's reviews and their books into the vector store, as far as they are not there yet."""
        reviews = self.corpus.reviews_of(reader)
        self.vectors.index("reviews", map(review_entry, reviews))
        self.vectors.index("books", map(book_entry, self.books(reviews).values()))

    def ratings(self, reader: str) -> Ratings:
        """A reader's reviews, split into those that the profile may see and those held back."""
        return split(self.corpus.reviews_of(reader), self.held_back)

    def books(self, reviews: Sequence[Review]) -> Mapping[str, Book]:
        """The books that the reviews are about, by id, as far as they are known."""
        return self.corpus.books([review.book for review in reviews])

    def longest(self, reviews: Sequence[Review]) -> list[Review]:
        """The longest of the reviews, which tell most."""
        longest = {r.id for r in sorted(reviews, key=lambda review: -len(review.text))[: self.reviews_per_call]}
        return [review for review in reviews if review.id in longest]

    def nearest(self, reviews: Sequence[Review], texts: Sequence[str]) -> list[Review]:
        """Those of one reader's reviews that are nearest to the texts, by reciprocal rank fusion.

        A reader with few reviews is shown whole, so that all prompts about them share one prefix.
        """
        if len(reviews) <= self.reviews_per_call:
            return list(reviews)
        queries = self.vectors.embedder.queries(texts)
        rankings = self.vectors.near("reviews", queries, self.reviews_per_call, label=reviews[0].reader)
        offered = {review.id for review in reviews}
        ranked = [identity for identity in reciprocal_rank_fusion(rankings) if identity in offered]
        best = set(ranked[: self.reviews_per_call])
        return [review for review in reviews if review.id in best]

    async def in_batches(self, reviews: Sequence[Review], seeds: Sequence[Seed], ask: AskOfSeeds) -> list[Fact]:
        """What `ask` says of the seeds, at most `seeds_per_call` a call, each call with the reviews nearest to its
        statements and their opposites."""
        starts = range(0, len(seeds), self.seeds_per_call)
        batches = [list(seeds[start : start + self.seeds_per_call]) for start in starts]
        views = [[view for seed in batch for view in (seed.statement, seed.opposite)] for batch in batches]
        near = await asyncio.to_thread(lambda: [self.nearest(reviews, texts) for texts in views])
        answers = await together(*(ask(*each) for each in zip(near, batches, strict=True)))
        return [fact for facts in answers for fact in facts]


def reciprocal_rank_fusion(rankings: Iterable[Sequence[str]]) -> list[str]:
    """One ranking made of several, best first: an id scores the sum of 1 / rank over the rankings that hold it."""
    scores = Counter[str]()
    for ranking in rankings:
        scores.update({identity: 1 / rank for rank, identity in enumerate(ranking, start=1)})
    return [identity for identity, _ in scores.most_common()]
