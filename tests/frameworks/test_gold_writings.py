"""The gold sets of writings and inventions: bad cases are refused, and the checks find what is planted in a copy."""

import re
from pathlib import Path
from typing import Any

import pytest

from gravity.frameworks.check_gold_writings import check_inventions, check_writings
from gravity.frameworks.errors import DataError
from gravity.frameworks.gold import DEV_PERCENT_OF_WRITINGS, Gold, split_of
from gravity.frameworks.loader import Library
from gravity.frameworks.measures import Report
from tests.frameworks.test_gold import Change, line_of, rows_of, write

KNOWN_DEV = ["gw-us-04", "gw-us-06", "gw-us-07", "gw-us-10", "gw-us-13", "gw-us-16", "gw-us-18", "gw-us-50"]


def faults(material: Path) -> list[str]:
    library, report = Library(material), Report()
    check_writings(Gold(library), library, report)
    check_inventions(Gold(library), library, report)
    return report.faults


def test_shipped_sets_have_no_fault(library: Library) -> None:
    report = Report()
    check_writings(Gold(library), library, report)
    check_inventions(Gold(library), library, report)
    assert report.faults == []
    figures = {row[0]: row[1] for row in report.rows}
    assert figures["gold writings"].startswith("n=200, 80 first, 40 neither, 80 second, 50 br, 50 in, 50 jp, 50 us")
    assert figures["gold inventions"].startswith("n=100, ")
    assert {"gold writings: fitting told by length", "gold writings: fitting told by words"} <= figures.keys()


def test_a_fifth_is_dev_and_never_changes(library: Library) -> None:
    """Were it to, prompts tuned on dev would have seen what is now held out."""
    gold = Gold(library)
    known = {f"gw-us-{n:02}": split_of(f"gw-us-{n:02}", DEV_PERCENT_OF_WRITINGS) for n in range(1, 51)}
    assert {identity: gold.writings[identity].split for identity in known} == known
    assert [name for name, split in known.items() if split == "dev"] == KNOWN_DEV
    assert {split_of(case.seed) for case in gold.stances.values()} == {"dev", "held-out"}
    # What is dev of a fifth is dev of two fifths as well.
    assert {split_of(name) for name in KNOWN_DEV} == {"dev"}


@pytest.mark.parametrize(
    ("folder", "fields", "reason"),
    [
        ("writings", {"culture": "fr"}, "unknown culture 'fr'"),
        ("writings", {"case": "praise"}, "case: Input should be 'fits', 'nothing', 'flattery'"),
        ("writings", {"answer": "both"}, "answer: Input should be 'first', 'second' or 'neither'"),
        ("writings", {"case": "fits", "answer": "neither"}, "a case of the kind 'fits' cannot be neither"),
        ("writings", {"case": "nothing", "answer": "first"}, "a case of the kind 'nothing' cannot be first"),
        ("writings", {"first": "One.", "second": "One."}, "the two texts must differ"),
        ("writings", {"reviews": [{"title": "T", "rating": 4, "text": "A text."}]}, "at least 2 items"),
        ("inventions", {"culture": "fr"}, "unknown culture 'fr'"),
        ("inventions", {"case": "plot"}, "case: Input should be 'event', 'person'"),
        ("inventions", {"quote": "stands nowhere"}, "the quote must stand in the planted text and not in the clean"),
        ("inventions", {"clean": "A.", "planted": "A.", "quote": "A."}, "the quote must stand in the planted text and"),
    ],
)
def test_a_bad_case_is_refused_with_file_and_line(
    material: Path, change: Change, folder: str, fields: dict[str, Any], reason: str
) -> None:
    change(f"gold/{folder}/br.jsonl", 7, **fields)
    with pytest.raises(DataError) as caught:
        _ = getattr(Gold(Library(material)), folder)
    assert str(caught.value).startswith(f"{material / 'gold' / folder / 'br.jsonl'}:7: ")
    assert reason in str(caught.value)


def test_planted_faults_of_the_writings_are_found(material: Path, change: Change) -> None:
    path = material / "gold/writings/us.jsonl"
    rows = rows_of(path)
    fits, nothing, flattery, padded = (line_of(path, case=c) for c in ("fits", "nothing", "flattery", "length"))
    change("gold/writings/us.jsonl", flattery, case="fits")
    change("gold/writings/us.jsonl", fits, description="Too short.", first=f"{rows[fits - 1]['first']} {'and on ' * 9}")
    change("gold/writings/us.jsonl", padded, first="As long.", second="As short.")
    change("gold/writings/us.jsonl", nothing, second=rows[fits]["second"].upper())
    spaceless = material / "gold/writings/jp.jsonl"
    line = line_of(spaceless, case="fits")
    other = rows_of(spaceless)[line - 1]
    change("gold/writings/jp.jsonl", line, first=f"{other['first']}{'続' * 40}")
    found = faults(material)
    for fault in (
        "gold writings: us has 31 of fits",
        "gold writings: us has 2 of flattery",
        f"gold writings: texts: {rows[fits - 1]['id']} has a description of 2 words",
        f"gold writings: texts: '{rows[fits]['second'].casefold()}' stands twice",
        f"gold writings: padding: {rows[padded - 1]['id']}'s padded text is",
        f"gold writings: sides' lengths: {rows[fits - 1]['id']} differs by",
        f"gold writings: sides' lengths without spaces: {other['id']} differs by",
    ):
        assert any(one.startswith(fault) for one in found), fault


def test_answers_that_are_mostly_first_are_found(material: Path) -> None:
    for path in (material / "gold/writings").glob("*.jsonl"):
        rows = rows_of(path)
        for row in rows:
            if row["answer"] == "second":
                row["first"], row["second"], row["answer"] = row["second"], row["first"], "first"
        write(path, rows)
    assert "gold writings: 120 of fits are 'first' and 0 'second'" in faults(material)


@pytest.mark.parametrize(("added", "by"), [(" So it went, on and on.", "length"), (" Wow!", "words")])
def test_what_gives_the_fitting_text_away_is_found(material: Path, added: str, by: str) -> None:
    for path in (material / "gold/writings").glob("*.jsonl"):
        rows = rows_of(path)
        for row in rows:
            if row["answer"] in ("first", "second"):
                row[row["answer"]] += added
        write(path, rows)
    assert f"gold writings: fitting told by {by}: more than 58% are told apart" in faults(material)


def test_planted_faults_of_the_inventions_are_found(material: Path, change: Change) -> None:
    path = material / "gold/inventions/in.jsonl"
    rows = rows_of(path)
    change("gold/inventions/in.jsonl", 1, culture="us")
    change("gold/inventions/in.jsonl", 2, clean="Another text that has nothing to do with it.")
    change("gold/inventions/in.jsonl", 3, quote=rows[2]["planted"], description=rows[3]["description"])
    found = faults(material)
    kind, named = rows[0]["case"], [row["id"] for row in rows]
    of = sum(row["case"] == kind for row in rows)
    for pattern in (
        rf"gold inventions: us has {of + 1} of {kind}",
        rf"gold inventions: in has {of - 1} of {kind}",
        rf"gold inventions: {named[1]}'s texts differ in more than the quote: \d+% alike",
        rf"gold inventions: texts: {named[1]} has a clean text of \d+ \w+",
        rf"gold inventions: texts: {named[2]} has a quote of \d+ \w+",
        rf"gold inventions: texts: '{re.escape(rows[3]['description'].casefold())}' stands twice",
    ):
        assert any(re.fullmatch(pattern, fault) for fault in found), pattern
