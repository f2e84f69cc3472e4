"""`gravity curate` with a model that is asked in batches, killed while one is away and started again."""

import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from gravity.config import load_config
from gravity.project import Project
from tests.gravity.support import Done, environment, gravity, here, toml
from tests.stub.server import Stub
from tests.stub.truth import Character
from tests.support import take_in

BATCH: dict[str, Any] = {"batch": True, "batch_wait": 0.3, "batch_poll": 0.05, "batch_poll_max": 0.1}
TABLES = ("pairs", "scenarios", "facts", "profiles", "checks", "calls")
JUDGING = {"cases": 10, "min_accuracy": 0.5, "acceptable_error": 0.45}
CURATE = {"seeds": 4, "scenarios_per_seed": 1, "concurrency": 4}


def configure(folder: Path, server: Stub, live: Stub | None = None, **model: Any) -> None:
    """A configuration in which the stub plays every role; with `live`, another one is a second judge, asked live."""
    text = toml(server.url, model=model, curate=CURATE, judging=JUDGING)
    if live is not None:
        text = text.replace('judges = ["stub"]', 'judges = ["stub", "live"]')
        text += f'\n[models.live]\nkind = "openai"\nmodel = "other"\nbase_url = "{live.url}"\n'
    (folder / "gravity.toml").write_text(text, encoding="utf-8")


def project(folder: Path) -> Project:
    settings = load_config(folder / "gravity.toml")
    store = settings.store.model_copy(update={"path": folder / ".gravity"})
    return Project(settings.model_copy(update={"store": store}))


def stop_when(folder: Path, reached: Callable[[], bool], how: signal.Signals) -> Done:
    """Starts a run and sends it `how` as soon as the moment is `reached`."""
    command = [sys.executable, "-m", "gravity", "curate"]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=folder, env=environment(), stdout=pipe, stderr=pipe, text=True) as process:
        try:
            while process.poll() is None and not reached():
                time.sleep(0.002)
            process.send_signal(how)
            output, errors = process.communicate()
        finally:
            process.kill()
    return Done(process.returncode, output, errors)


def made(folder: Path) -> dict[str, list[str]]:
    """All that a run made, to the letter, but for the seconds."""
    rows = {}
    with closing(sqlite3.connect(folder / ".gravity" / "gravity.sqlite")) as connection:
        connection.row_factory = sqlite3.Row
        for table in TABLES:
            found = map(dict, connection.execute(f"select * from {table}"))
            rows[table] = sorted(str({name: row[name] for name in row if name != "seconds"}) for row in found)
    return rows


@pytest.mark.slow
def test_a_killed_run_picks_its_batches_up_and_ends_as_a_live_one(tmp_path: Path) -> None:
    with Stub(Character(defects=0.3)) as server, Stub() as other:
        for name in ("live", "batched"):
            (tmp_path / name).mkdir()
        live, batched = tmp_path / "live", tmp_path / "batched"
        configure(live, server, other)
        take_in(project(live), each=2)
        assert gravity(live, "qualify", "--json").code == 0
        shutil.copytree(live, batched, dirs_exist_ok=True)
        assert gravity(live, "curate").code == 0

        # The model that is asked in batches has qualified: it is the same one.
        configure(batched, server, other, **BATCH)
        before, batches = server.counts.requests, server.batches
        for number, how in ((1, signal.SIGKILL), (2, signal.SIGINT), (3, signal.SIGKILL), (5, signal.SIGKILL)):
            looked = batches.looks

            def away(number: int = number, looked: int = looked) -> bool:
                """Whether the process waits for a batch, the one of that number or a later one."""
                batches.held = len(batches.made) >= number
                return batches.held and batches.away > 0 and batches.looks > looked + 1

            done = stop_when(batched, away, how)
            assert done.code == (130 if how == signal.SIGINT else -signal.SIGKILL), done
        batches.held = False
        done = gravity(batched, "curate")
        assert done.code == 0, done
        assert made(batched) == made(live)
        assert server.counts.requests == before
        # Some 400 requests in a handful of batches, none of them twice.
        assert set(batches.asked.values()) == {1}
        assert len(batches.sizes) < 30 < max(batches.sizes)
        assert other.batches.sizes == []


def test_what_waits_is_said_at_the_terminal_with_the_ids(tmp_path: Path) -> None:
    with Stub() as server:
        configure(tmp_path, server, **BATCH)
        take_in(project(tmp_path), each=1)
        done = here(tmp_path, "curate", "--unqualified")
        assert done.code == 0
        who, (first, *_) = f"model 'stub' at {server.url}", server.batches.sizes
        assert f"{who}: waiting for {first} answers from 1 batch (batch_1)\n" in done.errors
        assert f"{who}: batch_1 is completed: {first} of {first} answered\n" in done.errors


def test_a_server_without_batches_is_named_in_one_line(tmp_path: Path) -> None:
    with Stub() as server:
        configure(tmp_path, server, **BATCH)
        take_in(project(tmp_path), each=1)
        server.batches.statuses["files"] = [404] * 99
        done = here(tmp_path, "curate", "--unqualified")
    assert done.code == 4
    assert done.errors.splitlines()[-1] == (
        f"error: model 'stub' at {server.url} has no Batch API (it answers 404 to /files: no files today): "
        "leave `batch` out"
    )


def test_a_kind_that_cannot_is_told_so(tmp_path: Path) -> None:
    for kind in ("llama-cpp", "contrast", "bank"):
        path = 'path = "m.gguf"\n' if kind == "llama-cpp" else ""
        text = f'[models.m]\nkind = "{kind}"\n{path}batch = true\n'
        (tmp_path / "gravity.toml").write_text(text, encoding="utf-8")
        done = here(tmp_path, "status")
        assert done.code == 2
        said = "there is no such setting; `gravity config` prints all that there are"
        assert done.errors == f"error: gravity.toml: models.m.{kind}.batch: {said}\n"
