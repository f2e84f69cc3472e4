"""What the report on writers writes beside the page: Markdown, JSON and parquet, and how it fails."""

import errno
import json
from dataclasses import replace
from pathlib import Path

import datasets
import pandas as pd
import pytest

from gravity.compare import cells, parquet, summary
from gravity.compare.cells import sides
from gravity.compare.evidence import ORIGINAL, Check, Evidence
from gravity.compare.index import Index
from gravity.compare.quotes import Piece, pieces
from gravity.compare.report import write
from gravity.compare.settings import CompareSettings
from gravity.compare.study import Study
from gravity.compare.summary import Summary
from gravity.store.comparisons import Examined, Remark
from gravity.store.errors import StoreError
from tests.compare.report_support import LINE_UP, MADE, examined, planted


@pytest.fixture(scope="module")
def evidence() -> Evidence:
    return planted()


@pytest.fixture(scope="module")
def folder(evidence: Evidence, tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("compare")
    write(examined(evidence), made)
    return made


def test_the_files_are_there_and_no_others(folder: Path) -> None:
    names = {"report.html", "report.md", "compare.json", "comparisons.parquet"}
    assert {path.name for path in folder.iterdir()} == names


def test_the_parquet_file_holds_every_comparison(folder: Path, evidence: Evidence) -> None:
    rows = pd.read_parquet(folder / "comparisons.parquet")
    assert len(rows) == len(evidence.comparisons)
    texts = {(one.cell, one.writer): one.text for one in evidence.writings}
    for row, one in zip(rows.itertuples(), evidence.comparisons, strict=True):
        assert (row.cell, row.first, row.second) == (one.cell, one.first, one.second)
        assert row.first_text == texts[one.cell, one.first] and row.second_text == texts[one.cell, one.second]
        assert (None if pd.isna(row.prefers) else row.prefers) == one.prefers
        assert [choice["prefers"] for choice in row.choices] == [choice.prefers for choice in one.choices]
        assert {choice["order"] for choice in row.choices} == {"first", "second"}
    originals = rows[rows["first"] == ORIGINAL]
    assert originals["first_mark"].isna().all() and not originals["first_checked"].any()
    assert json.loads(originals["second_mark"].iloc[0])["model"] == "base-7b"
    remarks = {(c.cell, c.writer): [r.quote for e in c.found for r in e.remarks] for c in evidence.checks}
    some = rows[rows["second_remarks"].map(len) > 0]
    assert len(some) > 20
    for row in some.itertuples():
        assert [remark["quote"] for remark in row.second_remarks] == remarks[row.cell, row.second]


def test_the_parquet_file_says_how_the_figures_count_a_comparison(folder: Path, evidence: Evidence) -> None:
    rows = pd.read_parquet(folder / "comparisons.parquet")
    contrast = next(one for one in Study(evidence, CompareSettings()).contrasts if one.role == "other card")
    mine = rows[(rows["first"] == contrast.writer) & (rows["second"] == contrast.against)]
    gain = (mine["ending"].eq("won").sum() - mine["ending"].eq("lost").sum()) / len(mine)
    figures = json.loads((folder / "compare.json").read_text(encoding="utf-8"))["figures"]
    (figure,) = (f for f in figures if f["name"] == summary.GAIN and f["extra"].get("role") == "other card")
    assert figure["value"] == pytest.approx(gain)
    assert set(mine["ending"]) == {"won", "lost", "tied", "undecided"}


def test_the_parquet_file_loads_with_datasets(folder: Path, evidence: Evidence, tmp_path: Path) -> None:
    loaded = datasets.load_dataset(
        "parquet", data_files=str(folder / "comparisons.parquet"), split="train", cache_dir=str(tmp_path)
    )
    assert len(loaded) == len(evidence.comparisons)
    assert loaded[0]["choices"][0]["judge"] == "j1"


def test_the_json_says_what_it_rests_on(folder: Path, evidence: Evidence) -> None:
    made = json.loads((folder / "compare.json").read_text(encoding="utf-8"))
    assert made["source"] == evidence.source
    assert [(w["name"], w["by"], w["twin"]) for w in made["writers"]] == [(w.name, w.by, w.twin) for w in LINE_UP]
    assert made["judges"]["jp"] == ["j1", "j2"] and made["panel"]["jp"]["right"] == 34
    assert made["missing"] == evidence.missing
    cell_ids = {cell.id for cell in evidence.cells}
    rows = [row for found in made["findings"] for row in found["rows"]]
    assert rows and cell_ids.issuperset(rows)


def test_the_summary_reads_figures_that_there_are(evidence: Evidence) -> None:
    made = examined(evidence)
    told = Summary(made.study, made.figures, lambda figure: figure.name)
    by_name = {row.name: dict(zip(told.columns, row.cells, strict=True)) for row in told.rows}
    tuned = by_name["tuned"]
    assert [cell.link for cell in tuned.values()] == [name for name, _ in summary.COLUMNS.values()]
    assert all(cell.text[-1].isdigit() or cell.text.endswith("%") for cell in tuned.values())
    (headline,) = told.headlines
    assert headline.figure.link == summary.GAIN and headline.figure.text.endswith(" points")
    assert by_name[ORIGINAL]["gain over the original"].text == "–"
    assert all("cannot be said" not in sentence for sentence in told.sentences)


def test_the_figures_of_a_group_are_not_taken_for_those_of_all(evidence: Evidence) -> None:
    made = examined(evidence)
    told = Summary(made.study, made.figures, lambda figure: f"{figure.group}, {figure.n}")
    (headline,) = told.headlines
    assert headline.figure.link == f"tuned against {LINE_UP[3].name}, {len(evidence.cells)}"


def test_a_gain_that_does_not_hold_after_correction_is_not_claimed(evidence: Evidence) -> None:
    made = examined(evidence)
    for adjusted, turned, said in (
        (0.01, 1, "fit the reader that they are for."),
        (0.06, 1, "cannot be told from chance"),
        (0.01, -1, "somebody else"),
    ):
        figures = [
            replace(f, adjusted=adjusted, value=turned * f.value, low=0.01, high=0.9)
            for f in made.figures
            if f.name == summary.GAIN and f.value
        ]
        told = Summary(made.study, figures, lambda figure: "")
        assert said in told.headlines[0].words
        assert ("Preferred to prompting alone: tuned" in " ".join(told.sentences)) == (adjusted < 0.05 and turned > 0)
        assert ("Worse than prompting alone: tuned" in " ".join(told.sentences)) == (adjusted < 0.05 and turned < 0)


def test_of_few_cells_the_summary_says_insufficient(tmp_path: Path) -> None:
    write(examined(planted(4)), tmp_path)
    text = (tmp_path / "report.md").read_text(encoding="utf-8")
    assert "**Own card over another's: insufficient**" in text
    assert "there is too little to tell" in text


def test_without_another_card_it_is_said_that_personalisation_is_not_measured(evidence: Evidence) -> None:
    alone = replace(evidence, writers=[replace(one, twin=None) for one in evidence.writers])
    made = examined(alone)
    told = Summary(made.study, made.figures, lambda figure: "")
    assert not told.headlines and "not measured" in told.sentences[0]
    assert sides(made.study).pair == (1, 0)


def test_nothing_compared_makes_a_report_all_the_same(tmp_path: Path, evidence: Evidence) -> None:
    write(examined(replace(evidence, writings=[], comparisons=[], ratings=[], checks=[])), tmp_path)
    assert "insufficient" in (tmp_path / "report.md").read_text(encoding="utf-8")
    assert len(pd.read_parquet(tmp_path / "comparisons.parquet")) == 0


def test_the_page_is_bounded_and_every_culture_and_outcome_is_on_it(
    evidence: Evidence, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = Study(evidence, CompareSettings())
    index = Index(study)
    monkeypatch.setattr(cells, "SHOWN", 16)
    made = sides(study)
    assert (len(made.cells), made.of) == (16, len(evidence.cells))
    assert made.cultures == ["br", "in", "jp", "us"]
    first, second = (LINE_UP[place].name for place in made.pair)
    endings = {
        index.ending(one)
        for cell in made.cells
        for one in index.comparisons(cell["cell"].id)
        if (one.first, one.second) == (first, second)
    }
    assert endings >= {"won", "lost", "undecided"}
    assert [cell["cell"].id for cell in made.cells] == [cell["cell"].id for cell in sides(study).cells]
    monkeypatch.setattr(cells, "ANSWERS", 100)
    assert sum(len(one["answers"]) for cell in sides(study).cells for one in cell["judged"]) <= 100


def test_quotes_cut_a_text_into_pieces() -> None:
    found = [
        Remark(fault="reader", quote="you will love its prize"),
        Remark(fault="invention", quote="its prize of 1994"),
        Remark(fault="invention", quote="a film"),
        Remark(fault="invention", quote="a film"),
    ]
    made, lost = pieces("Here you will love its prize of 1994.", found)
    assert made == [
        Piece("Here "), Piece("you will love ", "reader"), Piece("its prize of 1994", "invention"), Piece("."),
    ]  # fmt: skip
    assert [remark.quote for remark in lost] == ["a film"]
    assert pieces("", found)[0] == []


def test_a_remark_whose_words_are_not_in_the_text_is_told(tmp_path: Path, evidence: Evidence) -> None:
    cell = evidence.cells[0].id
    lost = Examined(checker="c1", remarks=[Remark(fault="invention", quote="a film of it")], made_by=MADE)
    write(examined(replace(evidence, checks=[*evidence.checks, Check(cell, "tuned", [lost])])), tmp_path)
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "words that are not in the text: “a film of it”" in page


def test_markdown_from_outside_is_escaped(tmp_path: Path) -> None:
    write(examined(planted(12, say=lambda text: f"{text} | <b> `x` [y](z) # *")), tmp_path)
    text = (tmp_path / "report.md").read_text(encoding="utf-8")
    assert "<b>" not in text and "[y](z)" not in text.replace("\\[y\\](z)", "")
    tables = [line for line in text.splitlines() if line.startswith("| ")]
    unescaped = {line.replace("\\|", "").count("|") for line in tables if line.startswith("| tuned")}
    assert len(unescaped) == 1


def test_a_folder_that_cannot_be_written_is_one_line(tmp_path: Path, evidence: Evidence) -> None:
    taken = tmp_path / "taken"
    taken.write_text("a file")
    with pytest.raises(StoreError, match="cannot write the report to") as caught:
        write(examined(evidence), taken)
    assert "\n" not in str(caught.value) and "--output" in str(caught.value)


def test_a_report_that_fails_halfway_leaves_the_old_one(
    tmp_path: Path, evidence: Evidence, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "report.html").write_text("the old one")

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(parquet, "write", full)
    with pytest.raises(StoreError, match="No space left"):
        write(examined(evidence), tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]
    assert (tmp_path / "report.html").read_text() == "the old one"
