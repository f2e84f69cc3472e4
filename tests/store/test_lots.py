"""Acceptance sampling against planted label errors and planted errors of the panel."""

from collections.abc import Sequence
from math import comb
from typing import Any

import numpy as np
import pytest

from gravity.frameworks.statistics import exact
from gravity.store.database import Database
from gravity.store.ledger import Ledger
from gravity.store.lots import lots, sample_size, samples
from gravity.store.records import Check, Label, Lot, Pair
from tests.store.build import check, decision, pair, run

ACCEPTABLE = 0.1
SIZE = sample_size(ACCEPTABLE)
RUN = run(acceptable=ACCEPTABLE)


@pytest.fixture
def ledger(database: Database) -> Ledger:
    made = Ledger(database)
    made.open_run(RUN)
    return made


def members(count: int, track: Any = "values", culture: str = "us", **fields: Any) -> list[Pair]:
    return [pair(RUN, f"{culture}{n}", "s1", track, culture, **fields) for n in range(count)]


def sampled(ledger: Ledger, pairs: Sequence[Pair], culture: str = "us", track: Any = "values") -> list[Pair]:
    known = {one.id: one for one in pairs}
    return [known[identity] for identity in samples(ledger, RUN.id, SIZE)[culture, track][1]]


def checked(ledger: Ledger, pairs: Sequence[Pair], rejected: int = 0, undecided: int = 0) -> Lot:
    """The lot after its sample was checked: so many against the label, so many undecided, all others for it."""
    for number, one in enumerate(sampled(ledger, pairs)):
        prefers: Label | None = "rejected" if number < rejected else None if number < rejected + undecided else "chosen"
        ledger.add_check(check(one, prefers))
    (lot,) = lots(ledger, RUN)
    return lot


# How many.


def at_most(found: int, n: int, share: float) -> float:
    """The chance of at most `found` of `n`, summed term by term."""
    return sum(comb(n, k) * share**k * (1 - share) ** (n - k) for k in range(found + 1))


@pytest.mark.parametrize(("acceptable", "size"), [(0.1, 114), (0.05, 230)])
def test_the_sizes_that_the_configuration_names(acceptable: float, size: int) -> None:
    assert sample_size(acceptable) == size


@pytest.mark.parametrize("acceptable", [0.05, 0.1, 0.2, 0.3, 0.45])
def test_a_sample_tells_a_good_lot_from_a_bad_one(acceptable: float) -> None:
    """By binomials alone: the most errors that the interval accepts, and what comes of good and of bad lots."""
    n = sample_size(acceptable)
    allowed = max(k for k in range(n) if exact(k, n).high <= acceptable)
    assert at_most(allowed, n, acceptable) <= 0.025 + 1e-9
    assert at_most(allowed, n, acceptable / 3) >= 0.8
    # With one error less allowed, the smallest sample that keeps bad lots out would refuse too many good ones.
    if allowed:
        fewer = next(m for m in range(allowed, n) if exact(allowed - 1, m).high <= acceptable)
        assert at_most(allowed - 1, fewer, acceptable / 3) < 0.8
    assert exact(allowed, n - 1).high > acceptable


def test_less_error_needs_a_larger_sample() -> None:
    sizes = [sample_size(error) for error in (0.05, 0.1, 0.2, 0.3, 0.45)]
    assert sizes == sorted(sizes, reverse=True) and len(set(sizes)) == len(sizes)


# Which.


def test_the_sample_is_the_same_at_every_call_and_mostly_kept_when_the_lot_grows(ledger: Ledger) -> None:
    pairs = members(800)
    ledger.add_pairs(pairs[:600])
    count, first = samples(ledger, RUN.id, SIZE)["us", "values"]
    assert (count, len(first), len(set(first))) == (600, SIZE, SIZE)
    assert samples(ledger, RUN.id, SIZE)["us", "values"] == (count, first)
    ledger.add_pairs(pairs[600:])
    count, second = samples(ledger, RUN.id, SIZE)["us", "values"]
    assert count == 800
    kept = len({*first} & {*second}) / SIZE
    # A quarter of the lot is new, and so is about a quarter of the sample.
    assert 0.62 < kept < 0.88


def test_the_sample_is_as_good_as_drawn_by_chance(ledger: Ledger) -> None:
    """Over many lots each pair is in the sample about as often as it should be, wherever it stands."""
    drawn = np.zeros(200)
    for number in range(60):
        other = run(f"{number:016d}")
        pairs = [pair(other, f"r{n}", "s1") for n in range(200)]
        ledger.add_pairs(pairs)
        _, found = samples(ledger, other.id, 50)["us", "values"]
        drawn += np.isin([one.id for one in pairs], found)
    assert drawn.sum() == 60 * 50
    thirds = drawn.reshape(4, 50).sum(axis=1)
    assert thirds.min() > 650 and thirds.max() < 850
    assert drawn.max() < 32


def test_lots_are_of_one_culture_and_track(ledger: Ledger) -> None:
    ledger.add_pairs([*members(7), *members(5, culture="br"), *members(3, "personality"), *members(2, "interests")])
    found = samples(ledger, RUN.id, 4)
    assert {lot: (count, len(ids)) for lot, (count, ids) in found.items()} == {
        ("us", "values"): (7, 4),
        ("br", "values"): (5, 4),
        ("us", "personality"): (3, 3),
        ("us", "interests"): (2, 2),
    }
    assert [(lot.culture, lot.track) for lot in lots(ledger, RUN)] == sorted(found)


@pytest.mark.parametrize("verdict", ["held", "rejected", "failed"])
def test_only_what_was_vetted_is_in_a_lot(ledger: Ledger, verdict: Any) -> None:
    ledger.add_pairs([*members(4), *members(3, "personality", verdict=verdict)])
    assert [(lot.track, lot.pairs) for lot in lots(ledger, RUN)] == [("values", 4)]


# What comes of it.


def test_a_good_lot_is_vetted(ledger: Ledger) -> None:
    pairs = members(500)
    ledger.add_pairs(pairs)
    lot = checked(ledger, pairs, rejected=3)
    assert (lot.pairs, lot.sample, lot.checked, lot.against) == (500, SIZE, SIZE, 3)
    assert lot.high == exact(3, SIZE).high <= ACCEPTABLE
    assert (lot.verdict, lot.whole) == ("vetted", False)
    assert lot.reason.endswith("at most 10% is accepted")


def test_a_bad_lot_is_withheld(ledger: Ledger) -> None:
    pairs = members(500)
    ledger.add_pairs(pairs)
    lot = checked(ledger, pairs, rejected=40)
    assert lot.verdict == "withheld"
    # What the panel itself gets wrong at most is taken off: (disagreement - f) / (1 - 2 f).
    assert lot.low == pytest.approx((exact(40, SIZE).low - 0.05) / 0.9)
    assert lot.reason.startswith(f"label error between {lot.low:.1%} and {lot.high:.1%}: more than the 10%")


def test_a_lot_in_between_is_for_people(ledger: Ledger) -> None:
    pairs = members(500)
    ledger.add_pairs(pairs)
    lot = checked(ledger, pairs, rejected=12)
    assert lot.low <= ACCEPTABLE < lot.high
    assert lot.verdict == "review"


def test_a_lot_of_which_too_much_stays_undecided_is_for_people() -> None:
    found = []
    for undecided in (int(SIZE * 0.5), int(SIZE * 0.5) + 2):
        ledger = Ledger(Database("sqlite://"))
        pairs = members(500)
        ledger.add_pairs(pairs)
        lot = checked(ledger, pairs, undecided=undecided)
        assert (lot.undecided, lot.agreed) == (undecided, SIZE - undecided)
        found.append(lot.verdict)
    assert found == ["vetted", "review"]


@pytest.mark.parametrize("left", [1, SIZE])
def test_a_sample_that_is_not_whole_says_nothing_yet(ledger: Ledger, left: int) -> None:
    pairs = members(500)
    ledger.add_pairs(pairs)
    for one in sampled(ledger, pairs)[left:]:
        ledger.add_check(check(one))
    (lot,) = lots(ledger, RUN)
    assert lot.verdict == "unchecked"
    assert lot.reason == f"{SIZE - left} of the {SIZE} sampled pairs have been checked"


def test_checks_of_other_pairs_do_not_count(ledger: Ledger) -> None:
    pairs = members(500)
    ledger.add_pairs(pairs)
    sample = {one.id for one in sampled(ledger, pairs)}
    for one in pairs:
        if one.id not in sample:
            ledger.add_check(check(one, "rejected"))
    (lot,) = lots(ledger, RUN)
    assert (lot.checked, lot.verdict) == (0, "unchecked")


def test_interests_rest_on_ratings(ledger: Ledger) -> None:
    ledger.add_pairs(members(300, "interests"))
    (lot,) = lots(ledger, RUN)
    assert (lot.verdict, lot.checked) == ("ratings", 0)


@pytest.mark.parametrize(
    ("rejected", "undecided", "verdict"), [(0, 0, "vetted"), (2, 3, "vetted"), (16, 0, "withheld")]
)
def test_a_small_lot_is_checked_whole(ledger: Ledger, rejected: int, undecided: int, verdict: str) -> None:
    pairs = members(20)
    ledger.add_pairs(pairs)
    lot = checked(ledger, pairs, rejected, undecided)
    assert (lot.whole, lot.sample, lot.checked) == (True, 20, 20)
    assert lot.verdict == verdict
    if verdict == "vetted":
        assert lot.reason.endswith(f"{20 - rejected - undecided} of 20 were confirmed, and leave")


@pytest.mark.parametrize("panel_error", [0.5, 0.8, None])
def test_a_panel_that_may_be_wrong_half_the_time_withholds_nothing(ledger: Ledger, panel_error: float | None) -> None:
    error = {} if panel_error is None else {"us": panel_error}
    settings = RUN.settings.model_copy(update={"panel_error": error})
    pairs = members(300)
    ledger.add_pairs(pairs)
    checked(ledger, pairs, rejected=SIZE)
    (lot,) = lots(ledger, RUN.model_copy(update={"settings": settings}))
    assert (lot.low, lot.high, lot.verdict) == (0.0, 1.0, "review")


# People.


@pytest.mark.parametrize(
    ("decided", "panel", "counted"),
    [
        ("keep", "rejected", "agreed"),
        ("edit", "rejected", "agreed"),
        ("flip", "chosen", "against"),
        ("reject", "chosen", "against"),
        ("keep", None, "agreed"),
        ("reject", None, "against"),
    ],
)
def test_a_person_outranks_the_panel(ledger: Ledger, decided: Any, panel: Label | None, counted: str) -> None:
    pairs = members(10)
    ledger.add_pairs(pairs)
    for one in pairs:
        ledger.add_check(check(one, panel))
    ledger.decide(*decision(pairs[3], decided))
    (lot,) = lots(ledger, RUN)
    by_panel = {"chosen": "agreed", "rejected": "against", None: "undecided"}[panel]
    expected = {"agreed": 0, "against": 0, "undecided": 0, by_panel: 9}
    expected[counted] += 1
    assert {name: getattr(lot, name) for name in ("agreed", "against", "undecided")} == expected
    # A pair that a person rejected or flipped is still one of the lot that was sampled.
    assert lot.pairs == 10
    ledger.undo(pairs[3].id)
    (lot,) = lots(ledger, RUN)
    assert getattr(lot, by_panel) == 10


def test_a_person_stands_in_for_a_check_that_nobody_made(ledger: Ledger) -> None:
    pairs = members(5)
    ledger.add_pairs(pairs)
    for one in pairs:
        ledger.decide(*decision(one, "keep"))
    (lot,) = lots(ledger, RUN)
    assert (lot.agreed, lot.verdict) == (5, "vetted")


def test_people_settle_a_lot_in_between(ledger: Ledger) -> None:
    pairs = members(500)
    ledger.add_pairs(pairs)
    assert checked(ledger, pairs, rejected=12).verdict == "review"
    for one in sampled(ledger, pairs)[:10]:
        ledger.decide(*decision(one, "keep"))
    (lot,) = lots(ledger, RUN)
    assert (lot.against, lot.verdict) == (2, "vetted")


def test_held_pairs_that_a_person_keeps_do_not_enter_the_sample(ledger: Ledger) -> None:
    """They were not drawn by chance: a person looked at just these."""
    vetted, held = members(6), members(4, "personality", verdict="held")
    mixed = [pair(RUN, f"h{n}", "s1", verdict="held") for n in range(3)]
    ledger.add_pairs([*vetted, *held, *mixed])
    before = samples(ledger, RUN.id, SIZE)
    for one in (*held, *mixed):
        ledger.decide(*decision(one, "keep"))
    assert ledger.pair(held[0].id).verdict == "vetted"  # type: ignore[union-attr]
    assert samples(ledger, RUN.id, SIZE) == before
    assert {lot.track: lot.pairs for lot in lots(ledger, RUN)} == {"values": 6}


# Coverage.

SIMULATED = 120


@pytest.mark.parametrize(
    ("error", "panel"), [(0.0, 0.0), (0.03, 0.05), (0.08, 0.03), (0.15, 0.08), (0.3, 0.1), (0.45, 0.2)]
)
def test_the_interval_covers_the_true_error(error: float, panel: float) -> None:
    """Labels are wrong by chance, the panel errs by chance, and the pairs of a real ledger are sampled.

    The interval is to hold for the error of the lot at hand, 95 times in 100; of 120 lots at least 111, which a
    coverage of 0.95 passes 9 times in 10; the bounds here are wider than that.
    """
    chance = np.random.default_rng(int(1000 * error + 10 * panel))
    database = Database("sqlite://")
    ledger, covered, accepted_bad = Ledger(database), 0, 0
    of = run(acceptable=ACCEPTABLE, panel_error=panel)
    pairs = [pair(of, f"r{n}", "s1") for n in range(300)]
    ledger.add_pairs(pairs)
    (_, sample), size = samples(ledger, of.id, SIZE)["us", "values"], SIZE
    place = {one.id: n for n, one in enumerate(pairs)}
    drawn = [place[identity] for identity in sample]
    for _ in range(SIMULATED):
        wrong = chance.random(len(pairs)) < error
        errs = chance.random(len(pairs)) < panel
        said: list[Label] = ["rejected" if one else "chosen" for one in wrong ^ errs]
        checks = {pairs[n].id: Check(pair=pairs[n].id, run=of.id, choices=[], prefers=said[n]) for n in drawn}
        (lot,) = lots(Answering(database, checks), of)
        assert lot.checked == size
        covered += lot.low <= wrong.mean() <= lot.high
        accepted_bad += lot.verdict == "vetted" and wrong.mean() > ACCEPTABLE
    database.close()
    assert covered >= 0.925 * SIMULATED
    assert accepted_bad <= 0.05 * SIMULATED


class Answering(Ledger):
    """A ledger of real pairs whose checks are planted, since writing them anew for each lot would take minutes."""

    def __init__(self, database: Database, checks: dict[str, Check]) -> None:
        super().__init__(database)
        self.planted = checks

    def checks(self, run: str) -> dict[str, Check]:
        return self.planted
