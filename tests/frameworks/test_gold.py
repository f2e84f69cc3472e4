"""The gold sets load whole, bad cases are refused, and the checks find what is planted in a copy of them."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gravity.frameworks.check_gold import check_gold
from gravity.frameworks.errors import DataError
from gravity.frameworks.gold import Gold, split_of
from gravity.frameworks.loader import Library
from gravity.frameworks.measures import Report

Change = Callable[..., None]


def faults(material: Path) -> list[str]:
    report = Report()
    check_gold(Library(material), report)
    marked = [row[0] for row in report.rows if row[3] == "FAULT"]
    assert all(fault.startswith(tuple(f"{what}: " for what in marked)) for fault in report.faults)
    return report.faults


def rows_of(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def write(path: Path, rows: list[dict[str, Any]]) -> None:
    path.write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in rows) + "\n", encoding="utf-8")


def line_of(path: Path, **fields: Any) -> int:
    """The first line (from 1) whose case has these fields."""
    return next(n for n, row in enumerate(rows_of(path), start=1) if fields.items() <= row.items())


def test_shipped_sets_have_no_fault(library: Library) -> None:
    report = Report()
    check_gold(library, report)
    assert report.faults == []
    figures = {row[0]: row[1] for row in report.rows}
    assert figures["gold stance"].startswith("n=600, ")
    assert figures["gold scenarios"].startswith("n=450, ")
    assert figures["gold bias"].startswith("n=240, ")
    assert figures["gold views"].startswith("n=400, ")
    assert figures["gold facets"].startswith("n=600, 240 high, 240 low, 120 unknown, ")
    assert {"gold scenarios: right told by length", "gold scenarios: right told by words"} <= figures.keys()


def test_split_goes_by_seed_and_never_changes(library: Library) -> None:
    """Were it to, prompts tuned on dev would have seen what is now held out."""
    known = {"hof-pdi-01": "dev", "sch-sdt-02": "held-out", "wvs-soc-02": "dev", "wvs-soc-01": "held-out"}
    assert {seed: split_of(seed) for seed in known} == known
    assert {split_of(seed) for seed in library.seeds} == {"dev", "held-out"}


@pytest.mark.parametrize(
    ("folder", "fields", "reason"),
    [
        ("stance", {"seed": "hof-pdi-99"}, "unknown seed 'hof-pdi-99'"),
        ("stance", {"culture": "fr"}, "unknown culture 'fr'"),
        ("stance", {"id": "gs-br-001"}, "id 'gs-br-001' is already taken"),
        ("stance", {"answer": "perhaps"}, "answer: Input should be 'agree', 'disagree' or 'unknown'"),
        ("stance", {"excerpt": " "}, "excerpt: String should have at least 1 character"),
        ("scenarios", {"answer": "third"}, "answer: Input should be 'first', 'second', 'both' or 'neither'"),
        ("scenarios", {"second": None}, "second: Field required"),
        ("scenarios", {"hint": "x"}, "hint: Extra inputs are not permitted"),
        ("bias", {"kind": "rudeness"}, "kind: Input should be 'stereotype'"),
        ("bias", {"part": "title"}, "part: Input should be 'situation', 'endorsing' or 'opposing'"),
        ("views", {"culture": "fr"}, "unknown culture 'fr'"),
        ("views", {"case": "sung"}, "case: Input should be 'stated', 'implied'"),
        ("views", {"rating": 6}, "rating: Input should be less than or equal to 5"),
        ("facets", {"facet": "wonder"}, "unknown facet 'wonder'"),
        ("facets", {"answer": "mid"}, "answer: Input should be 'high', 'low' or 'unknown'"),
        ("facets", {"reviews": []}, "reviews: List should have at least 1 item"),
        ("facets", {"case": "mixed", "answer": "high"}, "a case of the kind 'mixed' cannot be high"),
        ("facets", {"case": "stated", "answer": "unknown"}, "a case of the kind 'stated' cannot be unknown"),
    ],
)
def test_bad_case_is_refused_with_file_and_line(
    material: Path, change: Change, folder: str, fields: dict[str, Any], reason: str
) -> None:
    change(f"gold/{folder}/br.jsonl", 7, **fields)
    gold = Gold(Library(material))
    with pytest.raises(DataError) as caught:
        _ = getattr(gold, {"stance": "stances"}.get(folder, folder))
    assert str(caught.value).startswith(f"{material / 'gold' / folder / 'br.jsonl'}:7: ")
    assert reason in str(caught.value)


def test_quote_that_is_not_the_defect_is_refused_by_id(material: Path, change: Change) -> None:
    path = material / "gold/bias/br.jsonl"
    change("gold/bias/br.jsonl", 4, quote="stands nowhere")
    with pytest.raises(DataError, match=f"br.jsonl:4: {rows_of(path)[3]['id']}: the quote must stand in the defective"):
        _ = Gold(Library(material)).bias
    clean = rows_of(path)[3]
    change("gold/bias/br.jsonl", 4, quote=clean[clean["part"]].split()[0], defective=clean[clean["part"]])
    with pytest.raises(DataError, match="and not in the clean one"):
        _ = Gold(Library(material)).bias


def test_views_split_by_their_own_ids(library: Library) -> None:
    known = {"view-us-001": "held-out", "view-jp-002": "dev"}
    views = Gold(library).views
    assert {identity: views[identity].split for identity in known} == known
    assert {case.split for case in Gold(library).stances.values()} == {case.split for case in views.values()}


@pytest.mark.parametrize(
    ("case", "fields", "reason"),
    [
        ("stated", {"views": []}, "a case of the kind 'stated' cannot have no view"),
        ("stated", {"case": "plot"}, "a case of the kind 'plot' cannot have a view"),
        ("ironic", {"excerpt": "Another text."}, "each quote must stand in the excerpt"),
    ],
)
def test_views_that_do_not_fit_their_case_are_refused_by_id(
    material: Path, change: Change, case: str, fields: dict[str, Any], reason: str
) -> None:
    path = material / "gold/views/jp.jsonl"
    line = line_of(path, case=case)
    change("gold/views/jp.jsonl", line, **fields)
    with pytest.raises(DataError) as caught:
        _ = Gold(Library(material)).views
    assert str(caught.value) == f"{path}:{line}: {rows_of(path)[line - 1]['id']}: {reason}"


def test_planted_faults_of_the_views_are_found(material: Path, change: Change) -> None:
    path = material / "gold/views/us.jsonl"
    rows = rows_of(path)
    write(path, [row | {"views": [view | {"about": "life"} for view in row["views"]]} for row in rows])
    stated, plot, ironic = (line_of(path, case=case) for case in ("stated", "plot", "ironic"))
    change("gold/views/us.jsonl", stated, case="implied")
    change("gold/views/us.jsonl", plot, excerpt="Too short.")
    view = rows[ironic - 1]["views"][0]
    change("gold/views/us.jsonl", ironic, views=[view | {"opposite": view["statement"] + " and so on" * 5}])
    spaceless = line_of(material / "gold/views/jp.jsonl", language="ja", case="plot")
    change("gold/views/jp.jsonl", spaceless, excerpt="短い。")
    write(material / "gold/views/in.jsonl", [r for r in rows_of(material / "gold/views/in.jsonl") if r["views"]])
    found = faults(material)
    for fault in (
        "gold views: us has 26 of stated",
        "gold views: us has 25 of implied",
        "gold views: in has 0 of plot",
        "gold views: 0 in hi are without a view",
        f"gold views: excerpts: {rows[plot - 1]['id']} has 2 words",
    ):
        assert fault in found, fault
    patterns = (
        r"gold views: \d+ of 38\d are about life",
        r"gold views: excerpts: view-jp-\d+ has 3 characters",
        rf"gold views: sides: {rows[ironic - 1]['id']} has \d+ words",
        rf"gold views: sides' lengths: {rows[ironic - 1]['id']} differs by \d+",
    )
    for pattern in patterns:
        assert any(re.fullmatch(pattern, fault) for fault in found), pattern


def test_planted_faults_of_the_facets_are_found(material: Path, change: Change) -> None:
    path = material / "gold/facets/br.jsonl"
    rows = rows_of(path)
    high, unknown = line_of(path, answer="high"), line_of(path, answer="unknown")
    change("gold/facets/br.jsonl", high, answer="low")
    change("gold/facets/br.jsonl", unknown, reviews=[rows[unknown - 1]["reviews"][0] | {"text": "Too short."}])
    spaceless = line_of(material / "gold/facets/jp.jsonl", language="ja")
    change("gold/facets/jp.jsonl", spaceless, reviews=[{"title": "短い", "rating": 3, "text": "短い。"}])
    facet = rows[high - 1]["facet"]
    short = rows_of(material / "gold/facets/jp.jsonl")[spaceless - 1]["id"]
    found = faults(material)
    for fault in (
        f"gold facets: {facet} has 1 of br that are 'high'",
        f"gold facets: {facet} has 3 of br that are 'low'",
        f"gold facets: reviews: {rows[unknown - 1]['id']} has a review of 2 words",
        f"gold facets: reviews: {short} has a review of 3 characters",
    ):
        assert fault in found, fault


@pytest.mark.parametrize("by", ["words", "length", "stars"])
def test_what_gives_a_high_case_away_is_found(material: Path, by: str) -> None:
    for path in (material / "gold/facets").glob("*.jsonl"):
        rows = rows_of(path)
        for row in rows:
            if row["answer"] == "high":
                last = row["reviews"][-1]
                added = {"words": " Wow!", "length": " And so it went, on and on." * 4, "stars": ""}
                last["text"] += added[by]
                last["rating"] = 5 if by == "stars" else last["rating"]
        write(path, rows)
    expected = {"stars": "gold facets: stars, high less low: openness's high cases have "}
    fault = expected.get(by, f"gold facets: high told by {by}: more than 58% are told apart")
    assert any(one.startswith(fault) for one in faults(material))


def test_planted_faults_of_the_stances_are_found(material: Path, change: Change) -> None:
    path = material / "gold/stance/us.jsonl"
    rows = rows_of(path)
    first, second = rows[0]["seed"], rows[1]["seed"]
    write(path, [row | {"answer": "agree"} if row["answer"] == "unknown" else row for row in rows[:-1]])
    change("gold/stance/us.jsonl", 1, seed=second)
    change("gold/stance/us.jsonl", 2, excerpt="Too short.")
    change("gold/stance/us.jsonl", 3, excerpt=rows[3]["excerpt"].upper())
    spaceless = line_of(material / "gold/stance/jp.jsonl", language="ja")
    change("gold/stance/jp.jsonl", spaceless, excerpt="短い。")
    found = faults(material)
    for fault in (
        "gold stance: 599 cases",
        "gold stance: us has 149 cases",
        f"gold stance: {first} has 0 cases of us",
        f"gold stance: {second} has 2 cases of us",
        f"gold stance: excerpts: {rows[1]['id']} has 2 words",
        f"gold stance: excerpts: '{rows[3]['excerpt'].casefold()}' stands twice",
    ):
        assert fault in found
    assert any(re.fullmatch(r"gold stance: \d+ are 'agree'", fault) for fault in found)
    assert any(re.fullmatch(r"gold stance: excerpts: \S+ has 3 characters", fault) for fault in found)


def test_planted_faults_of_the_scenarios_are_found(material: Path, change: Change) -> None:
    path = material / "gold/scenarios/us.jsonl"
    rows = rows_of(path)
    write(path, [row | {"answer": "first"} if row["answer"] in ("both", "neither") else row for row in rows])
    change("gold/scenarios/us.jsonl", 1, seed=rows[1]["seed"])
    change("gold/scenarios/us.jsonl", 3, second="He goes home.", situation="It rains.")
    found = faults(material)
    for fault in (
        f"gold scenarios: {rows[0]['seed']} has 2 cases",
        f"gold scenarios: {rows[1]['seed']} has 4 cases",
        f"gold scenarios: {rows[1]['seed']} has 2 cases of us",
        f"gold scenarios: texts: {rows[2]['id']} has 3 words",
        f"gold scenarios: texts: {rows[2]['id']} has 2 words",
    ):
        assert fault in found
    patterns = (
        r"gold scenarios: \d+ are traps",
        r"gold scenarios: \d+ are 'first'",
        rf"gold scenarios: sides' lengths: {rows[2]['id']} differs by \d+",
    )
    for pattern in patterns:
        assert any(re.fullmatch(pattern, fault) for fault in found), pattern


def test_statement_of_a_view_that_is_given_away_is_found(material: Path) -> None:
    for path in (material / "gold/views").glob("*.jsonl"):
        rows = rows_of(path)
        write(path, [r | {"views": [v | {"statement": f"Truly, {v['statement']}"} for v in r["views"]]} for r in rows])
    assert "gold views: statement told by words: more than 72% are told apart" in faults(material)


@pytest.mark.parametrize(
    ("right", "wrong", "by"),
    [(" So it went.", "", "length"), (" He smiled.", " He sighed.", "words")],
)
def test_what_gives_the_right_way_away_is_found(material: Path, right: str, wrong: str, by: str) -> None:
    for path in (material / "gold/scenarios").glob("*.jsonl"):
        rows = rows_of(path)
        for row in rows:
            if row["answer"] in ("first", "second"):
                row[row["answer"]] += right
                row["second" if row["answer"] == "first" else "first"] += wrong
        write(path, rows)
    assert f"gold scenarios: right told by {by}: more than 58% are told apart" in faults(material)


def test_planted_faults_of_the_biases_are_found(material: Path, change: Change) -> None:
    path = material / "gold/bias/jp.jsonl"
    rows = rows_of(path)
    kind, other = rows[0]["kind"], next(row["kind"] for row in rows if row["kind"] != rows[0]["kind"])
    change("gold/bias/jp.jsonl", 1, kind=other)
    change("gold/bias/jp.jsonl", 2, culture="in")
    side = line_of(path, part="situation")
    change("gold/bias/jp.jsonl", side, opposing="She goes home.")
    found = faults(material)
    named = rows[side - 1]["id"]
    assert {"gold bias: jp has 59 cases", "gold bias: in has 61 cases"} <= {*found}
    assert any(re.fullmatch(rf"gold bias: jp has (8|9) of {kind}", fault) for fault in found)
    assert f"gold bias: texts: {named} has 3 words" in found
    assert any(fault.startswith(f"gold bias: sides' lengths: {named} differs by ") for fault in found)


def test_id_of_two_sets_and_a_lopsided_split_are_found(material: Path, change: Change) -> None:
    taken = rows_of(material / "gold/stance/us.jsonl")[0]["id"]
    change("gold/scenarios/us.jsonl", 1, id=taken)
    for path in (material / "gold/bias").glob("*.jsonl"):
        write(path, [row | {"seed": "hof-pdi-02"} for row in rows_of(path)])
    found = faults(material)
    assert f"gold ids: {taken} is in two sets" in found
    assert any(re.fullmatch(r"gold bias: splits: [01] of 1 seeds are dev", fault) for fault in found)
