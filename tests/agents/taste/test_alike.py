"""Readers like one another, and what they rated low."""

from pathlib import Path

import numpy as np
import pytest

from gravity.agents.taste.alike import COMMON, SHRINK, alike, disliked
from gravity.frameworks.loader import Library
from gravity.store.database import Database
from gravity.store.population import ENOUGH, gave_up
from tests.agents.taste.planted import Store, book
from tests.support import review

CUES = Library().cues
BOOKS = [book(f"b{n}", "Poetry" if n % 2 else "Westerns") for n in range(12)]


@pytest.fixture
def store(database: Database, tmp_path: Path) -> Store:
    return Store(database, tmp_path, BOOKS)


def places(store: Store, stars: dict[str, float]) -> dict[int, float]:
    population = store.taste.population
    found = {population.number(name, store.corpus.books([name]).get(name)): given for name, given in stars.items()}
    return {number: given for number, given in found.items() if number is not None}


def test_likeness_is_that_of_a_hand_calculation(store: Store) -> None:
    own = {"b0": 5.0, "b1": 1.0, "b2": 4.0, "b3": 5.0}
    store.add("me", own)
    store.add("twin", {"b0": 4, "b1": 1, "b2": 5})
    store.add("opposite", {"b0": 1, "b1": 5, "b2": 2, "b3": 1})
    store.add("few in common", {"b0": 5, "b1": 1, "b4": 5})
    population = store.taste.population
    (found,) = alike(population, "me", places(store, own))
    # In deviations from 3: (2, -2, 1) and (1, -2, 2).
    likeness = (2 * 1 + 2 * 2 + 1 * 2) / (np.sqrt(9) * np.sqrt(9))
    assert population.readers[found[0]] == "twin" and COMMON == 3
    assert found[1] == pytest.approx(likeness * 3 / (3 + SHRINK))
    assert alike(population, "me", places(store, {"b0": 5.0, "b1": 1.0})) == []


def test_a_work_that_very_many_rated_is_passed_over(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    own = {"b0": 5.0, "b1": 1.0, "b2": 4.0, "b3": 5.0}
    store.add("me", own)
    store.add("twin", own)
    store.add("other", {"b0": 5})
    (found,) = alike(store.taste.population, "me", places(store, own))
    monkeypatch.setattr("gravity.agents.taste.alike.POPULAR", 3)
    (fewer,) = alike(store.taste.population, "me", places(store, own))
    assert (found[1], fewer[1]) == pytest.approx((4 / (4 + SHRINK), 3 / (3 + SHRINK)))


def test_what_readers_alike_rated_low_or_gave_up_on(store: Store) -> None:
    own = {"b0": 5.0, "b1": 1.0, "b2": 5.0, "b3": 1.0}
    store.add("me", own)
    for n in range(3):
        store.add(f"twin {n}", {**own, "b4": 1, "b5": 5, "b6": 3, **({"b7": 1} if n == 0 else {})})
    for n in range(5):
        store.add(f"opposite {n}", {**{name: 6 - given for name, given in own.items()}, "b4": 5, "b5": 1})
    given = [
        review(f"left {n}", 3, "b8", "I gave up on this after fifty pages.", reader=f"twin {n}", time=50)
        for n in (0, 1)
    ]
    list(store.corpus.take_reviews("more", given, "us"))
    population = store.taste.population
    found = {population.book[one.work]: one for one in disliked(population, "me", places(store, own))}
    # b5 they liked, b6 was middling, b7 only one of them has read.
    assert set(found) == {"b4", "b8"}
    assert (found["b4"].low, found["b4"].raters) == (3, 3) and (found["b8"].low, found["b8"].raters) == (2, 2)
    assert found["b4"].share > found["b8"].share > 0.5


def test_the_same_comes_of_any_order(database: Database, tmp_path: Path) -> None:
    chance = np.random.default_rng(0)
    stars = {f"r{n:02}": {f"b{b}": float(chance.integers(1, 6)) for b in chance.permutation(12)[:8]} for n in range(30)}
    results = []
    for order in (list(stars), list(reversed(stars))):
        made = Store(Database("sqlite://"), tmp_path / order[0], BOOKS)
        for name in order:
            made.add(name, stars[name])
        population = made.taste.population
        low = [
            (population.book[one.work], one.share) for one in disliked(population, "r00", places(made, stars["r00"]))
        ]
        near = alike(population, "r00", places(made, stars["r00"]))
        results.append([*low, *((population.readers[row], weight) for row, weight in near)])
    assert results[0] == results[1] and len(results[0]) > 3


def test_the_last_rating_of_an_edition_counts_for_the_work(database: Database, tmp_path: Path) -> None:
    editions = [
        book("e1", "Poetry", author="Ann Bee"),
        book("e2", author="Ann Bee").model_copy(update={"title": "Title E1"}),
    ]
    made = Store(database, tmp_path, editions)
    made.add("me", {"e1": 5, "e2": 2})
    made.add("other", {"e2": 4})
    population = made.taste.population
    assert list(population.stars) == [2, 4] and list(population.low) == [True, False]
    assert len(population.book) == 1 and population.categories[population.category[0]] == "Poetry"


def test_others_are_those_of_the_culture_where_they_are_enough(store: Store) -> None:
    for n in range(ENOUGH):
        store.add(f"us {n}", {"b1": 5, "b0": 1})
    for n in range(3):
        store.add(f"br {n}", {"b1": 1}, "br")
    store.add("me", {"b1": 1, "b3": 1}, "us")
    population = store.taste.population
    found = population.others("me", "us")
    assert (found.of, found.readers) == ("us", ENOUGH)
    # A western is a book of adventure as well.
    westerns = {"Westerns": (0, ENOUGH), "Action and Adventure": (0, ENOUGH)}
    assert found.counts == {"Poetry": (ENOUGH, ENOUGH), **westerns}
    found = population.others("me", "br")
    assert (found.of, found.readers) == ("all cultures", ENOUGH + 3)
    assert found.counts == {"Poetry": (ENOUGH, ENOUGH + 3), **westerns}
    assert population.others("nobody", "us").counts["Poetry"] == (ENOUGH, ENOUGH + 2)


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("I couldn’t finish it, and I tried.", True),
        ("DNF at 40%.", True),
        ("Não consegui terminar este livro.", True),
        ("退屈で途中でやめました。", True),
        ("उबाऊ थी, बीच में छोड़ दी।", True),
        ("I finished it in one night.", False),
        ("She gave up her seat, and her house stood abandoned.", False),
        ("The DNFX engine is fast.", False),
        ("一気に読みました。", False),
    ],
)
def test_words_of_giving_up(text: str, left: bool) -> None:
    assert gave_up(text, CUES) is left
