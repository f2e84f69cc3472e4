"""A measure from another package: found by its entry point, with its words, its chart and its alarm."""

import json
import os
from pathlib import Path

from tests.gravity.support import ROOT, Done, gravity

MODULE = '''
from gravity.audit.charts import chart
from gravity.audit.figures import Alarm, Figure
from gravity.audit.measure import Measure, Section


def questions(study):
    """How many chosen sides end in a question mark, by culture."""
    pairs = study.evidence.pairs.to_pylist()
    for culture in study.cultures:
        mine = [pair for pair in pairs if pair["culture"] == culture]
        asked = [pair["id"] for pair in mine if pair["chosen"].endswith("?")]
        figure = Figure("chosen asks", culture, n=len(mine), value=len(asked) / len(mine))
        if len(asked) > len(mine) / 2:
            figure.alarm = Alarm(
                "serious",
                f"Most chosen sides of {study.called(culture)} are questions",
                "Read them",
                rows=asked.copy,
                certain=True,
            )
        yield figure
        yield Figure("a figure without words", culture, n=len(mine), value=1.0)


def titled(figures):
    """The usual chart under a description of its own."""
    return {**chart(figures), "description": "drawn by the other package"}


MEASURE = Measure(
    Section("punctuation", "Punctuation marks", "What the last character tells."),
    {"chosen asks": "Share of chosen sides that are questions."},
    questions,
    charts={"chosen asks": titled},
)
'''


def install(folder: Path, target: str) -> None:
    """Puts the module into the folder, and says by an entry point that `target` is a measure."""
    (folder / "punctuation.py").write_text(MODULE, encoding="utf-8")
    about = folder / "punctuation-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: punctuation\nVersion: 1.0\n", encoding="utf-8")
    (about / "entry_points.txt").write_text(f"[gravity.measures]\npunctuation = {target}\n", encoding="utf-8")


def audit(folder: Path) -> Done:
    """Audits a dataset made elsewhere; all chosen sides of br are questions, and none of us."""
    (folder / "ds").mkdir()
    rows = [
        {
            "prompt": f"p{n}",
            "chosen": f"Way {n}{'?' if culture == 'br' else '.'}",
            "rejected": "No.",
            "culture": culture,
        }
        for n in range(20)
        for culture in ("us", "br")
    ]
    (folder / "ds" / "train.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    paths = f"{ROOT}{os.pathsep}{folder}"
    return gravity(folder, "audit", "--dataset", "ds", "--output", "out", "--fail-on", "serious", PYTHONPATH=paths)


def test_a_measure_from_another_package_is_measured_told_and_explained(tmp_path: Path) -> None:
    install(tmp_path, "punctuation:MEASURE")
    done = audit(tmp_path)
    assert done.code == 6, done.errors
    assert "Most chosen sides of Brazil are questions" in done.output
    made = json.loads((tmp_path / "out" / "audit.json").read_text(encoding="utf-8"))
    figures = {(f["name"], f["culture"]): f["value"] for f in made["figures"] if f["section"] == "punctuation"}
    assert figures["chosen asks", "br"] == 1.0
    assert figures["chosen asks", "us"] == 0.0
    (finding,) = [f for f in made["findings"] if f["section"] == "punctuation"]
    assert finding["rows"] == 20
    assert (tmp_path / "out" / finding["rows_file"]).is_file()
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert "Punctuation marks" in page
    assert "What the last character tells." in page
    assert "Share of chosen sides that are questions." in page
    assert "drawn by the other package" in page
    # A figure that its measure has no words for is on the page all the same.
    assert "A figure without words" in page
    assert "### a figure without words" in (tmp_path / "out" / "report.md").read_text(encoding="utf-8")
    # The measures that ship are there as before.
    assert {"shortcuts", "coverage"} <= {f["section"] for f in made["figures"]}


def test_what_is_no_measure_is_one_line(tmp_path: Path) -> None:
    install(tmp_path, "punctuation:questions")
    done = audit(tmp_path)
    assert done.code == 2
    assert done.errors.strip().splitlines()[-1] == (
        "error: the entry point punctuation of gravity.measures is a function: "
        "let it name an instance of gravity.audit.measure.Measure"
    )
