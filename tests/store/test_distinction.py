"""Whose reading it is, against counts by hand and against labels drawn by chance."""

from itertools import combinations

import numpy as np
import pytest

from gravity.store.database import Database
from gravity.store.distinction import FEWEST, Preferred, distinctions, measured
from gravity.store.ledger import Ledger
from tests.store.build import pair, run

WAYS = ("I would ask.", "I would not.")


def labels(subject: str, *first: bool, culture: str = "us") -> list[Preferred]:
    return [Preferred(culture, "values", subject, WAYS, one) for one in first]


def test_it_is_the_share_of_pairs_of_readers_that_differ() -> None:
    """Three prefer the one and two the other: of the twenty ordered pairs of readers twelve differ."""
    given = [True, True, True, False, False]
    (found,) = measured(labels("s1", *given))
    apart = sum(a != b for a, b in combinations(given, 2)) / 10
    assert (found.share, found.compared, found.pairs, found.subjects) == (apart, 5, 5, 1)
    assert found.interval is None


def test_labels_that_all_share_never_differ_and_a_reader_alone_is_compared_with_nobody() -> None:
    (found,) = measured([*labels("s1", True, True, True), *labels("s2", False)])
    assert (found.share, found.compared, found.pairs, found.subjects) == (0.0, 3, 4, 1)
    (alone,) = measured(labels("s1", True))
    assert (alone.share, alone.compared, alone.interval) == (None, 0, None)


def test_cultures_and_tracks_stand_apart() -> None:
    mixed = [*labels("s1", True, True), *labels("s1", False, False, culture="br")]
    assert [(found.culture, found.share) for found in measured(mixed)] == [("br", 0.0), ("us", 0.0)]


@pytest.mark.parametrize("agree", [0.5, 0.8])
def test_the_interval_holds_what_is_true_of_readers_drawn_by_chance(agree: float) -> None:
    chance, held = np.random.default_rng(7), 0
    for _ in range(200):
        # Seeds differ in how many agree with them; a reader answers three scenes of a seed alike.
        shares = np.clip(agree + chance.normal(0, 0.1, 40), 0, 1)
        given = []
        for number, share in enumerate(shares):
            for first in chance.random(8) < share:
                given += [
                    Preferred("us", "values", f"s{number}", (f"{scene}a", f"{scene}b"), bool(first)) for scene in "xyz"
                ]
        (found,) = measured(given)
        true = float(np.mean(2 * shares * (1 - shares)))
        assert found.interval is not None
        held += found.interval.low <= true <= found.interval.high
    assert held >= 178  # of 200 at 95%, once in a thousand times fewer


def test_it_is_read_from_the_vetted_pairs_of_a_run(database: Database) -> None:
    made, ledger = run(), Ledger(database)
    ledger.open_run(made)
    sides = [{"role": "assistant", "content": "A."}], [{"role": "assistant", "content": "B."}]
    pairs = []
    for number in range(FEWEST):
        for reader, (chosen, rejected) in zip("abc", (sides, sides, sides[::-1]), strict=True):
            pairs.append(pair(made, reader, f"s{number}", chosen=chosen, rejected=rejected))
    pairs.append(pair(made, "d", "s0", chosen=sides[1], rejected=sides[0], verdict="held"))
    ledger.add_pairs(pairs)
    (found,) = distinctions(ledger, made.id)
    assert (found.pairs, found.compared, found.subjects) == (3 * FEWEST, 3 * FEWEST, FEWEST)
    assert found.share == pytest.approx(2 / 3) and found.interval == pytest.approx((2 / 3, 2 / 3))
