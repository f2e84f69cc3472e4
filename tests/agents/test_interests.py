import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gravity.agents.interests import Ratings, interests, split
from gravity.frameworks.loader import Library
from gravity.store.records import Book, Review
from tests.support import review


def book(identity: str, *categories: str) -> Book:
    return Book(id=identity, title=identity, categories=list(categories))


BOOKS = {b.id: b for b in (book("cozy", "Books", "Cozy"), book("war", "Books", "War Fiction"), book("shelf", "Books"))}
TAXONOMY = Library().taxonomy(Library().domain("books"))


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
    (fact,) = interests("run", "r", Ratings(given, [], books=BOOKS), TAXONOMY)
    assert (fact.kind, fact.name, fact.value) == ("interest", "Cozy Mysteries", value)
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
    assert {f.name: f.value for f in interests("run", "r", Ratings(given, [], books=BOOKS), TAXONOMY)} == {
        "Cozy Mysteries": "liked",
        "War Fiction": "disliked",
    }


RATINGS = st.lists(st.sampled_from([1.0, 2.0, 3.0, 3.5, 4.0, 5.0]), max_size=30)
SHARE = st.floats(0, 0.5)
# Dates with gaps and ties, and texts that repeat.
DATES = st.lists(st.one_of(st.none(), st.integers(0, 12)), max_size=30)
LONG = "A long night at sea, told by a woman who has kept the light for forty years, number"


def dated(dates: list[int | None]) -> list[Review]:
    return [
        review(f"review {n}", 4, f"book {n}", f"{LONG} {n % 9}." if n % 3 else f"Fine {n % 5}.", time=date)
        for n, date in enumerate(dates)
    ]


@given(dates=DATES, share=SHARE)
def test_every_review_is_known_or_held_back_or_repeats_another(dates: list[int | None], share: float) -> None:
    given = dated(dates)
    parts = split(given, {}, share)
    every = [*parts.known, *parts.held_back, *parts.repeats]
    assert sorted(r.id for r in every) == sorted(r.id for r in given)
    assert set(parts.editions) == {r.book for r in given}
    # Both parts keep the order of the reviews.
    for part in (parts.known, parts.held_back):
        places = [[r.id for r in given].index(r.id) for r in part]
        assert places == sorted(places)


@given(dates=DATES, share=SHARE)
def test_no_text_stands_on_both_sides(dates: list[int | None], share: float) -> None:
    given = dated(dates)
    parts = split(given, {}, share)
    of = {r.book: parts.editions[r.book].id for r in given}
    held = {r.id for r in parts.held_back}
    sides = [{r.text for r in given if (of[r.book] in held) is side} for side in (True, False)]
    assert not sides[0] & sides[1]


@given(dates=DATES, share=SHARE)
def test_the_split_holds_back_its_share_and_at_most_half(dates: list[int | None], share: float) -> None:
    given = [one.model_copy(update={"text": one.id}) for one in dated(dates)]
    parts = split(given, {}, share)
    assert not parts.repeats and len(parts.known) >= len(parts.held_back)
    assert len(parts.held_back) == min(round(share * len(given)), len(given) // 2)
    # What is held back came last; what has no date comes first.
    last = max((r.time if r.time is not None else -1 for r in parts.known), default=-1)
    assert all(last <= (r.time if r.time is not None else -1) for r in parts.held_back)


@given(dates=DATES, share=SHARE, seed=st.randoms())
def test_the_split_does_not_depend_on_the_order(dates: list[int | None], share: float, seed: random.Random) -> None:
    given = dated(dates)
    shuffled = list(given)
    seed.shuffle(shuffled)
    assert {r.id for r in split(given, {}, share).held_back} == {r.id for r in split(shuffled, {}, share).held_back}


def test_undated_works_are_held_back_by_their_hash() -> None:
    given = [review(f"review {n}", 4, f"book {n}", f"Text {n}.") for n in range(40)]
    held = [int(r.id.split()[1]) for r in split(given, {}, 0.3).held_back]
    assert len(held) == 12 and held != list(range(28, 40))
    assert 5 < sum(held) / 12 < 35


def test_editions_of_a_work_are_on_one_side_and_count_once() -> None:
    """Three of five held-back reviews of such a reader would stand in the profile word for word."""
    books = {f"b{n}": Book(id=f"b{n}", title=f"Sea {n % 5}", author="Ann Bee") for n in range(10)}
    given = [review(f"r{n}", 5 - n % 4, f"b{n}", f"{LONG} {n % 5}.", time=n) for n in range(10)]
    parts = split(given, books, 0.4)
    assert [r.id for r in parts.known] == ["r0", "r1", "r2"] and [r.id for r in parts.held_back] == ["r3", "r4"]
    assert [r.id for r in parts.repeats] == ["r5", "r6", "r7", "r8", "r9"]
    # The rating is the latest.
    assert [r.rating for r in parts.held_back] == [given[8].rating, given[9].rating]
    assert parts.editions["b8"].id == "r3"


@given(ratings=RATINGS)
def test_interests_are_known_facts(ratings: list[float]) -> None:
    given = [review(f"r{n}", rating, ["cozy", "war", "shelf"][n % 3]) for n, rating in enumerate(ratings)]
    facts = interests("run", "r", Ratings(given, [], books=BOOKS), TAXONOMY)
    assert len({f.name for f in facts}) == len(facts)
    assert all(0 <= f.confidence < 1 and f.value in ("liked", "disliked", "mixed") for f in facts)
    named = [r for r in given if r.book != "shelf"]
    assert sorted(identity for f in facts for identity in f.evidence) == sorted(r.id for r in named)
