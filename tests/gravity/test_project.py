"""The library: what a notebook uses, and what the commands are made of."""

import asyncio
import json
import subprocess
import sys
from pathlib import Path

import pytest

import gravity
from gravity.agents.qualification import TASKS
from gravity.errors import ConfigError
from gravity.store.records import Review
from tests.gravity.support import ROOT, environment, toml
from tests.stub.server import Stub
from tests.support import BOOKS, READERS, REVIEWS, rows

HEAVY = ("pydantic", "sqlalchemy", "rich", "chromadb", "langgraph", "torch", "typer")


def folder(tmp_path: Path, stub: Stub) -> Path:
    """A folder with a gravity.toml in which the stub plays every role."""
    text = toml(stub.url, curate={"seeds": 3, "scenarios_per_seed": 1}, judging={"cases": 24})
    (tmp_path / "gravity.toml").write_text(text, encoding="utf-8")
    return tmp_path


def test_importing_it_loads_nothing_heavy() -> None:
    look = f"import gravity, sys; print([name for name in {HEAVY!r} if name in sys.modules], sorted(gravity.__all__))"
    done = subprocess.run(
        [sys.executable, "-c", look], env=environment(), cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith("[] ['Config', 'ConfigError', 'GravityError', 'Project', 'RunHandle', 'open']")


def test_a_name_that_is_not_there_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = gravity.nothing


def test_a_whole_run_in_one_process(stub: Stub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = folder(tmp_path, stub)
    monkeypatch.chdir(place)
    heard: list[tuple[str, int, int | None]] = []

    def progress(stage: str, done: int, total: int | None) -> None:
        heard.append((stage, done, total))

    with gravity.open("gravity.toml") as project:
        taken = project.ingest(REVIEWS, "amazon-2023", BOOKS, READERS, progress=progress)
        assert [intake.kept for intake in taken.files] == [24, len(rows(BOOKS)), taken.store["reviews"]]
        qualified = project.qualify(progress)
        assert {row.task for row in qualified} == {*TASKS}
        run = project.curate(readers=4, progress=progress)
        status = run.status()
        assert status.run == run.id and status.readers["profiled"] == 4
        pairs = list(run.pairs("vetted"))
        assert {pair.verdict for pair in pairs} == {"vetted"} and len(pairs) > 100
        values = next(pair for pair in pairs if pair.track == "values")
        trail = run.show(values.id[:10])
        assert trail.pair == values and trail.scenario is not None and trail.fact is not None
        assert all(isinstance(review, Review) for review in trail.evidence) and trail.evidence
        exported = run.export("out/dataset")
        assert sum(exported.rows.values()) > 0 and (place / "out" / "dataset" / "manifest.json").exists()
        audited = run.audit("out/audit", progress=progress)
        assert audited.files[0].exists() and audited.findings == audited.audit.findings
        # The same wish again, and the latest run by its beginning, are the same run.
        assert project.curate(readers=4, progress=progress).id == run.id == project.run(run.id[:6]).id
    stages = {stage for stage, _, _ in heard}
    assert {"scenarios", "profiles", "pairs", "checks", "writing the report"} <= stages
    assert heard[-1][1] == heard[-1][2]


def test_what_waits_is_decided_and_undone(stub: Stub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder(tmp_path, stub))
    monkeypatch.setenv("GRAVITY_CURATE__MIN_CONFIDENCE", "0.82")
    with gravity.open() as project:
        project.ingest(REVIEWS, "amazon-2023", BOOKS, READERS, progress=lambda *_: None)
        run = project.curate(readers=1, unqualified=True, progress=lambda *_: None)
        item = run.waiting()[0]
        pair = run.show(item.pair).pair
        run.decide(pair, "flip", "Aiko")
        after = run.show(item.pair)
        assert after.pair.chosen == pair.rejected and after.pair.verdict == "vetted"
        assert after.decision is not None and after.decision.by == "Aiko"
        assert item.pair not in [waiting.pair for waiting in run.waiting()]
        run.undo(item.pair)
        assert run.show(item.pair).pair == pair


async def test_in_a_running_loop_the_async_methods_work_and_the_others_say_so(
    stub: Stub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder(tmp_path, stub))
    with gravity.open() as project:
        with pytest.raises(ConfigError, match="ends in _async"):
            project.qualify()
        with pytest.raises(ConfigError, match="run `gravity curate` first"):
            project.run()
        found = await project.qualify_async(lambda *_: None)
        assert found
        # Another event loop later: connections belong to one, the project does not.
        again = await asyncio.to_thread(project.qualify, lambda *_: None)
        assert [row.model_dump(exclude={"time"}) for row in again] == [
            row.model_dump(exclude={"time"}) for row in found
        ]


def test_a_configuration_made_in_python(stub: Stub, tmp_path: Path) -> None:
    config = gravity.Config.model_validate(
        {
            "models": {"m": {"kind": "openai", "model": "stub", "base_url": stub.url}},
            "roles": {"profiler": "m", "writer": "m", "judges": ["m"]},
            "embeddings": {"kind": "openai", "model": "hash64", "base_url": stub.url},
            "store": {"path": tmp_path / "store"},
        }
    )
    with gravity.open(config) as project:
        project.ingest(REVIEWS, "amazon-2023", culture="us", progress=lambda *_: None)
        assert project.stores.corpus.counts()["readers without culture"] == 0
    # Closed and used again, it is opened anew.
    assert project.stores.corpus.counts()["reviews"] == len(rows(REVIEWS))
    project.close()


def test_the_notebook_runs_and_shows_a_run(stub: Stub, tmp_path: Path) -> None:
    import nbformat
    from nbclient import NotebookClient

    notebook = nbformat.read(  # type: ignore[no-untyped-call]
        ROOT / "examples" / "quickstart.ipynb", as_version=4
    )
    assert all(not cell.get("outputs") for cell in notebook.cells), "outputs are not committed"
    place = folder(tmp_path, stub)
    variables = environment(GRAVITY_EXAMPLE_DATA=str(ROOT / "frameworks" / "data" / "planted"))
    with pytest.MonkeyPatch.context() as patch:
        for name, value in variables.items():
            patch.setenv(name, value)
        NotebookClient(notebook, timeout=240, resources={"metadata": {"path": str(place)}}).execute()
    printed = json.dumps([cell.get("outputs", []) for cell in notebook.cells])
    assert "out/dataset" in printed and "because: " in printed
    assert (place / "out" / "dataset" / "train.parquet").exists()
