"""Lots: who says what of their pairs, when checking stops, and what comes of it."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

from gravity.frameworks.statistics import exact
from gravity.store.bounds import Answers, confirmed_error, label_error, settled_error
from gravity.store.database import Database
from gravity.store.labels import samples
from gravity.store.ledger import Ledger
from gravity.store.lots import due, lots
from gravity.store.records import Label, Lot, Pair
from gravity.store.runs import PanelRecord, Run
from gravity.store.sampling import LARGEST, SMALLEST, design
from tests.store.build import GOOD, check, decision, pair, run

ACCEPTABLE = 0.1
RUN = run(acceptable=ACCEPTABLE)
PLANNED = design(GOOD, ACCEPTABLE)
FIRST = PLANNED.looks[0]


@pytest.fixture
def ledger(database: Database) -> Ledger:
    made = Ledger(database)
    made.open_run(RUN)
    return made


def members(count: int, track: Any = "values", culture: str = "us", **fields: Any) -> list[Pair]:
    return [pair(RUN, f"{culture}{n}", "s1", track, culture, **fields) for n in range(count)]


def sampled(ledger: Ledger, pairs: Sequence[Pair]) -> list[Pair]:
    """The pairs in the order of the sample."""
    known = {one.id: one for one in pairs}
    return [known[identity] for identity in samples(ledger, RUN.id)["us", "values"].ids]


def checked(ledger: Ledger, pairs: Sequence[Pair], says: Callable[[int], Label | None], of: Run = RUN) -> Lot:
    """The lot after as many checks as it wants; `says` is what the panel says of the pair at a place of the sample."""
    place = {one.id: number for number, one in enumerate(sampled(ledger, pairs))}
    known = {one.id: one for one in pairs}
    while todo := due(ledger, of):
        for identity in todo["us", "values"]:
            ledger.add_check(check(known[identity], says(place[identity])))
    (lot,) = lots(ledger, of)
    return lot


def every(nth: int, otherwise: Label | None) -> Callable[[int], Label | None]:
    """Each so many-th pair is answered `otherwise`, the others are confirmed."""
    return lambda place: otherwise if place % nth == nth - 1 else "chosen"


# Which.


def test_the_sample_is_the_same_at_every_call_and_mostly_kept_when_the_lot_grows(ledger: Ledger) -> None:
    pairs = members(3_200)
    ledger.add_pairs(pairs[:2_400])
    count, first = samples(ledger, RUN.id)["us", "values"]
    assert (count, len(first), len(set(first))) == (2_400, LARGEST, LARGEST)
    assert samples(ledger, RUN.id)["us", "values"] == (count, first)
    ledger.add_pairs(pairs[2_400:])
    count, second = samples(ledger, RUN.id)["us", "values"]
    assert count == 3_200
    kept = len({*first} & {*second}) / LARGEST
    # A quarter of the lot is new, and so is about a quarter of the sample.
    assert 0.62 < kept < 0.88


def test_the_sample_is_as_good_as_drawn_by_chance(ledger: Ledger) -> None:
    """Over many lots each pair is in the sample about as often as it should be, wherever it stands."""
    drawn = np.zeros(200)
    for number in range(60):
        other = run(f"{number:016d}")
        pairs = [pair(other, f"r{n}", "s1") for n in range(200)]
        ledger.add_pairs(pairs)
        _, found = samples(ledger, other.id)["us", "values"]
        drawn += np.isin([one.id for one in pairs], found[:50])
    assert drawn.sum() == 60 * 50
    thirds = drawn.reshape(4, 50).sum(axis=1)
    assert thirds.min() > 650 and thirds.max() < 850
    assert drawn.max() < 32


def test_lots_are_of_one_culture_and_track(ledger: Ledger) -> None:
    ledger.add_pairs([*members(7), *members(5, culture="br"), *members(3, "personality"), *members(2, "interests")])
    found = samples(ledger, RUN.id)
    assert {lot: (count, len(ids)) for lot, (count, ids) in found.items()} == {
        ("us", "values"): (7, 7),
        ("br", "values"): (5, 5),
        ("us", "personality"): (3, 3),
        ("us", "interests"): (2, 2),
    }
    assert [(lot.culture, lot.track) for lot in lots(ledger, RUN)] == sorted(found)


@pytest.mark.parametrize("verdict", ["held", "rejected", "failed"])
def test_only_what_was_vetted_is_in_a_lot(ledger: Ledger, verdict: Any) -> None:
    ledger.add_pairs([*members(4), *members(3, "personality", verdict=verdict)])
    assert [(lot.track, lot.pairs) for lot in lots(ledger, RUN)] == [("values", 4)]


# What comes of it.


def test_a_good_lot_is_vetted_at_the_first_look_that_shows_it_and_the_other_checks_are_spared(ledger: Ledger) -> None:
    pairs = members(1_000)
    ledger.add_pairs(pairs)
    lot = checked(ledger, pairs, every(100, "rejected"))
    look = next(one for one in PLANNED.looks if one.n == lot.checked)
    assert (lot.pairs, lot.sample, lot.spared) == (1_000, PLANNED.sample, PLANNED.sample - look.n)
    assert lot.spared > 0 and len(ledger.checks(RUN.id)) == look.n
    said = Answers(lot.agreed, lot.against, lot.undecided)
    assert (lot.low, lot.high) == label_error(said, GOOD, look.tail)
    assert lot.high <= ACCEPTABLE and (lot.verdict, lot.only_confirmed) == ("vetted", False)
    assert lot.reason.endswith("at most 10% is accepted")


def test_a_bad_lot_is_withheld(ledger: Ledger) -> None:
    pairs = members(1_000)
    ledger.add_pairs(pairs)
    lot = checked(ledger, pairs, every(3, "rejected"))
    assert (lot.verdict, lot.checked) == ("withheld", FIRST.n)
    assert ACCEPTABLE < lot.low < 1 / 3 < lot.high
    assert lot.reason.startswith(f"label error between {lot.low:.1%} and {lot.high:.1%}: more than the 10%")


def test_a_lot_that_will_hardly_pass_is_for_people_before_the_sample_is_used_up(ledger: Ledger) -> None:
    pairs = members(1_000)
    ledger.add_pairs(pairs)
    lot = checked(ledger, pairs, every(8, "rejected"))
    assert lot.low <= ACCEPTABLE < lot.high
    assert lot.verdict == "review" and lot.spared > 0


@pytest.mark.parametrize("otherwise", ["rejected", None])
def test_what_stays_undecided_was_not_confirmed(ledger: Ledger, otherwise: Label | None) -> None:
    """A panel that abstains where labels are wrong must not vet a lot by that."""
    pairs = members(1_000)
    ledger.add_pairs(pairs)
    lot = checked(ledger, pairs, every(5, otherwise))
    assert lot.verdict != "vetted" and lot.high > 0.15
    # And it may be that the panel cannot tell: only what it refutes says that labels are wrong.
    assert (lot.low > 0) == (otherwise == "rejected")


@pytest.mark.parametrize("shared", [0, 24])
def test_a_panel_that_shares_the_profilers_errors_vets_nothing(ledger: Ledger, shared: int) -> None:
    of = run(acceptable=ACCEPTABLE, record=GOOD.model_copy(update={"shared": shared}))
    pairs = members(1_000)
    ledger.add_pairs(pairs)
    lot = checked(ledger, pairs, every(40, "rejected"), of)
    assert (lot.verdict == "vetted") == (shared == 0)
    assert (lot.sample == SMALLEST) == (shared == 24)


def test_where_the_profiler_was_never_wrong_people_have_to_look(ledger: Ledger) -> None:
    of = run(acceptable=ACCEPTABLE, record=GOOD.model_copy(update={"wrong": 0, "shared": 0}))
    pairs = members(1_000)
    ledger.add_pairs(pairs)
    lot = checked(ledger, pairs, every(1_000, None), of)
    assert (lot.agreed, lot.high, lot.verdict) == (SMALLEST, 1.0, "review")
    assert "got no gold case wrong" in lot.reason and "--sample" in lot.reason


def test_a_sample_that_is_not_whole_says_nothing_yet(ledger: Ledger) -> None:
    pairs = members(1_000)
    ledger.add_pairs(pairs)
    for one in sampled(ledger, pairs)[: FIRST.n - 1]:
        ledger.add_check(check(one))
    (lot,) = lots(ledger, RUN)
    assert (lot.verdict, lot.checked, lot.measured) == ("unchecked", 0, False)
    assert due(ledger, RUN) == {("us", "values"): [sampled(ledger, pairs)[FIRST.n - 1].id]}


def test_checks_of_other_pairs_do_not_count(ledger: Ledger) -> None:
    pairs = members(1_000)
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
    assert (lot.verdict, lot.checked) == ("vetted", 0)
    assert lot.reason == "its labels rest on ratings, which no later ones test"
    assert due(ledger, RUN) == {}


def test_without_a_panel_nothing_is_checked_and_it_is_said_who_has_no_vote(ledger: Ledger) -> None:
    pairs = members(50)
    ledger.add_pairs(pairs)
    none = run(record=None)
    assert due(ledger, none) == {}
    (lot,) = lots(ledger, none)
    assert (lot.verdict, lot.reason) == ("unchecked", "no judge has qualified to check it")
    counting = none.settings.counting["us"]
    barred = counting.checking["preference"].model_copy(update={"without_vote": ["large"]})
    told = counting.model_copy(update={"checking": {"preference": barred}})
    settings = none.settings.model_copy(update={"counting": {"us": told}})
    (lot,) = lots(ledger, none.model_copy(update={"settings": settings}))
    assert lot.reason.startswith("large made the labels and has no vote on them")


def test_of_a_lot_that_is_checked_whole_the_confirmed_pairs_leave_and_their_error_is_bounded(ledger: Ledger) -> None:
    pairs = members(120)
    ledger.add_pairs(pairs)
    lot = checked(ledger, pairs, every(6, "rejected"))
    assert (lot.checked, lot.agreed, lot.against) == (120, 100, 20)
    assert (lot.verdict, lot.only_confirmed) == ("vetted", True)
    assert lot.low == 0 and lot.high <= ACCEPTABLE < label_error(Answers(100, 20, 0), GOOD).high
    assert lot.high == pytest.approx(confirmed_error(Answers(100, 20, 0), GOOD, design(GOOD, 0.1, 120).looks[-1].tail))
    assert (
        f"each pair was checked: 100 were confirmed, and leave; at most {lot.high:.1%} of these are wrong" in lot.reason
    )


def test_where_the_panel_is_unsteady_the_pairs_that_it_confirms_leave_one_by_one(ledger: Ledger) -> None:
    """It leaves a third of the labels undecided: no sample bounds the lot, yet what it confirms is right."""
    unsteady = PanelRecord(right=170, confirmed=128, refuted=1, wrong=25, shared=0)
    assert design(unsteady, ACCEPTABLE).one_by_one and not design(GOOD, ACCEPTABLE).one_by_one
    pairs = members(1_000)
    ledger.add_pairs(pairs)
    lot = checked(ledger, pairs, every(3, None), run(record=unsteady))
    assert (lot.verdict, lot.only_confirmed, lot.checked, lot.agreed) == ("vetted", True, LARGEST, 400)
    assert lot.high <= ACCEPTABLE and "600 of 1000 pairs were checked: 400 were confirmed" in lot.reason


def test_of_a_lot_checked_whole_in_vain_nothing_is_vetted(ledger: Ledger) -> None:
    pairs = members(60)
    ledger.add_pairs(pairs)
    lot = checked(ledger, pairs, lambda place: None)
    assert (lot.agreed, lot.undecided) == (0, 60)
    assert (lot.verdict, lot.low, lot.high) == ("review", 0.0, 1.0)


def test_the_lower_bound_is_never_above_the_upper_one(ledger: Ledger) -> None:
    """A panel that always refutes, with errors of its own on gold cases."""
    of = run(record=GOOD.model_copy(update={"confirmed": 150, "refuted": 90}))
    pairs = members(1_000)
    ledger.add_pairs(pairs)
    lot = checked(ledger, pairs, lambda place: "rejected", of)
    assert 0 <= lot.low <= lot.high <= 1 and lot.verdict == "withheld"


# People.


@pytest.mark.parametrize(
    ("decided", "panel", "counted"),
    [
        ("keep", "rejected", "agreed"),
        ("edit", "rejected", "agreed"),
        ("flip", None, "against"),
        ("reject", "rejected", "against"),
        ("keep", None, "agreed"),
        ("reject", None, "against"),
    ],
)
def test_a_person_outranks_the_panel(ledger: Ledger, decided: Any, panel: Label | None, counted: str) -> None:
    pairs = members(40)
    ledger.add_pairs(pairs)
    doubted = sampled(ledger, pairs)[3]
    checked(ledger, pairs, lambda place: panel if place == 3 else "chosen")
    ledger.decide(*decision(doubted, decided))
    (lot,) = lots(ledger, RUN)
    expected = {"agreed": 39, "against": 0, "undecided": 0}
    expected[counted] += 1
    assert {name: getattr(lot, name) for name in ("agreed", "against", "undecided")} == expected
    # A pair that a person rejected or flipped is still one of the lot that was sampled.
    assert lot.pairs == 40
    ledger.undo(doubted.id)
    (lot,) = lots(ledger, RUN)
    assert lot.agreed == 39 and lot.against == (panel == "rejected")


def test_people_settle_a_lot_in_between(ledger: Ledger) -> None:
    pairs = members(1_000)
    ledger.add_pairs(pairs)
    lot = checked(ledger, pairs, every(8, "rejected"))
    assert lot.verdict == "review"
    doubted = [one for n, one in enumerate(sampled(ledger, pairs)[: lot.checked]) if n % 8 == 7]
    for one in doubted[:-1]:
        ledger.decide(*decision(one, "keep"))
    # As long as one of them is open the panel's doubt counts.
    assert lots(ledger, RUN)[0].verdict == "review"
    ledger.decide(*decision(doubted[-1], "flip"))
    # Now it goes on, since it may well be vetted.
    assert lots(ledger, RUN)[0].verdict == "unchecked"
    lot = checked(ledger, pairs, every(1_000, None))
    assert (lot.against, lot.undecided, lot.verdict) == (1, 0, "vetted")
    look = next(one for one in PLANNED.looks if one.n == lot.checked)
    assert (lot.low, lot.high) == settled_error(Answers(lot.agreed, 1, 0), GOOD, look.tail)


def test_blind_answers_of_people_bound_the_error_without_any_model(ledger: Ledger) -> None:
    pairs = members(1_000)
    ledger.add_pairs(pairs)
    none = run(record=None)
    for one in sampled(ledger, pairs)[:35]:
        ledger.decide(*decision(one, "keep", blind=True))
    (lot,) = lots(ledger, none)
    assert (lot.people, lot.verdict) == ((0, 35), "review")
    ledger.decide(*decision(sampled(ledger, pairs)[35], "keep", blind=True))
    (lot,) = lots(ledger, none)
    # Thirty-six without an error are enough for a tenth.
    assert (lot.people, lot.verdict) == ((0, 36), "vetted")
    assert (lot.low, lot.high) == exact(0, 36)


def test_decisions_about_pairs_that_a_person_picked_bound_nothing(ledger: Ledger) -> None:
    pairs = members(1_000)
    ledger.add_pairs(pairs)
    for one in sampled(ledger, pairs)[:60]:
        ledger.decide(*decision(one, "keep"))
    (lot,) = lots(ledger, run(record=None))
    assert (lot.people, lot.verdict) == ((0, 0), "unchecked")


def test_blind_answers_measure_the_panel_on_the_lot_itself(ledger: Ledger) -> None:
    """On gold cases the panel is good; here it confirms what people find to be wrong."""
    pairs = members(1_000)
    ledger.add_pairs(pairs)
    assert checked(ledger, pairs, every(1_000, None)).verdict == "vetted"
    for number, one in enumerate(sampled(ledger, pairs)[:40]):
        ledger.decide(*decision(one, "flip" if number % 2 == 0 else "keep", blind=True))
    (lot,) = lots(ledger, RUN)
    assert lot.people == (20, 40)
    assert lot.low > ACCEPTABLE and lot.verdict == "withheld"


def test_held_pairs_that_a_person_keeps_do_not_enter_the_sample(ledger: Ledger) -> None:
    """They were not drawn by chance: a person looked at just these."""
    vetted, held = members(6), members(4, "personality", verdict="held")
    mixed = [pair(RUN, f"h{n}", "s1", verdict="held") for n in range(3)]
    ledger.add_pairs([*vetted, *held, *mixed])
    before = samples(ledger, RUN.id)
    for one in (*held, *mixed):
        ledger.decide(*decision(one, "keep"))
    assert ledger.pair(held[0].id).verdict == "vetted"  # type: ignore[union-attr]
    assert samples(ledger, RUN.id) == before
    assert {lot.track: lot.pairs for lot in lots(ledger, RUN)} == {"values": 6}
