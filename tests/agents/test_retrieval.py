"""Which reviews a call shows."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from gravity.agents.interests import split
from gravity.agents.retrieval import Retriever, reciprocal_rank_fusion
from gravity.frameworks.loader import Library
from gravity.frameworks.records import Seed
from gravity.store.corpus import Corpus
from gravity.store.database import Database
from gravity.store.records import Book, Fact, Review
from gravity.store.vectors import VectorStore
from tests.stub.embedder import HashEmbedder
from tests.support import fact, review

SEEDS = list(Library().seeds.values())[:5]
# By their words, 0, 2 and 5 are near to "rain", in this order, and 1 and 4 to "cat".
TEXTS = [
    "rain rain rain rain roof",
    "cat cat dog",
    "rain rain wind",
    "roads and roads",
    "cat sleeps",
    "rain rain rain again and again",
]
REVIEWS = [review(f"review-{n}", text=text, title="", time=n, book=f"book-{n % 2}") for n, text in enumerate(TEXTS)]


@pytest.fixture
def retriever(database: Database, tmp_path: Path) -> Retriever:
    corpus = Corpus(database)
    books = [Book(id="book-0", title="Weather", description="", categories=[])]
    list(corpus.take_reviews("reviews", [*REVIEWS, review("other", text="rain rain rain", reader="s")], "us"))
    list(corpus.take_books("books", books))
    made = Retriever(corpus, VectorStore(str(tmp_path / "chroma"), HashEmbedder()), 3, 2, 0.0)
    made.index("r")
    made.index("s")
    return made


def ids(reviews: Sequence[Review]) -> list[str]:
    return [review.id for review in reviews]


def test_an_id_that_several_rankings_hold_high_comes_first() -> None:
    assert reciprocal_rank_fusion([["a", "b", "c"], ["b", "d"], ["b", "a"]]) == ["b", "a", "d", "c"]
    assert reciprocal_rank_fusion([]) == []


def test_the_nearest_reviews_come_in_the_order_of_their_dates(retriever: Retriever) -> None:
    known = retriever.ratings("r").known
    assert ids(known) == ids(REVIEWS)
    assert ids(retriever.nearest(known, ["rain"])) == ["review-0", "review-2", "review-5"]
    near = ids(retriever.nearest(known, ["rain", "cat"]))
    assert near[:2] == ["review-0", "review-1"] and len(near) == 3


def test_a_review_that_was_held_back_is_not_among_the_nearest(retriever: Retriever) -> None:
    known = [one for one in REVIEWS if one.id != "review-0"]
    assert ids(retriever.nearest(known, ["rain"])) == ["review-2", "review-5"]


def test_a_reader_with_few_reviews_is_shown_whole(retriever: Retriever) -> None:
    assert retriever.nearest(REVIEWS[:3], ["cat"]) == REVIEWS[:3]
    assert retriever.nearest([], ["cat"]) == []


def test_the_longest_reviews_come_in_the_order_of_their_dates(retriever: Retriever) -> None:
    assert ids(retriever.longest(REVIEWS)) == ["review-0", "review-3", "review-5"]


def test_reviews_are_held_back_by_the_share_that_is_asked_for(retriever: Retriever) -> None:
    half = Retriever(retriever.corpus, retriever.vectors, 3, 2, 0.5)
    assert half.ratings("r") == split(REVIEWS, 0.5)
    assert len(half.ratings("r").held_back) == 3


def test_reviews_and_the_known_books_are_indexed_once(retriever: Retriever) -> None:
    assert set(retriever.vectors.vectors("reviews", ids(REVIEWS))) == set(ids(REVIEWS))
    assert set(retriever.vectors.vectors("books", ["book-0", "book-1"])) == {"book-0"}
    assert set(retriever.books(REVIEWS)) == {"book-0"}


async def test_seeds_are_asked_about_some_at_a_time_and_come_back_in_order(retriever: Retriever) -> None:
    asked: list[tuple[list[Review], list[Seed]]] = []

    async def ask(reviews: list[Review], seeds: list[Seed]) -> list[Fact]:
        asked.append((reviews, seeds))
        return [fact("stance", seed.id, "agree") for seed in seeds]

    facts = await retriever.in_batches(REVIEWS, SEEDS, ask)
    assert [one.name for one in facts] == [seed.id for seed in SEEDS]
    assert [seeds for _, seeds in asked] == [SEEDS[:2], SEEDS[2:4], SEEDS[4:]]
    for reviews, seeds in asked:
        views = [view for seed in seeds for view in (seed.statement, seed.opposite)]
        assert reviews == retriever.nearest(REVIEWS, views) and len(reviews) == 3
    assert await retriever.in_batches(REVIEWS, [], ask) == []
