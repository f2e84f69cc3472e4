"""A measure from another package: found by its entry point, with its words, its chart and its alarm."""

import json
from pathlib import Path

from tests.extending.support import distribution, from_recipe, on_path, recipe
from tests.gravity.support import Done, gravity


def audit(folder: Path, site: Path) -> Done:
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
    return gravity(folder, "audit", "--dataset", "ds", "--output", "out", "--fail-on", "serious", **on_path(site))


def test_a_measure_from_another_package_is_measured_told_and_explained(tmp_path: Path) -> None:
    done = audit(tmp_path, from_recipe(tmp_path / "site", "An audit measure"))
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
    modules = {"punctuation": recipe("An audit measure", "python")}
    entry = {"gravity.measures punctuation": "punctuation:questions"}
    done = audit(tmp_path, distribution(tmp_path / "site", "punctuation", modules, entry))
    assert done.code == 2
    (line,) = done.errors.strip().splitlines()
    assert line.startswith("error: the entry point punctuation of gravity.measures is <function questions")
    assert line.endswith("not a Measure: see CONTRIBUTING.md")
