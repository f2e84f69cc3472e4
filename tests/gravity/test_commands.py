"""The commands on a store that the command line filled."""

import importlib.util
import json
import re
import shutil
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from gravity.commands import preview
from gravity.config import load_config
from gravity.estimating import needs
from gravity.frameworks.gold import Gold
from gravity.frameworks.loader import Library
from gravity.project import Project
from gravity.store.records import Pair
from gravity.stores import Stores
from tests.gravity.conftest import CASES, KEY, SEEDS, Filled
from tests.gravity.support import ROOT, gravity, here, toml
from tests.stub.server import Stub
from tests.support import config, curate, project, silent, take_in

TRACKS = ("values", "personality", "interests")


def status_of(filled: Filled) -> dict[str, Any]:
    done = here(filled.folder, "status", "--json")
    assert (done.code, done.errors) == (0, "")
    figures: dict[str, Any] = json.loads(done.output)
    return figures


@contextmanager
def stores_of(filled: Filled) -> Iterator[tuple[Stores, str]]:
    """The stores of the project, and the id of the run in them."""
    settings = load_config(filled.folder / "gravity.toml")
    settings.store.path = filled.folder / ".gravity"
    stores = Project(settings).stores
    run = stores.ledger.latest_run()
    assert run is not None
    yield stores, run.id
    stores.database.close()


def pairs_of(filled: Filled, track: str) -> list[Pair]:
    with stores_of(filled) as (stores, run):
        return [pair for pair in stores.ledger.pairs(run) if pair.track == track]


def test_ingest_counts_every_row(filled: Filled) -> None:
    assert (filled.ingested.code, filled.ingested.errors) == (0, "")
    printed = json.loads(filled.ingested.output)
    for file in printed["files"]:
        assert file["read"] == file["kept"] + file["duplicates"] + sum(file["refused"].values())
    readers, _, reviews = printed["files"]
    assert readers["kept"] == len(filled.readers) == printed["store"]["readers"]
    assert (reviews["duplicates"], reviews["refused"]) == (1, {"rating out of range": 1})
    assert reviews["kept"] == printed["store"]["reviews"]


def test_curate_ends_with_the_counts_and_nothing_on_stderr(filled: Filled) -> None:
    assert (filled.curated.code, filled.curated.errors) == (0, "")
    assert filled.curated.output.startswith(f"Run {status_of(filled)['run']}\n")


def test_status_adds_up(filled: Filled) -> None:
    figures = status_of(filled)
    readers = figures["readers"]
    total = readers.pop("total")
    assert sum(readers.values()) == total == figures["store"]["readers"] == len(filled.readers)
    assert readers["profiled"] == total
    cultures = sorted({reader.split("-")[1] for reader in filled.readers})
    assert sorted(figures["scenarios"]) == sorted(figures["stances"]) == cultures
    for row in (*figures["scenarios"].values(), *figures["stances"].values()):
        assert sum(n for name, n in row.items() if name != "total") == row["total"]
    with stores_of(filled) as (stores, run):
        brought = [seed for seed in stores.views.seeds(run) if seed.verdict == "kept"]
        groups = len(stores.views.groups(run))
        settled = [stores.ledger.scenario(identity) for identity in stores.ledger.settled_scenarios(run)]
        found = [scenario for scenario in settled if scenario is not None]
    # All scenarios are good. Readers' seeds are written about where their readers are, now and then alike.
    assert all(one.reason.startswith("nearly repeats scenario ") for one in found if one.verdict != "vetted")
    for culture, row in figures["scenarios"].items():
        planned = SEEDS + sum(culture in seed.cultures for seed in brought)
        assert (row["total"], row["vetted"] + row["rejected"], row["pending"]) == (planned, planned, 0)
    assert sum(row["total"] for row in figures["scenarios"].values()) == len(found)
    asked_about = SEEDS * total + sum(total if seed.reader is None else 1 for seed in brought)
    assert sum(row["total"] for row in figures["stances"].values()) == asked_about
    assert {(row["culture"], row["track"]) for row in figures["pairs"]} == {(c, t) for c in cultures for t in TRACKS}
    # Two readers of a culture measure no reliability, and each facet's pairs are made.
    facets = figures["facets"]
    assert facets["left_out"] == [] and facets["not_measured"] == dict.fromkeys(cultures, 30)
    assert sum(row["total"] for row in facets["levels"].values()) == 30 * total
    assert {(row["of"], row["spearman_brown"]) for row in facets["reliability"]} == {("facet", None), ("trait", None)}
    for row in figures["pairs"]:
        assert row["vetted"] + row["held"] + row["rejected"] + row["failed"] == row["total"]
        assert row["vetted"] == row["total"] > 0
    calls = {row["role"]: row["calls"] for row in figures["calls"]}
    assert sum(calls.values()) == filled.server.counts.requests
    # Gold cases, of scenarios, of two kinds of pairs and of writings, then scenarios, then checked pairs: each in both
    # orders.
    checked = sum(lot["agreed"] + lot["against"] + lot["undecided"] for lot in figures["lots"])
    assert checked == sum(lot["sample"] - lot["spared"] for lot in figures["lots"]) > 0
    assert calls["judge"] == 2 * (4 * CASES * len(cultures) + len(found) + checked)
    # What a writer writes is criticised: scenarios, and the issues that it names in groups of views, each of which it
    # then holds against views.
    planted = Counter(case.culture for case in Gold(Library()).inventions.values() if case.split == "held-out")
    inventions = sum(min(CASES, n) for n in planted.values())
    assert calls["critic"] == 2 * (CASES * len(cultures) + inventions) + calls["writer"] - groups
    assert calls["writer"] > len(found) + groups > SEEDS * len(cultures)


def test_every_label_of_a_lot_is_confirmed_by_a_panel_that_knows(filled: Filled) -> None:
    found = status_of(filled)["lots"]
    assert {(lot["track"], lot["verdict"]) for lot in found} == {
        ("values", "vetted"),
        ("personality", "vetted"),
        ("interests", "vetted"),
    }
    vetted = {(row["culture"], row["track"]): row["vetted"] for row in status_of(filled)["pairs"]}
    for lot in found:
        if lot["track"] != "interests":
            assert lot["agreed"] + lot["spared"] == lot["sample"] <= lot["pairs"]
            assert lot["pairs"] == vetted[lot["culture"], lot["track"]]
            assert (lot["against"], lot["undecided"], lot["low"]) == (0, 0, 0)


def test_status_of_a_run_by_the_beginning_of_its_id(filled: Filled) -> None:
    run = status_of(filled)["run"]
    done = here(filled.folder, "status", "--run", run[:6], "--json")
    assert json.loads(done.output)["run"] == run


def test_status_counts_what_is_pending(filled: Filled, tmp_path: Path, stub: Stub) -> None:
    made = project(config(stub.url, tmp_path, seeds=5, scenarios_per_seed=2))
    take_in(made, each=1)
    curate(made, readers=1, scenario_seeds=2)
    made.stores.database.close()
    text = toml(stub.url, curate={"seeds": 5, "scenarios_per_seed": 2}, store={"path": str(tmp_path)})
    (tmp_path / "gravity.toml").write_text(text, encoding="utf-8")
    done = here(tmp_path, "status", "--json")
    assert done.code == 0, done.errors
    figures = json.loads(done.output)
    assert figures["readers"]["profiled"] == 1
    assert figures["readers"]["waiting"] == figures["readers"]["total"] - 1
    done_culture = [row for row in figures["scenarios"].values() if row["vetted"]]
    assert [(row["vetted"], row["pending"], row["total"]) for row in done_culture] == [(4, 6, 10)]
    waiting = [row for row in figures["scenarios"].values() if not row["vetted"]]
    assert waiting and {(row["pending"], row["total"]) for row in waiting} == {(10, 10)}


def test_show_as_json_is_the_whole_trail(filled: Filled) -> None:
    pair = pairs_of(filled, "values")[0]
    done = here(filled.folder, "show", pair.id[:10], "--json")
    assert (done.code, done.errors) == (0, "")
    trail = json.loads(done.output)
    assert trail["pair"] == pair.model_dump()
    assert trail["reader"]["id"] == pair.reader
    fact, scenario = trail["fact"], trail["scenario"]
    assert (fact["kind"], fact["name"]) == ("stance", pair.subject)
    assert fact["made_by"]["model"] == "stub" and re.fullmatch(r"[0-9a-f]{12}", fact["made_by"]["prompt"])
    assert [review["id"] for review in trail["evidence"]] == fact["evidence"] != []
    assert all(review["text"] and review["reader"] == pair.reader for review in trail["evidence"])
    assert [view["id"] for view in trail["views"]] == fact["views"] != []
    texts = {review["id"]: review["text"] for review in trail["evidence"]}
    assert all(view["quote"] in texts[view["review"]] and view["verdict"] == "kept" for view in trail["views"])
    assert (scenario["id"], scenario["verdict"]) == (pair.scenario, "vetted")
    assert fact["checked_by"]["call"] not in ("", fact["made_by"]["call"])
    assert (trail["check"]["prefers"], trail["decision"]) == ("chosen", None)
    assert [(choice["order"], choice["prefers"]) for choice in trail["check"]["choices"]] == [
        ("chosen", "chosen"),
        ("rejected", "chosen"),
    ]
    votes = scenario["rounds"][-1]["votes"]
    assert {vote["order"] for vote in votes} == {"endorsing", "opposing"}
    assert all(vote["made_by"]["prompt"] for vote in votes)


@pytest.mark.parametrize("track", ["personality", "interests"])
def test_show_as_json_of_the_other_tracks(filled: Filled, track: str) -> None:
    pair = pairs_of(filled, track)[0]
    trail = json.loads(here(filled.folder, "show", pair.id, "--json").output)
    assert trail["scenario"] is None
    assert (trail["fact"] is None) == (track == "interests")
    assert trail["pair"]["verdict"] == "vetted"
    assert {half["half"] for half in trail["halves"]} == ({0, 1} if track == "personality" else set())


def test_show_prints_the_whole_trail(filled: Filled) -> None:
    """Of a pair whose scenario was sent back: two rounds, with the critic's finding in the first."""
    trails = [json.loads(here(filled.folder, "show", p.id, "--json").output) for p in pairs_of(filled, "values")]
    trail = next(trail for trail in trails if len(trail["scenario"]["rounds"]) == 2)
    pair, scenario = trail["pair"], trail["scenario"]
    done = gravity(filled.folder, "show", pair["id"])
    assert (done.code, done.errors) == (0, "")
    printed = re.sub(r"[\s│]+", " ", done.output)
    expected = [
        pair["id"],
        pair["run"],
        f"reader {pair['reader']} ({pair['culture']})",
        pair["chosen"][0]["content"],
        pair["rejected"][0]["content"],
        pair["prompt"][0]["content"].splitlines()[0],
        pair["prompt"][1]["content"].splitlines()[0],
        pair["basis"],
        f"{trail['fact']['value']}, confidence {trail['fact']['confidence']:.2f}, by stub "
        f"(prompt {trail['fact']['made_by']['prompt']})",
        f"asked the other way round: stub (prompt {trail['fact']['checked_by']['prompt']})",
        f"Check by stub (prompt {trail['check']['choices'][0]['made_by']['prompt']}), shown chosen first: "
        "prefers chosen",
        *trail["fact"]["evidence"],
        *(f"«{view['quote']}»" for view in trail["views"]),
        *(f"shows the view: {view['statement']} ({view['said']}, about {view['about']};" for view in trail["views"]),
        f"Scenario {scenario['id']} vetted: 1 of 1 judges confirmed it",
        "Round 1 written by stub",
        "finding by stub: severe stereotype: 'as everyone in that country does' (leave the remark out)",
        "Round 2 written by stub",
        scenario["rounds"][1]["votes"][0]["made_by"]["prompt"],
        f"card {pair['prompts']['card']}",
        f"Verdict {pair['verdict']}: {pair['reason']}",
    ]
    for text in expected:
        assert re.sub(r"\s+", " ", text).strip() in printed
    assert "\x1b" not in done.output


def test_export_loads_with_datasets(filled: Filled, tmp_path: Path) -> None:
    from datasets import load_dataset

    folder = tmp_path / "dataset"
    done = here(filled.folder, "export", str(folder), "--json")
    assert (done.code, done.errors) == (0, "")
    printed = json.loads(done.output)
    loaded = load_dataset(str(folder), cache_dir=str(tmp_path / "cache"))
    assert {split: len(loaded[split]) for split in loaded} == printed["rows"]
    counted = status_of(filled)["pairs"]
    assert sum(printed["rows"].values()) + sum(printed["left_out"].values()) == sum(row["total"] for row in counted)
    assert sum(printed["by_culture_and_track"].values()) == sum(printed["rows"].values())
    rows = [row for split in loaded for row in loaded[split]]
    assert {row["verdict"] for row in rows} == {"vetted"} and {row["track"] for row in rows} == {*TRACKS}
    vetted = {pair.id: pair for track in TRACKS for pair in pairs_of(filled, track)}
    assert printed["unqualified"] == 0 and all(row["qualified"] for row in rows)
    for row in rows:
        pair = vetted[row["id"]]
        assert len(row["checks"]) in {"values": (2,), "personality": (0, 2), "interests": (0,)}[row["track"]]
        assert row["lot"] == "vetted"
        assert (row["prompt"], row["chosen"], row["rejected"]) == (pair.prompt, pair.chosen, pair.rejected)
    train, test = ({row["reader"] for row in loaded[split]} for split in ("train", "test"))
    assert not train & test
    # A folder that is taken is left alone, unless it is to be replaced.
    again = here(filled.folder, "export", str(folder))
    assert (again.code, again.output) == (5, "")
    assert "is not empty" in again.errors and again.errors.count("\n") == 1
    assert here(filled.folder, "export", str(folder), "--overwrite").code == 0


def test_graph_prints_the_mermaid_diagrams(filled: Filled) -> None:
    done = here(filled.folder, "graph")
    assert (done.code, done.errors) == (0, "")
    diagrams = re.findall(r"## (\w+)\n\n```mermaid\n(.*?)\n```\n", done.output, re.DOTALL)
    assert [name for name, _ in diagrams] == ["curate", "reading", "gathering", "scenario", "profile", "check"]
    for name, nodes in (
        (
            "curate",
            [
                "index",
                "read_views",
                "gather_seeds",
                "write_scenarios",
                "profile_readers",
                "carry_over",
                "compose",
                "check_samples",
            ],
        ),
        ("reading", ["fetch", "read", "settle"]),
        ("gathering", ["word", "settle"]),
        ("scenario", ["write", "criticise", "send_back", "judge", "refuse", "settle"]),
        ("profile", ["demographics", "interests", "facets", "stances", "cross_check", "settle"]),
        ("check", ["show", "judge", "settle"]),
    ):
        drawn = dict(diagrams)[name]
        assert "graph TD;" in drawn
        for node in nodes:
            assert f"\t{node}({node}" in drawn


def test_the_factories_of_langgraph_json_load(filled: Filled, monkeypatch: pytest.MonkeyPatch) -> None:
    declared = json.loads((ROOT / "langgraph.json").read_text(encoding="utf-8"))
    monkeypatch.chdir(filled.folder)
    loaded = {}
    for name, where in declared["graphs"].items():
        path, _, factory = where.partition(":")
        spec = importlib.util.spec_from_file_location(f"langgraph_{name}", ROOT / path)
        assert spec is not None and spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        loaded[name] = getattr(module, factory)()
    assert {name: graph.name for name, graph in loaded.items()} == {name: name for name in declared["graphs"]}
    assert "judge" in loaded["scenario"].nodes


def test_no_key_is_kept_or_printed(filled: Filled) -> None:
    # It was used, so there was something to leak.
    assert filled.server.counts.keys == {f"Bearer {KEY}"}
    files = [path for path in (filled.folder / ".gravity").rglob("*") if path.is_file()]
    assert {"gravity.sqlite", "checkpoints.sqlite", "chroma.sqlite3"} <= {path.name for path in files}
    for path in files:
        assert KEY.encode() not in path.read_bytes(), path
    for done in (filled.ingested, filled.qualified, filled.curated):
        assert KEY not in done.output + done.errors


def test_a_preview_says_what_the_full_run_will_ask(
    stub: Stub, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made = project(config(stub.url, tmp_path, seeds=6, seeds_brought=0, own_seeds=0))
    take_in(made, each=2)
    preview.print_preview(made.preview(unqualified=True, progress=silent))
    printed = capsys.readouterr().out
    assert "Still to be asked in the full run" in printed
    assert "not measured" not in printed
    asked = needs(made.setup(True), made.setup(True).crew(), {})
    before = {role: usage["calls"] for (role, _), usage in made.stores.answers.usage().items()}
    assert sum(before.values()) < sum(need.calls for need in asked)
    full = project(made.config)
    curate(full)
    after = {role: usage["calls"] for (role, _), usage in full.stores.answers.usage().items()}
    for need in asked:
        made_since = after[need.role] - before[need.role]
        # How often readers are asked for stances follows from their views, which nobody has read before, and only what
        # is taken is asked for again.
        known = need.role not in ("profiler", "checker")
        assert need.calls == made_since if known else 0.9 * made_since <= need.calls <= 1.5 * made_since
    assert set(stub.counts.asked.values()) == {1}
    left = needs(full.setup(True), full.setup(True).crew(), {})
    assert [(need.role, need.model, need.calls) for need in left] == [(n.role, n.model, 0) for n in asked]


def test_what_readers_bring_is_expected_too(stub: Stub, tmp_path: Path) -> None:
    """Six readers in eight of whom nobody knows anything yet: the estimate is right within a factor of three."""
    made = project(config(stub.url, tmp_path, seeds=6))
    take_in(made, each=2)
    given = made.preview(unqualified=True, progress=silent).needs
    before = stub.counts.requests
    full = project(made.config)
    curate(full)
    assert 1 / 3 < sum(need.calls for need in given) / (stub.counts.requests - before) < 3
    assert {need.calls for need in needs(full.setup(True), full.setup(True).crew(), {})} == {0}


def test_the_store_can_be_moved(filled: Filled, tmp_path: Path) -> None:
    """Nothing in it names where it stood."""
    shutil.copytree(filled.folder / ".gravity", tmp_path / ".gravity")
    shutil.copy(filled.folder / "gravity.toml", tmp_path)
    assert json.loads(here(tmp_path, "status", "--json").output) == status_of(filled)
