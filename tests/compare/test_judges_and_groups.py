"""What judges did, and what groups gain, where it is known."""

from dataclasses import replace

import numpy as np
import pytest

from gravity.audit.agreement import alpha, coincidences, counts
from gravity.compare.evidence import Comparison
from gravity.store.comparisons import Place
from tests.audit.support import some
from tests.compare.support import (
    ORIGINAL,
    OTHER,
    PROMPTED,
    TUNED,
    cells,
    choice,
    comparisons,
    evidence,
    found,
    named,
    square,
    steady,
)


def test_a_judge_that_takes_the_first_seat_is_found_and_a_steady_one_is_not() -> None:
    of = cells(10, 10)
    seated = [choice("sways", "first", "first"), choice("sways", "second", "second")]
    said = [seated if one else steady("second", "sways") for one in square(10, 1)]
    kept = [
        Comparison(cell.id, "tuned", "original", [*steady("first", "firm"), *given], "tuned")
        for cell, given in zip(of, said, strict=True)
    ]
    made = found(evidence([ORIGINAL, TUNED], of, comparisons=kept))
    assert named(made, "same answer in both orders", "sways").value == 1 - sum(square(10, 1)) / 100
    # The first seat wins twice where it is seated, else once of two.
    seats = sum(square(10, 1))
    assert named(made, "first seat wins", "sways").value == pytest.approx((100 + seats) / 200)
    assert named(made, "first seat wins", "firm").value == 0.5
    leans = [one.what for one in made.findings if "leans" in one.what]
    assert len(leans) == 1 and "The judge sways leans to the first seat" in leans[0]


def test_unsteady_judges_decide_little_and_that_is_told() -> None:
    of = cells(10, 10)
    sways = [choice("a", "first", "first"), choice("a", "second", "second")]
    kept = [
        Comparison(cell.id, "tuned", "original", steady("first") if one else sways, "tuned" if one else None)
        for cell, one in zip(of, square(10, 3), strict=True)
    ]
    made = found(evidence([ORIGINAL, TUNED], of, comparisons=kept))
    assert named(made, "decided").value == sum(square(10, 3)) / 100
    whats = " ".join(one.what for one in made.findings)
    assert "Judges decide 24% of the comparisons" in whats and "The judge a is unsteady" in whats


def test_judges_that_did_not_answer_are_counted_and_are_in_no_share_of_answers() -> None:
    of = cells(10, 10)
    half = [choice("a", "first", "first"), choice("a", "second", None, answered=False)]
    said = [half] * 20 + [steady(None, "a")] * 80
    kept = [
        Comparison(cell.id, "tuned", "original", [*steady("first", "b"), *given], "tuned")
        for cell, given in zip(of, said, strict=True)
    ]
    made = found(evidence([ORIGINAL, TUNED], of, comparisons=kept))
    assert named(made, "no answer", "a").value == 0.2 and named(made, "no answer", "b").value == 0
    assert named(made, "same answer in both orders", "a").n == 80
    # That nobody can tell which is better takes no side.
    assert named(made, "first seat wins", "a").value is None


def test_agreement_is_krippendorffs_alpha_of_settled_answers() -> None:
    of = cells(10, 10)
    random = np.random.default_rng(0)
    ratings = random.integers(0, 3, (100, 2))
    ratings[:, 1] = np.where(random.random(100) < 0.6, ratings[:, 0], ratings[:, 1])
    said: tuple[Place | None, ...] = ("first", "second", None)
    kept = [
        Comparison(cell.id, "tuned", "original", [*steady(said[one], "a"), *steady(said[other], "b")], None)
        for cell, (one, other) in zip(of, ratings.tolist(), strict=True)
    ]
    figure = named(found(evidence([ORIGINAL, TUNED], of, comparisons=kept)), "Krippendorff's alpha")
    known = float(alpha(coincidences(counts(ratings, 3)).sum(axis=0)))
    assert figure.value == pytest.approx(known)
    # By the jackknife over units.
    units = coincidences(counts(ratings, 3))
    left_out = np.array([float(alpha(units.sum(axis=0) - unit)) for unit in units])
    error = np.sqrt(99 / 100 * ((left_out - left_out.mean()) ** 2).sum())
    assert (some(figure.high) - some(figure.low)) / 2 == pytest.approx(2.26 * error, rel=0.35)


def test_a_group_that_gains_less_is_found_and_its_gain_is_that_of_its_cells() -> None:
    of = [
        replace(
            cell,
            culture="br" if number // 16 % 2 else "us",
            kind="Fiction" if number % 2 else "Nonfiction",
            gender="" if number < 16 else "female",
        )
        for number, cell in enumerate(cells(16, 16))
    ]
    # Readers of br lose twice in four, those of us never; fiction and all else gain the same in each.
    won = [
        0.0 if cell.culture == "br" and (number % 16 // 2 + number // 16 // 2) % 2 else 1.0
        for number, cell in enumerate(of)
    ]
    made = found(evidence([ORIGINAL, TUNED, OTHER], of, comparisons=comparisons(of, "tuned", "original", won)))
    us, br = (named(made, "gain by culture", "tuned against original", culture) for culture in ("us", "br"))
    assert (us.value, br.value, us.n, br.n) == (1.0, 0.0, 128, 128)
    assert (br.against, br.family) == (1.0, "exploratory") and some(br.adjusted) < 0.001
    (finding,) = [one for one in made.findings if one.section == "groups"]
    assert finding.cultures == ["br"] and "tuned gains less for readers of br: +0.0 points" in finding.what
    assert len(finding.rows) == 64
    fiction = named(made, "gain by kind of book", "tuned against original: Fiction")
    assert fiction.value == 0.5 and some(fiction.adjusted) > 0.5
    # One known gender has no other to be held against, and controls are in no group.
    grouped = [one for one in made.figures if one.section == "groups"]
    assert not [one for one in grouped if one.name == "gain by gender" or one.extra["writer"] == OTHER.name]


def test_small_groups_are_insufficient() -> None:
    of = [replace(cell, age="young" if number < 24 else "old") for number, cell in enumerate(cells())]
    made = found(
        evidence([ORIGINAL, TUNED], of, comparisons=comparisons(of, "tuned", "original", [0.0] * 24 + [1.0] * 40))
    )
    young, old = (named(made, "gain by age", f"tuned against original: {age}") for age in ("young", "old"))
    assert (young.value, young.enough, young.p) == (-1.0, False, None)
    # There are too few others to hold the old against.
    assert not old.enough and old.p is None


def test_notes_say_what_is_not_there() -> None:
    told = found(evidence([PROMPTED], cells(), qualified=False, notes=["the run stopped early"])).notes
    assert told[0] == "the run stopped early" and "nobody has qualified" in told[1]
    assert "the original is not in the line-up" in told[2] and "no writer differs from prompted" in told[3]
    assert any("prompting alone" in note for note in found(evidence([ORIGINAL], cells())).notes)
    assert not found(evidence([], [])).notes
