"""`gravity compare` as a user calls it."""

import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from tests.gravity.comparing.conftest import Scene
from tests.gravity.support import Done, here, toml

OWN, OTHER = {"model": "fit"}, {"model": "fit", "card": "other"}


@pytest.fixture
def home(scene: Scene) -> Path:
    sections = {
        f"models.{name}": {"kind": "openai", "model": name, "base_url": scene.writers.url} for name in ("fit", "deaf")
    }
    sections |= {"writers.own": OWN, "writers.another": OTHER, "writers.prompt-only": {"model": "deaf"}}
    settings = toml(scene.judges.url, curate={"seeds": 5, "scenarios_per_seed": 1}, **sections)
    (scene.home / "gravity.toml").write_text(settings, encoding="utf-8")
    return scene.home


def fails(done: Done, code: int, *words: str) -> None:
    assert (done.code, done.output) == (code, ""), done
    (line,) = [line for line in done.errors.strip().splitlines() if not line.startswith("Unqualified")]
    assert line.startswith("error: ") and all(word in line for word in words), line


def test_the_report_and_what_is_printed(home: Path) -> None:
    done = here(home, "compare", "--unqualified", "--books", "1")
    assert done.code == 0, done
    assert "The report is out/compare/report.html" in done.output
    folder = home / "out/compare"
    assert sorted(path.name for path in folder.iterdir()) == [
        "compare.json",
        "comparisons.parquet",
        "report.html",
        "report.md",
    ]
    table = pq.read_table(folder / "comparisons.parquet")
    assert table.num_rows == 16 * 6
    figures = json.loads((folder / "compare.json").read_text(encoding="utf-8"))["figures"]
    (own,) = [f for f in figures if f["section"] == "personalisation" and f["name"] == "gain" and not f["culture"]]
    assert own["n"] == 16 and own["value"] > 0.5 and own["enough"] is False
    printed = json.loads(here(home, "compare", "--unqualified", "--books", "1", "--json").output)
    assert printed["files"][0] == "out/compare/report.html"


def test_the_plan_asks_nothing(home: Path, scene: Scene) -> None:
    asked = scene.judges.counts.requests
    done = here(home, "compare", "--plan")
    assert done.code == 0 and "What shows a gain of 10%" in done.output, done
    plan = json.loads(here(home, "compare", "--plan", "--json").output)
    assert (scene.judges.counts.requests, len(scene.writers.bodies)) == (asked, 0)
    assert plan["readers"] == {"br": 4, "in": 4, "jp": 4, "us": 4}
    calls = {(need["role"], need["model"]): need["calls"] for need in plan["needs"]}
    # 32 cells: six comparisons in both orders and four ratings each; four checks.
    assert calls == {("judge", "stub"): 32 * (6 * 2 + 4), ("critic", "stub"): 32 * 4}
    # Three writers against the original, two against prompting alone, one against its twin.
    assert plan["assumed"]["tests"] == 6
    few, many = plan["shows_10_points"][0], plan["shows_10_points"][-1]
    assert few["readers"] > many["readers"] and few["readers"] * few["books"] < many["readers"] * many["books"]


def test_growing_cards_are_a_section_of_their_own(home: Path) -> None:
    done = here(home, "compare", "--unqualified", "--factorial", "--output", "fac")
    assert done.code == 0, done
    figures = json.loads((home / "fac/compare.json").read_text(encoding="utf-8"))["figures"]
    names = {figure["name"] for figure in figures if figure["section"] == "kinds"}
    assert {"gain over no card", "gap between the kinds", "part of the gap", "explained by"} <= names
    assert "Two kinds of books" in (home / "fac/report.md").read_text(encoding="utf-8")
    plain = here(home, "compare", "--unqualified")
    assert plain.code == 0
    assert "Two kinds of books" not in (home / "out/compare/report.md").read_text(encoding="utf-8")


def test_bad_input_is_one_line(home: Path) -> None:
    fails(here(home, "compare"), 2, "fewer than 1 judges of writings count", "--unqualified")
    fails(here(home, "compare", "--unqualified", "--writer", "x"), 2, "there is no writer 'x'")
    fails(here(home, "compare", "--unqualified", "--reader", "x"), 2, "reader 'x' has no profile")
    fails(here(home, "compare", "--unqualified", "--book", "x"), 2, "there is no book 'x'")
    fails(here(home, "compare", "--unqualified", "--paper", "none"), 2, "none has no adapter 'sft'")
    (home / "file").write_text("", encoding="utf-8")
    done = here(home, "compare", "--unqualified", "--books", "1", "--output", "file")
    assert done.code in (2, 5) and "error: " in done.errors and "Traceback" not in done.errors


def test_what_nobody_wrote_ends_with_8_and_the_report_says_so(home: Path, scene: Scene) -> None:
    scene.writers.most = 5
    text = (home / "gravity.toml").read_text(encoding="utf-8")
    (home / "gravity.toml").write_text(text + "\n[limits]\nrefusals_in_a_row = 1000\n", encoding="utf-8")
    done = here(home, "compare", "--unqualified", "--books", "1", "--writer", "own")
    assert done.code == 8 and "not finished: 11 writings wait" in done.errors, done
    assert "missing" in (home / "out/compare/report.md").read_text(encoding="utf-8")
    scene.writers.most = None
    assert here(home, "compare", "--unqualified", "--books", "1", "--writer", "own").code == 0
