"""Split halves, calibration and carrying over, against readers whose every stance is planted."""

from collections import Counter
from collections.abc import Sequence
from functools import cache
from itertools import takewhile
from typing import Any

import numpy as np
import pytest

from gravity.agents.carrying import MODEL, Carrier, Degree, degrees, reliability
from gravity.agents.degrees import (
    LEAST,
    CarryingOver,
    HalfTest,
    axes,
    calibrated,
    calibrations,
    split_halves,
    taken,
)
from gravity.agents.hierarchy import Axis
from gravity.frameworks.loader import Library
from gravity.store.records import Fact, Provenance, Shown
from gravity.store.reliability import THRESHOLDS, Reliability, over_all
from gravity.store.views import ReaderSeed
from tests.agents.planted_stances import Planted

OPPOSITE = {"agree": "disagree", "disagree": "agree"}


@cache
def planted(readers: int = 150, reader_spread: float = 2.5) -> Planted:
    return Planted(readers, seeds=90, dimensions=10, seed_spread=0.7, reader_spread=reader_spread)


def shown_by(given: Planted, each: int, wrong: float = 0.0, chance: int = 1) -> list[Shown]:
    """Each half of each reader shows `each` stances drawn from all, of which a share `wrong` is turned round."""
    rng, found = np.random.default_rng(chance), []
    for reader in given.readers:
        for half in (0, 1):
            for place in rng.choice(len(given.axes), each, replace=False):
                one = given.everything[reader, f"s{place}"]
                stance = "agree" if one.agrees else "disagree"
                stance = OPPOSITE[stance] if rng.random() < wrong else stance
                found.append(Shown(run="run", reader=reader, seed=one.seed, half=half, stance=stance, confidence=0.9))
    return found


def facts_of(given: Planted, shown: Sequence[Shown], reader: str) -> list[Fact]:
    """The profile that follows from what is shown: all other stances are unknown."""
    said: dict[str, set[str]] = {}
    for one in shown:
        if one.reader == reader:
            said.setdefault(one.seed, set()).add(one.stance)
    found = []
    for seed in given.axes:
        stance, evidence = "unknown", [f"{reader} on {seed}"] if seed in said else []
        if len(said.get(seed, ())) == 1:
            (stance,) = said[seed]
        found.append(
            Fact(
                run="run",
                reader=reader,
                kind="stance",
                name=seed,
                value=stance,
                confidence=0.9 if stance != "unknown" else 0.0,
                evidence=evidence,
                made_by=Provenance(model="test"),
                source="" if stance == "unknown" else "shown",
            )
        )
    return found


def carrier(given: Planted, shown: Sequence[Shown]) -> Carrier:
    maps = calibrations(split_halves(shown, given.axes))
    return Carrier(CarryingOver(taken(shown, given.axes), given.axes), maps, given.axes)


def test_seeds_stand_where_their_framework_says(library: Library) -> None:
    common: dict[str, Any] = {"framework": "readers", "statement": "s", "opposite": "o", "topics": ["t"], "run": "run"}
    common |= {"cultures": ["us"], "agree": 3, "disagree": 2, "views": [], "verdict": "kept"}
    made_by = Provenance(model="m")

    def brought(identity: str, dimension: str, reader: str | None = None) -> ReaderSeed:
        given = {**common, "id": identity, "dimension": dimension, "pole": "low", "reader": reader, "made_by": made_by}
        return ReaderSeed.model_validate(given)

    known = next(f"{seed.framework}/{seed.dimension}" for seed in library.seeds.values())
    seeds = {seed.id: seed for seed in [brought("a", known), brought("b", "endings"), brought("c", "life", "ana")]}
    found = axes({**library.seeds, **seeds})
    assert found["a"] == Axis(known, -1) and found["b"] == Axis("readers/endings", -1)
    assert "c" not in found
    assert known in {axis.dimension for seed, axis in found.items() if seed in library.seeds}
    assert {seed.id: 1 if seed.pole == "high" else -1 for seed in library.seeds.values()} == {
        seed: found[seed].pole for seed in library.seeds
    }


def test_what_both_halves_show_is_tested_by_each_other() -> None:
    given = planted()
    tests = [t for t in split_halves(shown_by(given, 30, wrong=0.1), given.axes) if t.source == "shown"]
    assert {t.probability for t in tests} == {0.9}
    # Two halves that err one time in ten each contradict each other 18 times in 100.
    assert len(tests) > 1_000
    assert np.mean([not t.right for t in tests]) == pytest.approx(0.18, abs=0.03)
    assert all(t.right for t in split_halves(shown_by(given, 30), given.axes) if t.source == "shown")


def test_no_stance_is_tested_by_itself() -> None:
    """What tests a half has no part in what it is tested on: turned round, the tests fail and the predictions stay."""
    given = planted(readers=40)
    first, second = ([one for one in shown_by(given, 12) if one.half == half] for half in (0, 1))
    turned = [one.model_copy(update={"stance": OPPOSITE[one.stance]}) for one in second]
    straight, other = (
        [test for test in split_halves([*first, *rest], given.axes) if test.source == "carried over"]
        for rest in (second, turned)
    )
    # The first half's predictions come first.
    pairs = list(takewhile(lambda pair: pair[0][:3] == pair[1][:3], zip(straight, other, strict=False)))
    assert len(pairs) > 100
    assert all(one.right != again.right for one, again in pairs)


@pytest.mark.parametrize("each", [8, 20])
def test_what_is_promised_holds(each: int) -> None:
    """Carried-over stances are as often right as their calibrated probability says, against the planted truth."""
    given = planted()
    shown = shown_by(given, each, wrong=0.03)
    carrying = carrier(given, shown)
    promised: list[float] = []
    right: list[bool] = []
    for reader in given.readers:
        for fact in carrying.carried(reader, facts_of(given, shown, reader)):
            promised.append(fact.confidence)
            right.append((fact.value == "agree") == given.everything[reader, fact.name].agrees)
    sure, hit = np.array(promised), np.array(right)
    assert (sure >= 0.8).sum() > 300
    for low in (0.6, 0.7, 0.8):
        bin_ = (sure >= low) & (sure < low + 0.1)
        assert hit[bin_].mean() == pytest.approx(sure[bin_].mean(), abs=0.06)


def test_a_carried_over_stance_says_what_it_rests_on() -> None:
    given = planted()
    shown = shown_by(given, 20)
    carrying = carrier(given, shown)
    reader = given.readers[0]
    facts = facts_of(given, shown, reader)
    by_name = {fact.name: fact for fact in facts}
    found = carrying.carried(reader, facts)
    assert found
    for fact in found:
        near = [f for f in facts if given.axes[f.name].dimension == given.axes[fact.name].dimension]
        known = [f for f in near if f.value in ("agree", "disagree")]
        assert by_name[fact.name].value == "unknown" and not by_name[fact.name].evidence
        assert fact.source == "carried over" and fact.made_by.model == MODEL
        assert set(fact.evidence) == {review for f in known for review in f.evidence} != set()
        high = sum((f.value == "agree") == (given.axes[f.name].pole > 0) for f in known)
        assert f"{high} take the high pole and {len(known) - high} the low one" in fact.reason
        assert given.axes[fact.name].dimension in fact.reason
    # What was carried over before is found again, as it was.
    again = {fact.name: fact for fact in found}
    assert carrying.carried(reader, [again.get(fact.name, fact) for fact in facts]) == found


def test_what_reviews_leave_open_stays_unknown() -> None:
    given = planted()
    shown = shown_by(given, 20)
    carrying = carrier(given, shown)
    reader = given.readers[0]
    facts = facts_of(given, shown, reader)
    name = carrying.carried(reader, facts)[0].name
    changes = {"evidence": ["a review"]}, {"value": "failed"}
    for change in changes:
        changed = [f.model_copy(update=change) if f.name == name else f for f in facts]
        assert name not in {fact.name for fact in carrying.carried(reader, changed)}


def test_a_label_never_goes_against_the_lean_of_its_reader() -> None:
    """However many readers agree with a seed, nobody is carried over to it who leans to the other pole."""
    given = Planted(150, seeds=90, dimensions=10, seed_spread=0.3, reader_spread=1.0, mean=2.0)
    shown = shown_by(given, 20)
    carrying = CarryingOver(taken(shown, given.axes), given.axes)
    sides = Counter(
        (likely.agrees, given.axes[likely.seed].pole > 0)
        for reader in given.readers
        for likely in carrying.likely(reader)
    )
    assert sides[True, True] > 100 and sides[True, False] > 100
    for reader in given.readers[:20]:
        by_side: dict[str, set[bool]] = {}
        for likely in carrying.likely(reader):
            axis = given.axes[likely.seed]
            by_side.setdefault(axis.dimension, set()).add(likely.agrees == (axis.pole > 0))
        assert all(len(sides) == 1 for sides in by_side.values())


def test_with_too_few_tests_nothing_is_carried_over() -> None:
    given = planted(readers=12)
    shown = shown_by(given, 4)
    tests = split_halves(shown, given.axes)
    assert 0 < sum(test.source == "carried over" for test in tests) < LEAST
    assert calibrations(tests) is None
    assert calibrated(tests, None) == tests
    assert all(carrier(given, shown).carried(r, facts_of(given, shown, r)) == [] for r in given.readers)


def test_with_nothing_shown_there_is_nothing_to_test() -> None:
    given = planted(readers=12)
    assert split_halves([], given.axes) == []
    assert carrier(given, []).carried(given.readers[0], facts_of(given, [], given.readers[0])) == []


def test_no_map_knows_the_reader_that_it_is_used_for() -> None:
    given = planted()
    tests = split_halves(shown_by(given, 20), given.axes)
    maps = calibrations(tests)
    assert maps is not None
    reader = given.readers[0]
    mine = [t for t in tests if t.reader == reader and t.source == "carried over"]
    assert mine
    turned = [t._replace(right=not t.right) if t in mine else t for t in tests]
    again = calibrations(turned)
    assert again is not None
    assert again(reader, 0.8) == maps(reader, 0.8)
    others = [other for other in given.readers if again(other, 0.8) != maps(other, 0.8)]
    assert len(others) > len(given.readers) / 2


def test_the_figures_count_what_there_is() -> None:
    cultures = {"ana": "us", "bo": "us", "cy": "br"}
    tests = [
        HalfTest("ana", "shown", 0.9, True),
        HalfTest("ana", "shown", 0.7, False),
        HalfTest("bo", "carried over", 0.62, False),
    ]
    held = [Degree("ana", "shown", 0.9), Degree("bo", "shown", 0.7), Degree("bo", "carried over", 0.8)]
    rows = {(r.source, r.culture, r.threshold): r for r in reliability("run", tests, held, cultures)}
    assert len(rows) == 2 * 2 * len(THRESHOLDS)

    def figures(row: Reliability) -> tuple[int, int, int, int]:
        return row.tested, row.contradicted, row.stances, row.readers

    assert figures(rows["shown", "us", 0.5]) == (2, 1, 2, 2)
    assert rows["shown", "us", 0.5].expected_error == pytest.approx(0.2)
    assert figures(rows["shown", "us", 0.75]) == (1, 0, 1, 2)
    assert figures(rows["carried over", "us", 0.6]) == (1, 1, 1, 2)
    assert figures(rows["carried over", "us", 0.65]) == (0, 0, 1, 2)
    nothing = rows["shown", "br", 0.5]
    assert figures(nothing) == (0, 0, 0, 1)
    assert (nothing.share, nothing.interval, nothing.expected_error) == (None, None, None)
    everywhere = {(r.source, r.threshold): r for r in over_all(rows.values())}
    assert figures(everywhere["shown", 0.5]) == (2, 1, 2, 3)
    assert everywhere["shown", 0.5].a_reader == pytest.approx(2 / 3)
    assert everywhere["shown", 0.5].expected_error == pytest.approx(0.2)


def test_degrees_are_those_of_stances_with_a_source() -> None:
    given = planted(readers=12)
    facts = facts_of(given, shown_by(given, 4), given.readers[0])
    assert {degree.source for degree in degrees(facts)} == {"shown"}
    assert len(degrees(facts)) == sum(fact.value != "unknown" for fact in facts)
