"""Preferences among categories: the arithmetic, and what is and is not put against what."""

from math import log, sqrt
from statistics import NormalDist

import numpy as np
import pytest

from gravity.agents.taste.odds import MOST, PRIOR, SMOOTH, Z, lean, preferences
from gravity.frameworks.loader import Library
from gravity.store.population import Others

LIBRARY = Library()
TAXONOMY = LIBRARY.taxonomy(LIBRARY.domain("books"))


def others(liked: float = 0.5, **counts: tuple[float, float]) -> Others:
    return Others("us", 100, liked, {name.replace("_", " "): given for name, given in counts.items()})


def test_the_log_odds_are_those_of_a_hand_calculation() -> None:
    """Four of five liked, where others like 60 of 90; six in ten of all ratings are likes."""
    found = lean((4, 5), (60, 90), 0.6)
    # Others: 60 + 10 * 0.6 = 66 against 30 + 10 * 0.4 = 34, so 66%; the prior is 4 * 0.66 = 2.64 against 1.36.
    assert (PRIOR, SMOOTH) == (4, 10)
    assert found.usual == pytest.approx(0.66)
    assert found.odds == pytest.approx(log(6.64 / 2.36) - log(66 / 34))
    assert found.odds == pytest.approx(0.3712, abs=1e-4)
    assert found.variance == pytest.approx(1 / 6.64 + 1 / 2.36 + 1 / 66 + 1 / 34)
    assert found.share == pytest.approx(6.64 / 9)
    assert (found.liked, found.rated) == (4, 5)


def test_what_was_not_read_leans_nowhere() -> None:
    assert lean((0, 0), (300, 400), 0.7).odds == pytest.approx(0)
    assert not preferences({"Poetry": (6, 6)}, others(Poetry=(50, 100), Westerns=(50, 100)), TAXONOMY)
    # One book is not a category.
    assert not preferences({"Poetry": (9, 9), "Westerns": (0, 1)}, others(), TAXONOMY)


def test_a_preference_says_with_which_probability_it_holds() -> None:
    (found,) = preferences({"Poetry": (6, 6), "Westerns": (1, 6)}, others(0.6), TAXONOMY)
    assert (found.better, found.worse) == ("Poetry", "Westerns")
    one, other = (lean(own, (0, 0), 0.6) for own in ((6, 6), (1, 6)))
    assert found.z == pytest.approx((one.odds - other.odds) / sqrt(one.variance + other.variance)) and found.z > Z
    assert found.confidence == pytest.approx(NormalDist().cdf(found.z)) and found.confidence > 0.9
    assert NormalDist().cdf(Z) == pytest.approx(0.9)


def test_a_preference_has_to_hold_in_itself_and_against_others() -> None:
    """Who likes what everybody likes prefers nothing; nor does who likes a little more of what nobody likes."""
    usual = others(0.6, Poetry=(950, 1000), Westerns=(300, 1000))
    assert not preferences({"Poetry": (19, 20), "Westerns": (6, 20)}, usual, TAXONOMY)
    # Here others like poems more, and so does this reader, if by less.
    assert not preferences({"Poetry": (19, 20), "Westerns": (20, 20)}, usual, TAXONOMY)
    found = preferences({"Poetry": (17, 20), "Westerns": (20, 20)}, usual, TAXONOMY)
    assert [one.better for one in found] == ["Westerns"]
    assert not preferences({"Poetry": (16, 20), "Westerns": (12, 20)}, usual, TAXONOMY)


def test_a_genre_is_never_against_its_part() -> None:
    own = {
        "Science Fiction and Fantasy": (6.0, 16.0),
        "Science Fiction": (1.0, 8.0),
        "Hard Science Fiction": (6.0, 6.0),
        "Fantasy": (5.0, 5.0),
        "Romantic Fantasy": (0.0, 6.0),
        "Knitting for Cats": (0.0, 9.0),
        "Knitting": (9.0, 9.0),
    }
    found = preferences(own, others(), TAXONOMY)
    assert found and all(not TAXONOMY.kin(one.better, one.worse) for one in found)
    pairs = {(one.better, one.worse) for one in found}
    assert ("Hard Science Fiction", "Science Fiction") not in pairs and ("Knitting", "Romantic Fantasy") in pairs


def test_the_surest_stands_for_wider_and_narrower_ones_and_their_number_is_bounded() -> None:
    own = {"Thrillers": (8.0, 8.0), "Spy Stories": (4.0, 4.0), "Romance": (1.0, 9.0), "Historical Romance": (0.0, 4.0)}
    (found,) = preferences(own, others(), TAXONOMY)
    assert found.z == max(
        one.z for name in ("Thrillers", "Spy Stories") for one in preferences(
            {name: own[name], "Romance": own["Romance"]}, others(), TAXONOMY
        )
    )  # fmt: skip
    many = {f"Kind {chr(65 + n)}": ((12.0, 12.0) if n % 2 else (0.0, 12.0)) for n in range(20)}
    flat = preferences(many, others(), TAXONOMY)
    assert len(flat) == MOST and [one.z for one in flat] == sorted((one.z for one in flat), reverse=True)


def test_preferences_hold_about_as_often_as_they_say() -> None:
    """Readers whose taste of each category is drawn around what others like: of what is said with a mean confidence
    about as much is true."""
    chance, held, said = np.random.default_rng(3), [], []
    names = ["Poetry", "Westerns", "Memoirs", "Cozy Mysteries", "Space Opera", "Travel Writing"]
    usual = others(0.7, **{name.replace(" ", "_"): (700.0, 1000.0) for name in names})
    for _ in range(600):
        taste = dict(zip(names, chance.beta(4 * 0.7, 4 * 0.3, len(names)), strict=True))
        read = dict(zip(names, map(int, chance.integers(2, 12, len(names))), strict=True))
        own = {name: (float(chance.binomial(read[name], taste[name])), float(read[name])) for name in names}
        for one in preferences(own, usual, TAXONOMY):
            held.append(taste[one.better] > taste[one.worse])
            said.append(one.confidence)
    assert len(held) > 300
    assert abs(np.mean(held) - np.mean(said)) < 0.05 and np.mean(held) > 0.88
