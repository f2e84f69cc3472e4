"""Gains of small comparisons, by hand."""

import json

import numpy as np
import pytest

from gravity.compare.evidence import Comparison, Evidence, PanelOnGold
from gravity.compare.measures import SHIPPED
from gravity.compare.settings import CompareSettings
from gravity.compare.study import Study
from gravity.store.comparisons import Remark
from gravity.trainer.clusters import Clusters
from gravity.trainer.intervals import difference, share
from tests.audit.support import some
from tests.compare.support import (
    ORIGINAL,
    OTHER,
    PROMPTED,
    TUNED,
    cells,
    check,
    choice,
    comparisons,
    evidence,
    found,
    named,
    square,
    writings,
)

LABEL = "tuned against original"
INVENTS = Remark(fault="invention", quote="One text")


def test_the_gain_is_wins_less_losses_over_all_and_its_interval_that_of_the_trainer() -> None:
    of = cells()
    won = [1.0] * 40 + [0.5] * 10 + [0.0] * 14
    made = found(evidence([ORIGINAL, TUNED], of, comparisons=comparisons(of, "tuned", "original", won)))
    figure = named(made, "gain", LABEL)
    assert figure.value == pytest.approx((40 - 14) / 64)
    assert {key: figure.extra[key] for key in ("wins", "ties", "losses")} == {"wins": 40, "ties": 10, "losses": 14}
    clusters = Clusters.of(readers=[cell.reader for cell in of], books=[cell.book for cell in of])
    trained = difference(2 * np.array(won) - 1, clusters)
    assert [figure.low, figure.high] == pytest.approx([trained.low, trained.high])
    assert (figure.n, figure.clusters, figure.enough, figure.family) == (64, 8, True, "gates")
    assert (figure.extra["readers"], figure.extra["books"]) == (8, 8)
    worse = named(made, "worse than the original", "tuned")
    lost = share(np.array([one == 0 for one in won], dtype=float), clusters)
    assert [worse.value, worse.low, worse.high] == pytest.approx([14 / 64, lost.low, lost.high])


def test_the_order_in_which_a_comparison_was_kept_does_not_matter() -> None:
    of = cells()
    won = [1.0] * 40 + [0.0] * 24
    kept = comparisons(of, "tuned", "original", won)
    turned = comparisons(of, "original", "tuned", [1 - one for one in won])
    one, other = (named(found(evidence([ORIGINAL, TUNED], of, comparisons=c)), "gain", LABEL) for c in (kept, turned))
    assert one.value == other.value == 0.25


def test_a_text_that_invents_cannot_be_preferred_on_either_side() -> None:
    of = cells()
    # 40 wins, of which 10 by texts that invent; 24 losses, of which 6 to texts of prompt-only that invent.
    won = [1.0] * 40 + [0.0] * 24
    checks = [check(cell, "tuned", INVENTS) for cell in of[:10]]
    checks += [check(cell, "prompted", INVENTS) for cell in of[40:46]]
    # One that lost and invents stays lost, and one of which nobody said anything is not barred.
    checks += [check(of[50], "tuned", INVENTS), check(of[11], "tuned", answered=False), check(of[12], "tuned")]
    made = found(
        evidence(
            [PROMPTED, TUNED],
            of,
            comparisons=comparisons(of, "tuned", "prompted", won),
            checks=checks,
            writings=[*writings(of, "tuned"), *writings(of, "prompted")],
        )
    )
    printable, judged = named(made, "gain"), named(made, "gain as judged")
    assert judged.value == pytest.approx((40 - 24) / 64)
    assert printable.value == pytest.approx((30 - 18) / 64)
    assert (printable.extra["wins"], printable.extra["ties"], printable.extra["losses"]) == (30, 16, 18)
    # Of tuned 12 were checked: the one whose checker did not answer is unchecked, not clean.
    invents = named(made, "texts that invent", "tuned")
    assert invents.value == pytest.approx(11 / 12)
    assert (invents.n, invents.extra["texts nobody checked"]) == (12, 52)
    assert any("nobody checked" in note for note in made.notes)


def test_what_no_judge_answered_is_no_tie() -> None:
    of = cells()
    silent = [choice("a", "first", None, answered=False), choice("a", "second", None, answered=False)]
    kept = comparisons(of[:40], "tuned", "original", [1.0] * 30 + [0.5] * 10)
    kept += [Comparison(cell.id, "tuned", "original", silent, None) for cell in of[40:]]
    made = found(evidence([ORIGINAL, TUNED], of, comparisons=kept, missing={"comparisons: no answer": 7}))
    figure = named(made, "gain", LABEL)
    assert (figure.n, figure.value, figure.extra["ties"]) == (40, 0.75, 10)
    assert named(made, "decided").n == 40 and named(made, "decided").value == 0.75
    assert any("24 comparisons were answered by no judge" in note for note in made.notes)
    assert "7 missing: comparisons: no answer" in made.notes
    assert named(made, "missing", "comparisons: no answer").value == 7


@pytest.mark.parametrize(("readers", "books"), [(5, 8), (8, 5), (4, 7), (1, 40)])
def test_few_readers_books_or_cells_carry_no_claim(readers: int, books: int) -> None:
    of = cells(readers, books)
    made = found(evidence([ORIGINAL, TUNED], of, comparisons=comparisons(of, "tuned", "original", [0.0] * len(of))))
    figure = named(made, "gain", LABEL)
    assert not figure.enough and figure.p is None and not made.findings
    assert figure.n == readers * books


def test_a_writer_that_readers_like_less_is_a_serious_finding_with_the_cells_it_lost() -> None:
    of = cells()
    lost = square(8, 3)
    made = found(evidence([ORIGINAL, TUNED], of, comparisons=comparisons(of, "tuned", "original", lost)))
    finding = next(one for one in made.findings if one.section == "preference")
    assert finding.level == "serious" and "would rather have the original than what tuned writes" in finding.what
    assert finding.rows == [cell.id for cell, won in zip(of, lost, strict=True) if not won]
    assert "-50.0 points" in finding.what and "Holm" in finding.sure


def card_against_card(side: int, won: list[float]) -> Evidence:
    of = cells(side, side)
    return evidence([TUNED, OTHER], of, comparisons=comparisons(of, "tuned", "tuned, other card", won))


def test_an_own_card_that_makes_no_difference_is_found_where_there_is_enough_to_show_one() -> None:
    none = square(32, 2)
    (finding,) = [one for one in found(card_against_card(32, none)).findings if one.section == "personalisation"]
    assert "does not clearly suit its reader" in finding.what and finding.level == "serious"
    made = found(card_against_card(32, square(32, 1)))
    figure = named(made, "gain", "tuned against tuned, other card")
    assert figure.section == "personalisation" and figure.value == 0.5 and some(figure.adjusted) < 0.001
    assert not [one for one in made.findings if one.section == "personalisation"]


def test_too_few_cells_to_show_a_gain_are_no_lack_of_personalisation() -> None:
    made = found(card_against_card(8, square(8, 2)))
    assert named(made, "gain").enough and not [one for one in made.findings if one.section == "personalisation"]


def test_a_control_is_no_test_stated_beforehand_and_no_alarm() -> None:
    of = cells()
    lost = [0.0] * 64
    made = found(evidence([ORIGINAL, OTHER], of, comparisons=comparisons(of, OTHER.name, "original", lost)))
    assert named(made, "gain").family == "exploratory" and named(made, "gain").p is not None
    assert not [one for one in made.findings if one.section in ("preference", "groups")]


def test_the_gain_is_corrected_by_what_the_panel_showed() -> None:
    of = cells()
    won = [(one + 1) / 2 if number % 3 else 0.0 for number, one in enumerate(square(8, 1))]
    judged_gain = 2 * sum(won) / 64 - 1
    kept = comparisons(of, "tuned", "original", won)
    panel = {"us": PanelOnGold(telling=100, right=80, wrong=10)}
    figure = named(
        found(evidence([ORIGINAL, TUNED], of, comparisons=kept, panel=panel)), "gain corrected for the judges"
    )
    assert figure.value == pytest.approx(judged_gain / 0.7) and figure.enough
    many = {"us": PanelOnGold(telling=10**7, right=8 * 10**6, wrong=10**6)}
    known = named(found(evidence([ORIGINAL, TUNED], of, comparisons=kept, panel=many)), "gain corrected for the judges")
    judged = named(found(evidence([ORIGINAL, TUNED], of, comparisons=kept)), "gain as judged")
    # With s - f known the interval is that of the gain over it; with 100 cases it is wider.
    assert known.low == pytest.approx(some(judged.low) / 0.7, abs=1e-3)
    assert some(figure.high) - some(figure.low) > some(known.high) - some(known.low) + 0.01


@pytest.mark.parametrize(
    "panel", [{}, {"us": PanelOnGold(20, 20, 0)}, {"us": PanelOnGold(40, 18, 14)}, {"br": PanelOnGold(100, 90, 5)}]
)
def test_without_a_panel_that_is_better_than_chance_nothing_is_corrected(panel: dict[str, PanelOnGold]) -> None:
    of = cells()
    kept = comparisons(of, "tuned", "original", [1.0] * 64)
    figure = named(
        found(evidence([ORIGINAL, TUNED], of, comparisons=kept, panel=panel)), "gain corrected for the judges"
    )
    assert figure.value is None and not figure.enough and "why not" in figure.extra


@pytest.mark.parametrize("measure", SHIPPED, ids=lambda measure: measure.section.name)
def test_a_measure_takes_empty_evidence(measure: object) -> None:
    (one,) = [each for each in SHIPPED if each is measure]
    assert one.figures(Study(evidence([], []), CompareSettings())) == []
    # Writers and cells of which nothing is known give figures without a value.
    for figure in one.figures(Study(evidence([ORIGINAL, PROMPTED, TUNED, OTHER], cells()), CompareSettings())):
        assert figure.value is None and not figure.enough and figure.p is None
        assert figure.name in one.words


def test_what_was_found_is_json_and_its_figures_have_words() -> None:
    of = cells()
    lost = comparisons(of, "tuned", "original", [0.0] * 64)
    made = found(evidence([ORIGINAL, TUNED, OTHER], of, comparisons=lost, panel={"us": PanelOnGold(40, 30, 2)}))
    told = json.loads(json.dumps(made.as_json()))
    assert len(told["findings"][0]["rows"]) == 64 and told["panel"]["us"]["right"] == 30
    assert len(told["figures"]) == len(made.figures) and made.fails("serious")
    words = {name for measure in made.measures for name in measure.words}
    assert {figure.name for figure in made.figures} <= words
