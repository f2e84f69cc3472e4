import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.gravity.support import gravity, here, toml
from tests.stub.server import Stub
from tests.stub.truth import Character
from tests.support import BOOKS, PLANTED, READERS, REVIEWS

KEY = "sk-planted-key-of-the-tests"
SWAPS = 4


@pytest.fixture(scope="module")
def curated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Stub]]:
    """A store with all planted readers, scenes of the shipped bank, and a judge that leans to the first seat."""
    folder = tmp_path_factory.mktemp("audited")
    with Stub(Character(position_bias=0.3)) as server:
        roles = {"profiler": "stub", "writer": "bank", "judges": ["stub"], "critics": ["stub"]}
        bank: dict[str, dict[str, Any]] = {"models.bank": {"kind": "bank"}, "audit": {"swaps": SWAPS}}
        plan = {"seeds": 39, "scenarios_per_seed": 1}
        (folder / "gravity.toml").write_text(toml(server.url, roles=roles, curate=plan, **bank), encoding="utf-8")
        files = ("--format", "amazon-2023", "--items", str(BOOKS), "--readers", str(READERS))
        assert gravity(folder, "ingest", str(REVIEWS), *files, OPENAI_API_KEY=KEY).code == 0
        assert gravity(folder, "curate", "--unqualified", OPENAI_API_KEY=KEY).code == 0
        yield folder, server


def test_a_run_is_audited_without_a_call(curated: tuple[Path, Stub]) -> None:
    folder, server = curated
    asked = server.counts.requests
    done = here(folder, "audit", "--output", "out", "--truth", str(PLANTED / "truth.jsonl"))
    assert done.code == 0, done.errors
    assert server.counts.requests == asked
    assert "The judge stub leans to the first seat" in done.output
    made = json.loads((folder / "out" / "audit.json").read_text(encoding="utf-8"))
    assert made["cultures"] == ["br", "in", "jp", "us"]
    figures = {(f["section"], f["name"], f["culture"], f["group"]): f for f in made["figures"]}
    # Six planted readers a culture are too few for a claim about stances, and the planted truth is recovered.
    assert not figures["gates", "pass rate", "br", "stance link"]["enough"]
    assert figures["profiles", "right where told", "br", "stance"]["value"] == 1.0
    assert figures["profiles", "unknown", "jp", "stance, reviews in ja"]["n"] > 0
    seat = figures["judges and critics", "first seat wins", "", "stub"]
    # A lean of 30% wins 65% of the seats.
    assert seat["low"] > 0.5
    assert seat["value"] == pytest.approx(0.65, abs=0.08)
    finding = next(f for f in made["findings"] if "first seat" in f["what"])
    rows = [json.loads(line) for line in (folder / "out" / finding["rows_file"]).read_text("utf-8").splitlines()]
    assert len(rows) == finding["rows"] > 0
    for name in ("report.html", "report.md", "culture-br.html", "culture-jp.html"):
        assert (folder / "out" / name).stat().st_size > 5_000
    assert "What the reader wrote" in (folder / "out" / "culture-br.html").read_text(encoding="utf-8")


def test_fail_on_makes_the_exit_code(curated: tuple[Path, Stub]) -> None:
    folder, _ = curated
    assert here(folder, "audit", "--output", "out", "--fail-on", "serious").code == 6
    assert here(folder, "export", "ds").code == 0
    # What the judge flipped on was refused, so the dataset cannot show the lean, and says so.
    done = here(folder, "audit", "--dataset", "ds", "--output", "out-ds", "--fail-on", "serious")
    assert done.code == 0
    assert "judges look steadier" in done.output
    thin = ("audit", "--dataset", "ds", "--output", "out-ds", "--fail-on", "note", "--json")
    done = gravity(folder, *thin, GRAVITY_AUDIT__MIN_ROWS="1000000")
    assert done.code == 6
    assert all(finding["level"] == "note" for finding in json.loads(done.output)["findings"])


def test_thresholds_are_configuration(curated: tuple[Path, Stub]) -> None:
    folder, _ = curated
    done = gravity(folder, "audit", "--output", "lax", "--fail-on", "serious", GRAVITY_AUDIT__POSITION_MARGIN="0.4")
    assert done.code == 0, done.errors
    bad = gravity(folder, "audit", "--output", "lax", GRAVITY_AUDIT__ALPHA="2")
    assert bad.code == 2
    assert "audit.alpha" in bad.errors


def test_swaps_beyond_their_budget_ask_nothing(curated: tuple[Path, Stub]) -> None:
    folder, server = curated
    asked = server.counts.requests
    done = gravity(folder, "audit", "--output", "out", "--swaps", "--max-calls", "10", OPENAI_API_KEY=KEY)
    assert done.code == 2
    assert "calls and --max-calls is 10" in done.errors
    assert "judge" in done.output and "profiler" in done.output
    assert server.counts.requests == asked


def test_swaps_are_asked_once_and_reported(curated: tuple[Path, Stub]) -> None:
    folder, server = curated
    asked = server.counts.requests
    done = gravity(folder, "audit", "--output", "swapped", "--swaps", "--json", OPENAI_API_KEY=KEY)
    assert done.code == 0, done.errors
    assert json.loads(done.output).keys() == {"files", "findings"}
    calls = server.counts.requests - asked
    # Scenes: judges in two orders, critics; readers: the profiler. Swapped and again; before is kept already.
    # Facets are asked about in two calls.
    most = 4 * SWAPS * (2 * 2 + 2) + 4 * SWAPS * 3 * 2
    assert 0 < calls <= most
    figures = json.loads((folder / "swapped" / "audit.json").read_text(encoding="utf-8"))["figures"]
    swaps = {(f["name"], f["group"]) for f in figures if f["section"] == "swaps"}
    assert {("flips beyond reruns", f"{role} stub") for role in ("judge", "critic", "profiler")} <= swaps
    shown = [f for f in figures if f["section"] == "swaps" and f["name"] == "flips beyond reruns" and not f["culture"]]
    # So few scenes carry no claim; of readers thirty facets each were asked about.
    assert not any(f["enough"] for f in shown if f["group"] != "profiler stub")
    again = gravity(folder, "audit", "--output", "swapped", "--swaps", OPENAI_API_KEY=KEY)
    assert again.code == 0
    assert server.counts.requests - asked == calls


def test_what_cannot_be_audited_is_one_line(curated: tuple[Path, Stub], tmp_path: Path) -> None:
    folder, _ = curated
    both = here(folder, "audit", "--output", "out", "--dataset", "ds", "--swaps")
    assert (both.code, both.errors.count("\n")) == (2, 1)
    none = here(folder, "audit", "--output", "out", "--dataset", "nowhere")
    assert (none.code, none.errors) == (3, "error: there is no dataset folder nowhere\n")
    fresh = gravity(tmp_path, "audit", "--output", "out")
    assert fresh.code == 2
    assert "the store has no run yet" in fresh.errors
