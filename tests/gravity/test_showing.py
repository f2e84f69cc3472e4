"""What readers let show, in the figures of `gravity status`, against what the store holds."""

import json
from collections import Counter
from pathlib import Path

import pytest

from gravity.project import Project
from gravity.showing import kind
from gravity.store.reliability import over_all
from gravity.store.views import ReaderSeed
from tests.gravity.support import here, toml
from tests.stub.server import Stub
from tests.support import config, curate, project, run_id, take_in, truth

SEEDS = 150


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """All planted readers asked about all seeds; scenarios for the first ten."""
    home = tmp_path_factory.mktemp("showing")
    with Stub() as server:
        settings = config(server.url, home, seeds=SEEDS)
        work = project(settings)
        take_in(work)
        curate(work, scenario_seeds=10)
        text = toml(server.url, curate={"seeds": SEEDS, "scenarios_per_seed": 1}, store={"path": str(home)})
        (home / "gravity.toml").write_text(text, encoding="utf-8")
        work.stores.database.close()
        # A start of its own finds all done, and changes nothing.
        again = project(settings)
        before = {
            reader.id: again.stores.ledger.facts(run_id(again), reader.id) for reader in again.stores.corpus.readers()
        }
        asked = server.counts.requests
        curate(again, scenario_seeds=10)
        assert server.counts.requests == asked
        assert before == {reader: again.stores.ledger.facts(run_id(again), reader) for reader in before}
    return again


def test_the_figures_are_those_of_the_store(made: Project) -> None:
    shown, run = made.run(run_id(made)).status().showing, run_id(made)
    views = [view for reader in made.stores.corpus.readers() for view in made.stores.views.of(run, reader.id)]
    assert shown.views["readers read"] == len(made.stores.corpus.readers())
    assert shown.views["views kept"] == sum(view.verdict == "kept" for view in views) > 100
    assert shown.views["of these merged into another"] == sum(view.same_as is not None for view in views)
    dropped = Counter(kind(view.reason) for view in views if view.verdict == "dropped")
    assert {name: n for name, n in shown.views.items() if name.startswith("dropped")} == {
        f"dropped: {why}": n for why, n in dropped.items()
    }
    seeds = made.stores.views.seeds(run)
    assert sum(shown.brought.values()) == len(seeds) > 0
    facts = [fact for reader in made.stores.corpus.readers() for fact in made.stores.ledger.facts(run, reader.id)]
    sources = Counter(fact.source for fact in facts if fact.kind == "stance" and fact.value in ("agree", "disagree"))
    told: Counter[str] = Counter()
    for row in shown.sources:
        assert row["agree"] + row["disagree"] == row["total"]
        told[row["source"]] += row["total"]
    assert told == sources and min(sources.values()) > 100


def test_what_is_carried_over_holds_against_the_planted_truth(made: Project) -> None:
    """The readers hold more than they show: what was carried over is right about as often as was promised."""
    ledger, run, true = made.stores.ledger, run_id(made), truth()
    sure: list[float] = []
    right: list[bool] = []
    for reader in made.stores.corpus.readers():
        for fact in ledger.facts(run, reader.id):
            if fact.source == "carried over":
                assert fact.confidence >= made.config.curate.min_confidence and fact.evidence
                if (held := true[reader.id]["stances"].get(fact.name)) in ("agree", "disagree"):
                    sure.append(fact.confidence)
                    right.append(fact.value == held)
    assert len(right) > 50
    assert sum(right) / len(right) > sum(sure) / len(sure) - 0.05
    everywhere = {(row.source, row.threshold): row for row in over_all(ledger.reliability(run))}
    tested = everywhere["carried over", 0.6]
    assert tested.tested > 30 and tested.expected_error is not None and tested.interval is not None
    assert tested.interval.low < tested.expected_error < tested.interval.high


def test_pairs_of_the_two_sources_are_lots_of_their_own(made: Project) -> None:
    ledger, run = made.stores.ledger, run_id(made)
    tracks = Counter(pair.track for pair in ledger.pairs(run))
    assert tracks["values"] > 0 and tracks["carried-over"] > 0
    for pair in ledger.pairs(run):
        if pair.fact and pair.fact[0] == "stance":
            (fact,) = [f for f in ledger.facts(run, pair.reader) if [f.kind, f.name] == pair.fact]
            assert fact.source == ("shown" if pair.track == "values" else "carried over")
        carried = {f.name for f in ledger.facts(run, pair.reader) if f.source == "carried over"}
        assert not carried & {line.seed for line in pair.profile}
    lots = {(lot.culture, lot.track) for lot in made.run(run).lots()}
    assert {track for _, track in lots} >= {"values", "carried-over"}


def test_status_prints_them(made: Project) -> None:
    home = made.config.store.path
    done = here(home, "status")
    assert (done.code, done.errors) == (0, "")
    for title in ("Views", "Seeds that readers brought", "Stances by source", "Split halves", "Stances of at least"):
        assert f"\n{title}" in done.output
    figures = json.loads(here(home, "status", "--json").output)
    curve = figures["showing"]["curve"]
    assert {row["threshold"] for row in curve} == {n / 100 for n in range(50, 100, 5)}
    carried = [row["stances_a_reader"] for row in curve if row["source"] == "carried over"]
    assert carried == sorted(carried, reverse=True) and carried[0] > carried[-1]
    for row in figures["showing"]["halves"]:
        assert (row["share"] is None) == (row["n"] == 0)
        if row["n"]:
            assert row["low"] <= row["contradicted"] / row["n"] == row["share"] <= row["high"]


def test_scenarios_of_seeds_that_readers_bring_are_planned(made: Project, tmp_path: Path) -> None:
    views, run = made.stores.views, run_id(made)
    before = made.run(run).status().scenarios
    used = [seed for seed in views.seeds(run) if seed.verdict == "kept"]
    for culture, row in before.items():
        assert row["total"] == SEEDS + sum(culture in seed.cultures for seed in used)
    given = views.seeds(run)[0].model_dump() | {"verdict": "kept", "reason": "", "cultures": ["br", "jp"]}
    seeds = [ReaderSeed.model_validate(given | {"id": f"readers-0000000{n}"}) for n in range(2)]
    views.add_seeds(seeds)
    after = made.run(run).status().scenarios
    assert {culture: row["total"] - before[culture]["total"] for culture, row in after.items()} == {
        culture: 2 if culture in ("br", "jp") else 0 for culture in before
    }
    for row in after.values():
        assert sum(n for name, n in row.items() if name != "total") == row["total"] and row["pending"] > 0


def test_a_run_in_which_nothing_was_measured_says_so(tmp_path: Path, stub: Stub) -> None:
    work = project(config(stub.url, tmp_path, seeds=2))
    take_in(work, each=1)
    curate(work, scenario_seeds=1)
    work.stores.database.close()
    text = toml(stub.url, curate={"seeds": 2, "scenarios_per_seed": 1}, store={"path": str(tmp_path)})
    (tmp_path / "gravity.toml").write_text(text, encoding="utf-8")
    done = here(tmp_path, "status")
    assert done.code == 0, done.errors
    assert "not measured" in done.output.partition("Split halves")[2]
    figures = json.loads(here(tmp_path, "status", "--json").output)["showing"]
    assert {row["share"] for row in figures["halves"] if row["source"] == "carried over"} == {None}
    assert all(row["stances_a_reader"] == 0 for row in figures["curve"] if row["source"] == "carried over")


def test_while_something_is_pending_nothing_is_carried_over(tmp_path: Path, stub: Stub) -> None:
    settings = config(stub.url, tmp_path, seeds=30)
    bounded = settings.model_copy(update={"limits": settings.limits.model_copy(update={"max_calls": 70})})
    first = project(bounded)
    take_in(first, each=2)
    curate(first, scenario_seeds=1)
    run = run_id(first)
    assert first.stores.ledger.unanswered(run) and first.stores.ledger.reliability(run) == []
    first.stores.database.close()
    last = project(settings)
    curate(last, scenario_seeds=1)
    assert run_id(last) == run and not last.stores.ledger.unanswered(run)
    assert last.stores.ledger.reliability(run)


def test_kinds_of_reasons() -> None:
    assert kind("too general: one book of 3") == "too general"
    assert kind("9 of 10 readers are on one side") == "… of … readers are on one side"
    assert kind("it says what hof-pdi-01 says") == "it says what … says"
