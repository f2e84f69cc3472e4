"""Labels from ratings: which books and categories are put against one another, and whether tests recover a planted
taste."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from gravity.agents.composer import Composer
from gravity.agents.interests import split
from gravity.agents.taste.testing import rated_tests
from gravity.agents.taste.testing import tested as told_later
from gravity.agents.tracks import interests, tracks
from gravity.frameworks.loader import Library
from gravity.store.database import Database
from gravity.store.ledger import Ledger
from gravity.store.rated_lots import ENOUGH, confirmed_share, rated
from gravity.store.records import Pair, RatedTest, RestsOn
from tests.agents.taste.planted import Store, book
from tests.support import fact

LIBRARY = Library()


def composer(store: Store) -> Composer:
    domain = LIBRARY.domain("books")
    return Composer("run", domain, LIBRARY.seeds, {}, {}, store.taste, {"interests": tracks()["interests"]}, 0.6)


def pairs(
    store: Store,
    reader: str,
    held_back: float = 0.5,
    worth: dict[RestsOn, float] | None = None,
    facts: Sequence[str] = (),
) -> list[Pair]:
    """What is composed of a reader, of whom `facts` are liked categories."""
    given = store.corpus.reviews_of(reader)
    ratings = split(given, store.corpus.books([one.book for one in given]), held_back)
    known = [fact("interest", name, "liked", evidence=[ratings.known[0].id]) for name in facts]
    return composer(store).compose(store.reader(reader), known, [], ratings, worth or {})


def told(pair: Pair) -> tuple[str | None, str, str]:
    return pair.rests_on, pair.subject, pair.rejected[0]["content"].removeprefix("All about ").removesuffix(".")


def test_own_ratings_come_first_then_readers_alike_then_what_is_near(database: Database, tmp_path: Path) -> None:
    store = Store(database, tmp_path, [book(name) for name in "abcdefgh"], most=5)
    own = {"a": 5.0, "b": 2.0, "c": 5.0, "d": 1.0, "e": 5.0, "f": 3.0}
    store.add("me", own)
    for n in range(2):
        store.add(f"twin {n}", {"a": 5, "b": 1, "c": 5, "g": 1})
    made = pairs(store, "me", worth={"readers alike": 0.8, "near and unread": 0.4})
    # Known are a, b and c; held back d, e and f, of which e was liked.
    assert {pair.subject for pair in made} == {"e"}
    assert [told(pair)[0] for pair in made] == ["own rating"] * 3 + ["readers alike", "near and unread"]
    assert {told(pair)[2] for pair in made[:2]} == {"d", "f"} and told(made[2])[2] == "b"
    assert [told(pair)[2] for pair in made[3:]] == ["g", "h"]
    sure = {told(pair)[2]: pair.confidence for pair in made}
    # Four, two and three stars apart: likelier to be put in the same order again.
    assert 1 > sure["d"] > sure["b"] > sure["f"] > 0.98 and (sure["g"], sure["h"]) == (0.8, 0.4)  # type: ignore[operator]
    assert [pair.verdict for pair in made] == ["vetted"] * 4 + ["held"]
    assert made[4].reason == "labels from near and unread hold with 0.40, which is below 0.60"
    assert made[3].basis == "'Title e' was rated 5, 'Title g' was rated low or left unfinished by 2 of 2 readers alike"
    assert made[3].ratings == [1, 2]


def test_a_kind_that_was_never_tested_is_held(database: Database, tmp_path: Path) -> None:
    store = Store(database, tmp_path, [book(name) for name in "abcdef"])
    store.add("me", {"a": 5, "b": 5})
    made = pairs(store, "me")
    assert {(pair.rests_on, pair.verdict, pair.confidence) for pair in made} == {("near and unread", "held", 0.5)}


def test_another_edition_of_what_was_read_is_not_unread(database: Database, tmp_path: Path) -> None:
    first = book("a", author="Ann Bee")
    again = first.model_copy(update={"id": "a2", "title": "Title A (Kindle Edition)"})
    store = Store(database, tmp_path, [first, again, book("b"), book("c")])
    store.add("me", {"a": 5, "b": 5})
    assert {told(pair)[2] for pair in pairs(store, "me")} == {"c"}


def test_the_card_is_silent_on_what_a_pair_asks(database: Database, tmp_path: Path) -> None:
    """Of two categories, kin of theirs too, and of what rests on the rejected book's own review."""
    poems, westerns = ([book(f"{name}{n}", name) for n in range(6)] for name in ("Poetry", "Westerns"))
    store = Store(database, tmp_path, [*poems, *westerns])
    store.add("me", {**{f"Westerns{n}": 1.0 for n in range(5)}, **{f"Poetry{n}": 5.0 for n in range(6)}})
    known = ["Poetry", "Action and Adventure", "Memoirs"]
    made = pairs(store, "me", 0.2, facts=known)
    (category,) = (pair for pair in made if pair.dimension == "category")
    assert (category.chosen[0]["content"], category.rejected[0]["content"]) == ("Poetry", "Westerns")
    assert category.rests_on == "category ratings" and category.ratings == [4, 5] and category.confidence > 0.9  # type: ignore[operator]
    assert category.basis.startswith("Poetry: liked 4 of 4, others 50%; Westerns: liked 0 of 5, others 50%; log-odds")
    assert category.prompt[0]["content"].endswith("Genres they enjoy: Memoirs\n") and len(category.profile) == 1
    rejected = {told(pair)[2]: pair for pair in made if pair.dimension == "summary"}
    # The facts rest on the review of the first western.
    assert all(not pair.profile for name, pair in rejected.items() if name == "Westerns0")
    assert all(pair.profile for name, pair in rejected.items() if name != "Westerns0")
    assert "Westerns0" in rejected or len(rejected) == 3


def test_the_order_of_two_categories_does_not_give_the_chosen_one_away(database: Database, tmp_path: Path) -> None:
    store = Store(database, tmp_path, [book(f"{name}{n}", name) for name in ("Poetry", "Westerns") for n in range(5)])
    for reader in range(20):
        liked, other = ("Poetry", "Westerns") if reader % 2 else ("Westerns", "Poetry")
        stars = {f"{kind}{n}": given for kind, given in ((other, 1.0), (liked, 5.0)) for n in range(5)}
        store.add(f"r{reader}", stars)
    firsts = set()
    for reader in range(20):
        (found,) = (pair for pair in pairs(store, f"r{reader}", 0) if pair.dimension == "category")
        question = found.prompt[1]["content"]
        chosen, rejected = (side[0]["content"] for side in (found.chosen, found.rejected))
        firsts.add(question.index(chosen) < question.index(rejected))
    assert firsts == {True, False}


def planted_crowd(store: Store, readers: int, noise: float) -> None:
    """Half of the readers like poems and the other half westerns, but for a share of `noise`."""
    chance = np.random.default_rng(11)
    for reader in range(readers):
        stars = {}
        for n in chance.permutation(40)[:16]:
            kind = ("Poetry", "Westerns")[n % 2]
            likes = (kind == "Poetry") == (reader % 2 == 0)
            likes ^= bool(chance.random() < noise)
            stars[f"{kind}{n // 2}"] = float(chance.integers(4, 6) if likes else chance.integers(1, 3))
        store.add(f"r{reader}", stars, "us" if reader % 4 < 2 else "br")


@pytest.fixture
def crowd(database: Database, tmp_path: Path) -> Store:
    store = Store(database, tmp_path, [book(f"{k}{n}", k) for k in ("Poetry", "Westerns") for n in range(20)])
    planted_crowd(store, 60, noise=0.1)
    return store


def test_tests_recover_a_planted_preference_with_its_interval(crowd: Store, database: Database) -> None:
    """A tenth of the ratings go against their reader's taste; so about nine in ten low-rated books of readers alike
    are rated lower than a liked one, and nearly all preferences among categories come true."""
    ledger, found, made = Ledger(database), list[RatedTest](), list[Pair]()
    for n in range(60):
        found += rated_tests(crowd.taste, crowd.rater(f"r{n}", 0.4), "run", "interests")
        made += pairs(crowd, f"r{n}", 0.4, {"readers alike": 0.9})
    ledger.put_rated_tests("run", [f"r{n}" for n in range(60)], found)
    ledger.add_pairs(made)
    lots = rated(ledger, "run")
    assert set(lots) == {("us", "interests"), ("br", "interests")}
    for lot in lots.values():
        alike, category = lot.kinds["readers alike"], lot.kinds["category ratings"]
        assert alike.tested > 20 and alike.readers > 8 and alike.share is not None
        assert alike.low <= 0.9 <= alike.high and alike.share > 0.75
        assert category.pairs > 20 and category.tested > 15
        assert category.confirmed > 0.9 * category.tested and category.low > 0.75
        assert lot.kinds["own rating"].tested == 0 and lot.kinds["own rating"].pairs > 100
        assert lot.pairs == sum(kind.pairs for kind in lot.kinds.values())
        assert lot.tested == sum(kind.tested for kind in lot.kinds.values() if kind.pairs)
        for one in (lot, *lot.kinds.values()):
            assert one.confirmed + one.tied + one.contradicted == one.tested and 0 <= one.low <= one.high <= 1
    right = {pair.id for pair in made if pair.rests_on == "category ratings" and _planted(pair)}
    assert len(right) == sum(pair.rests_on == "category ratings" for pair in made)
    worth = confirmed_share(ledger.rated_tests("run"))("us")
    assert worth["readers alike"] > 0.75 and worth["readers alike"] > worth["near and unread"]


def _planted(pair: Pair) -> bool:
    return (pair.chosen[0]["content"] == "Poetry") == (int(pair.reader[1:]) % 2 == 0)


def test_no_label_looks_at_what_tests_it(crowd: Store) -> None:
    """With the held-back ratings turned around it says the same, and each outcome but a tie is another."""
    rater = crowd.rater("r0", 0.4)
    turned = [one.model_copy(update={"rating": 6 - one.rating}) for one in rater.ratings.held_back]
    other = replace(rater, ratings=replace(rater.ratings, held_back=turned))
    assert crowd.taste.disliked(rater) == crowd.taste.disliked(other) != []
    (one,), (same,) = crowd.taste.preferences(rater)[0], crowd.taste.preferences(other)[0]
    assert one == same and {told_later(one, rater), told_later(one, other)} == {"confirmed", "contradicted"}


def test_a_test_by_hand(database: Database, tmp_path: Path) -> None:
    store = Store(database, tmp_path, [book(name) for name in "abcdefgh"], most=1)
    store.add("me", {"a": 5.0, "b": 1.0, "c": 5.0, "d": 5.0, "e": 2.0, "f": 5.0})
    for n in range(2):
        store.add(f"twin {n}", {"a": 5, "b": 1, "c": 5, "e": 1, "f": 2, "g": 1})
    found = [
        t for t in rated_tests(store.taste, store.rater("me"), "run", "interests") if t.rests_on == "readers alike"
    ]
    # Twins rated e, f and g low; d and f were liked. Before e and f stands no unread book, so either would be chosen.
    assert Counter((t.chosen, t.rejected, t.outcome) for t in found) == {
        ("d", "e", "confirmed"): 1, ("d", "f", "tied"): 1, ("f", "e", "confirmed"): 1,
    }  # fmt: skip


def test_what_a_kind_is_worth_is_that_of_the_culture_where_it_was_tested_enough() -> None:
    def outcomes(culture: str, confirmed: int, others: int) -> Counter[tuple[str, str, str, str, str | None]]:
        key = culture, "interests", "near and unread", "r"
        return Counter({(*key, "confirmed"): confirmed, (*key, "tied"): others})

    worth = confirmed_share(outcomes("us", ENOUGH - 6, 6) + outcomes("br", 1, 9))
    assert worth("us") == {"near and unread": (ENOUGH - 5) / (ENOUGH + 2)}
    assert worth("br") == worth("jp") == {"near and unread": (ENOUGH - 4) / (ENOUGH + 12)}
    assert confirmed_share(Counter())("us") == {}


def test_the_track_is_the_shipped_one() -> None:
    assert tracks()["interests"] is interests and interests.TRACK.rests_on is None
