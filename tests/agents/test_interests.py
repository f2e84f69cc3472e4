import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gravity.agents.interests import LIKED, genre, interests, split
from gravity.store.records import Book, Review
from tests.support import review


def book(identity: str, *categories: str) -> Book:
    return Book(id=identity, title=identity, categories=list(categories))


BOOKS = {b.id: b for b in (book("cozy", "Books", "Cozy"), book("war", "Books", "War"), book("shelf", "Books"))}


@pytest.mark.parametrize(
    ("categories", "named"),
    [
        (["Books", "Mystery", "Cozy"], "Cozy"),
        (["Books", "Mystery", "Books"], "Mystery"),
        (["Books", "Literature & Fiction"], None),
        ([], None),
    ],
)
def test_the_genre_is_the_narrowest_that_says_something(categories: list[str], named: str | None) -> None:
    assert genre(book("b", *categories)) == named


@pytest.mark.parametrize(
    ("ratings", "value", "weight"),
    [
        ([5], "liked", 1.0),
        ([5, 5, 4], "liked", 2.5),
        ([1], "disliked", -1.0),
        ([2, 2], "disliked", -1.0),
        ([3], "mixed", 0.0),
        ([5, 1], "mixed", 0.0),
        ([5, 5, 1], "liked", 1.0),
    ],
)
def test_a_genre_is_weighted_by_frequency_and_rating(ratings: list[float], value: str, weight: float) -> None:
    given = [review(f"r{n}", rating, "cozy") for n, rating in enumerate(ratings)]
    (fact,) = interests("run", "r", given, BOOKS)
    assert (fact.kind, fact.name, fact.value) == ("interest", "Cozy", value)
    assert fact.confidence == pytest.approx(1 - 1 / (1 + abs(weight)))
    assert fact.evidence == [r.id for r in given]
    assert fact.made_by.model == "ratings"


def test_each_genre_has_its_own_fact_and_books_without_one_have_none() -> None:
    given = [
        review("1", 5, "cozy"),
        review("2", 1, "war"),
        review("3", 5, "shelf"),
        review("4", 5, "unknown book"),
    ]
    assert {f.name: f.value for f in interests("run", "r", given, BOOKS)} == {"Cozy": "liked", "War": "disliked"}


RATINGS = st.lists(st.sampled_from([1.0, 2.0, 3.0, 3.5, 4.0, 5.0]), max_size=30)
SHARE = st.floats(0, 0.5)


def rated(ratings: list[float]) -> list[Review]:
    return [review(f"review {n}", rating) for n, rating in enumerate(ratings)]


@given(ratings=RATINGS, share=SHARE)
def test_the_split_loses_and_doubles_nothing(ratings: list[float], share: float) -> None:
    given = rated(ratings)
    parts = split(given, share)
    assert sorted(r.id for r in (*parts.known, *parts.held_back)) == sorted(r.id for r in given)
    # Both parts keep the order of the reviews, which is that of time.
    for part in (parts.known, parts.held_back):
        assert [given.index(r) for r in part] == sorted(given.index(r) for r in part)


@given(ratings=RATINGS, share=SHARE)
def test_the_split_holds_back_its_share_and_at_most_half(ratings: list[float], share: float) -> None:
    parts = split(rated(ratings), share)
    assert len(parts.known) >= len(parts.held_back)
    assert len(parts.held_back) == min(round(share * len(ratings)), len(ratings) // 2)


@given(ratings=RATINGS, share=SHARE)
def test_half_of_what_is_held_back_is_liked_as_far_as_there_is_both(ratings: list[float], share: float) -> None:
    parts = split(rated(ratings), share)
    count = len(parts.held_back)
    all_liked = sum(rating >= LIKED for rating in ratings)
    liked = sum(r.rating >= LIKED for r in parts.held_back)
    other = count - liked
    assert liked == all_liked or liked >= count - count // 2
    assert other == len(ratings) - all_liked or other >= count // 2


@given(ratings=RATINGS, share=SHARE, seed=st.randoms())
def test_the_split_does_not_depend_on_the_order(ratings: list[float], share: float, seed: random.Random) -> None:
    given = rated(ratings)
    shuffled = list(given)
    seed.shuffle(shuffled)
    assert {r.id for r in split(given, share).held_back} == {r.id for r in split(shuffled, share).held_back}


@given(ratings=RATINGS)
def test_interests_are_known_facts(ratings: list[float]) -> None:
    given = [review(f"r{n}", rating, ["cozy", "war", "shelf"][n % 3]) for n, rating in enumerate(ratings)]
    facts = interests("run", "r", given, BOOKS)
    assert len({f.name for f in facts}) == len(facts)
    assert all(0 <= f.confidence < 1 and f.value in ("liked", "disliked", "mixed") for f in facts)
    named = [r for r in given if r.book != "shelf"]
    assert sorted(identity for f in facts for identity in f.evidence) == sorted(r.id for r in named)
