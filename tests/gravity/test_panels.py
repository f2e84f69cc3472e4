"""What a panel showed on gold cases, beside what the profiler made of the same cases; and who has a vote."""

import pytest

from gravity.compare.evidence import PanelOnGold
from gravity.panels import Outcomes, of_culture, panel_on_gold, panel_record
from gravity.store.runs import PanelRecord

PROFILER: Outcomes = {
    "right": ("agree", "agree", "agree"),
    "right, too": ("disagree", "disagree", "disagree"),
    "turned": ("agree", "disagree", "disagree"),
    "made up": ("unknown", "agree", "agree"),
    "not told": ("agree", None, None),
    "mended": ("agree", None, "disagree"),
}


def judge(**said: str | None) -> Outcomes:
    """A judge's outcomes; what is not given it could not tell."""
    told = {case: said.get(case.replace(" ", "_").replace(",", "")) for case in PROFILER}
    return {case: (PROFILER[case][0], label, None) for case, label in told.items()}


def test_labels_that_were_given_are_counted_as_the_panel_took_them() -> None:
    one = judge(right="agree", right_too="agree", turned="disagree", made_up=None, not_told="agree")
    assert panel_record([one], PROFILER, 1) == PanelRecord(
        right=2, confirmed=1, refuted=1, wrong=2, shared=1, slips=3, slips_shared=1
    )


def of_writings(*said: str | None) -> Outcomes:
    """A judge's outcomes on five gold cases of writings, the last two of which have nothing to tell apart."""
    truths = ("first", "first", "second", "unknown", "unknown")
    return {f"gw-{n}": (truth, told, None) for n, (truth, told) in enumerate(zip(truths, said, strict=True))}


@pytest.mark.parametrize(
    ("judges", "quorum", "found"),
    [
        ([of_writings("first", "second", None, "first", None)], 1, PanelOnGold(3, 1, 1, 2, 1)),
        ([of_writings("first", "second", None, "first", None)], 2, PanelOnGold(3, 0, 0, 2, 0)),
        (
            [
                of_writings("first", "first", "first", "first", "first"),
                of_writings("first", "second", "first", "first", "second"),
            ],
            1,
            PanelOnGold(3, 1, 1, 2, 1),
        ),
        (
            [
                of_writings("first", "first", "second", None, None),
                of_writings("first", None, "second", None, "first"),
                of_writings("second", "first", None, None, "first"),
            ],
            2,
            PanelOnGold(3, 3, 0, 2, 1),
        ),
        ([], 1, PanelOnGold()),
    ],
)
def test_a_panel_of_judges_of_writings_is_counted_as_it_decides(
    judges: list[Outcomes], quorum: int, found: PanelOnGold
) -> None:
    assert panel_on_gold(judges, quorum) == found


def test_a_panel_decides_as_it_does_in_a_run() -> None:
    """Two of three are asked for: a case on which they differ stays undecided."""
    judges = [
        judge(right="agree", right_too="disagree", turned="disagree", made_up="agree"),
        judge(right="agree", right_too="agree", turned="disagree", made_up="disagree"),
        judge(right=None, right_too=None, turned="agree", made_up="agree"),
    ]
    assert panel_record(judges, PROFILER, 2) == PanelRecord(
        right=2, confirmed=1, refuted=0, wrong=2, shared=2, slips=3, slips_shared=2
    )
    assert panel_record(judges, PROFILER, 3) == PanelRecord(right=2, wrong=2, slips=3)


def test_a_case_that_the_panel_was_not_put_to_was_not_confirmed() -> None:
    assert panel_record([{}], PROFILER, 1) == PanelRecord(right=2, wrong=2, slips=3)


@pytest.mark.parametrize(("own", "stands_alone"), [(48, False), (30, True)])
def test_cultures_that_are_alike_are_counted_together(own: int, stands_alone: bool) -> None:
    others = PanelRecord(right=150, confirmed=144, refuted=3, wrong=30, shared=3)
    mine = PanelRecord(right=50, confirmed=own, refuted=1, wrong=10, shared=1)
    found = of_culture("jp", {"jp": mine, "us": others})
    assert (found.right, found.confirmed) == ((50, own) if stands_alone else (200, 144 + own))
    # Each of the two shares goes by its own counts.
    assert (found.wrong, found.shared) == (40, 4)


@pytest.mark.parametrize(
    ("wrong", "shared", "counted"),
    [
        (0, 0, (2, 25)),  # nothing that both askings got wrong: what one got wrong tells
        (4, 0, (2, 25)),
        (4, 4, (4, 4)),  # these the panel takes another way
        (12, 1, (1, 12)),  # and these are enough
    ],
)
def test_what_one_asking_got_wrong_stands_in_for_what_both_did(
    wrong: int, shared: int, counted: tuple[int, int]
) -> None:
    record = PanelRecord(right=200, confirmed=190, wrong=wrong, shared=shared, slips=25, slips_shared=2)
    assert record.missed == counted
    assert PanelRecord(right=200, confirmed=190).missed == (0, 0)
