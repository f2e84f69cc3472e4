"""Which reviews a call shows."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from gravity.agents.interests import split
from gravity.agents.retrieval import VIEWS_PER_CALL, Retriever, reciprocal_rank_fusion
from gravity.frameworks.loader import Library
from gravity.store.corpus import Corpus
from gravity.store.database import Database
from gravity.store.records import Book, Review
from gravity.store.vectors import VectorStore
from gravity.store.views import View
from tests.stub.embedder import HashEmbedder
from tests.support import review, view

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
REVIEWS = [review(f"review-{n}", text=text, title="", time=n, book=f"book-{n}") for n, text in enumerate(TEXTS)]


@pytest.fixture
def retriever(database: Database, tmp_path: Path) -> Retriever:
    corpus = Corpus(database)
    books = [Book(id="book-0", title="Weather", description="", categories=[])]
    list(corpus.take_reviews("reviews", [*REVIEWS, review("other", text="rain rain rain", reader="s")], "us"))
    list(corpus.take_books("books", books))
    made = Retriever(corpus, VectorStore(str(tmp_path / "chroma"), HashEmbedder()), 3, 2, 4, 0.0)
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
    half = Retriever(retriever.corpus, retriever.vectors, 3, 2, 4, 0.5)
    assert half.ratings("r") == split(REVIEWS, retriever.books(REVIEWS), 0.5)
    assert len(half.ratings("r").held_back) == 3


def test_reviews_and_the_known_books_are_indexed_once(retriever: Retriever) -> None:
    assert set(retriever.vectors.vectors("reviews", ids(REVIEWS))) == set(ids(REVIEWS))
    assert set(retriever.vectors.vectors("books", ["book-0", "book-1"])) == {"book-0"}
    assert set(retriever.books(REVIEWS)) == {"book-0"}


def test_where_no_views_are_known_all_seeds_are_asked_about_some_at_a_time(retriever: Retriever) -> None:
    batches = retriever.batches_of_reviews(REVIEWS, SEEDS)
    assert [batch.seeds for batch in batches] == [SEEDS[:2], SEEDS[2:4], SEEDS[4:]]
    for batch in batches:
        sides = [side for seed in batch.seeds for side in (seed.statement, seed.opposite)]
        assert batch.evidence.reviews == retriever.nearest(REVIEWS, sides) and len(batch.evidence.reviews) == 3
        assert (batch.evidence.views, batch.evidence.half) == ((), None)
    assert retriever.batches_of_reviews(REVIEWS, []) == []


def said(n: int, seed: int, agree: bool = True, **more: Any) -> View:
    """A view in review `n` that is what a seed states, or its opposite."""
    sides = (SEEDS[seed].statement, SEEDS[seed].opposite)
    statement, opposite = sides if agree else sides[::-1]
    return view(REVIEWS[n], statement=statement, opposite=opposite, half=n % 2, **more)


def test_each_half_of_the_reviews_is_asked_apart_about_the_seeds_near_its_views(retriever: Retriever) -> None:
    """Whichever side a view takes."""
    views = [said(0, 4), said(2, 1, agree=False), said(1, 3)]
    even, odd = retriever.batches(REVIEWS, views, SEEDS)
    assert (even.evidence.half, odd.evidence.half) == (0, 1)
    assert (even.evidence.views, odd.evidence.views) == (views[:2], views[2:])
    assert (even.evidence.reviews, odd.evidence.reviews) == ([REVIEWS[0], REVIEWS[2]], [REVIEWS[1]])
    # At most two seeds a call here, in the order in which they were given.
    assert even.seeds == [SEEDS[1], SEEDS[4]]
    assert SEEDS[3] in odd.seeds and len(odd.seeds) == 2


def test_each_view_has_its_turn(retriever: Retriever) -> None:
    """However many seeds there are that one of them is near to."""
    again = [SEEDS[0].model_copy(update={"id": f"again-{n}"}) for n in range(5)]
    (batch,) = retriever.batches(REVIEWS, [said(0, 0), said(2, 2)], [*again, SEEDS[0], SEEDS[2]])
    assert SEEDS[2] in batch.seeds and len(batch.seeds) == 2


def test_what_repeats_a_view_of_the_other_half_alone_is_shown(retriever: Retriever) -> None:
    first = said(0, 0)
    other, same = said(1, 0, same_as=first.id), said(2, 0, same_as=first.id)
    even, odd = retriever.batches(REVIEWS, [first, other, same], SEEDS)
    assert (even.evidence.views, odd.evidence.views) == ([first], [other])


def test_views_of_reviews_that_are_held_back_are_not_shown(retriever: Retriever) -> None:
    views = [said(0, 0), said(1, 1)]
    (batch,) = retriever.batches([one for one in REVIEWS if one.id != "review-1"], views, SEEDS)
    assert batch.evidence.views == views[:1]
    assert retriever.batches(REVIEWS, [], SEEDS) == []
    assert retriever.batches(REVIEWS, views, []) == []


def test_calls_grow_with_the_views_and_not_with_the_seeds(retriever: Retriever) -> None:
    views = [view(REVIEWS[0], statement=f"View number {n}.") for n in range(VIEWS_PER_CALL + 1)]
    few, many = (retriever.batches(REVIEWS, views, SEEDS[:n]) for n in (1, 5))
    assert len(few) == len(many) == 2
    assert [view for batch in many for view in batch.evidence.views] == views
    assert [len(batch.seeds) for batch in many] == [2, 2]


def test_a_review_with_a_view_near_the_texts_is_among_the_nearest(retriever: Retriever) -> None:
    """Although its own words are not: what it says of it, it says in others."""
    shower = [view(REVIEWS[3], statement="rain rain rain rain roof")]
    assert "review-3" not in ids(retriever.nearest(REVIEWS, ["rain"]))
    assert "review-3" in ids(retriever.nearest(REVIEWS, ["rain"], shower))
