"""`gravity curate` stopped at several moments, by real signals, and started again."""

import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from gravity.config import load_config
from gravity.project import Project
from tests.gravity.support import Done, environment, gravity, toml
from tests.stub.server import Faults, Stub
from tests.stub.truth import Character
from tests.support import curate, take_in

IN_FLIGHT = 6
TABLES = ("pairs", "scenarios", "facts", "profiles", "checks", "calls")
READ = ("readings", "views", "groups", "reader_seeds", "shown", "facet_halves", "facet_reliability")
ORDER = ("seconds", "number")  # columns that tell when a row came, and not what it says
LATENCY = Faults(latency=0.05)


@pytest.fixture(scope="module")
def server() -> Iterator[Stub]:
    # Each answer takes a while, so that a kill falls among calls in flight; some drafts are sent back.
    with Stub(Character(defects=0.3), LATENCY) as started:
        yield started


class Store:
    """A folder with planted readers taken in, to be curated by processes."""

    def __init__(self, folder: Path, server: Stub) -> None:
        self.folder = folder
        self.home = folder / ".gravity"
        # Few gold cases and a bar that they clear, and small samples, so that most of the time goes into the run.
        judging = {"cases": 10, "min_accuracy": 0.5, "acceptable_error": 0.45}
        text = toml(
            server.url,
            model={"max_in_flight": IN_FLIGHT},
            curate={"seeds": 4, "scenarios_per_seed": 2},
            judging=judging,
        )
        (folder / "gravity.toml").write_text(text, encoding="utf-8")

    def project(self) -> Project:
        settings = load_config(self.folder / "gravity.toml")
        return Project(settings.model_copy(update={"store": settings.store.model_copy(update={"path": self.home})}))

    def stop_when(self, reached: Callable[[], bool], how: signal.Signals) -> Done:
        """Starts a run and sends it `how` as soon as the moment is `reached`."""
        process = subprocess.Popen(
            [sys.executable, "-m", "gravity", "curate"],
            cwd=self.folder,
            env=environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        while process.poll() is None and not reached():
            time.sleep(0.002)
        process.send_signal(how)
        output, errors = process.communicate()
        return Done(process.returncode, output, errors)

    def made(self) -> dict[str, list[str]]:
        """All that a run made: another run of the same settings must make the same, to the letter."""
        rows = {}
        with closing(sqlite3.connect(self.home / "gravity.sqlite")) as connection:
            connection.row_factory = sqlite3.Row
            for table in (*TABLES, *READ):
                found = map(dict, connection.execute(f"select * from {table}"))
                rows[table] = sorted(str({name: row[name] for name in row if name not in ORDER}) for row in found)
        return rows

    def checkpoints(self) -> dict[str, int]:
        """How many checkpoints there are of each graph within the main one, which is ""."""
        with closing(sqlite3.connect(self.home / "checkpoints.sqlite")) as connection:
            return dict(connection.execute("select checkpoint_ns, count(*) from checkpoints group by 1").fetchall())


def test_a_stopped_run_goes_on_and_asks_nothing_again(server: Stub, tmp_path: Path) -> None:
    (tmp_path / "undisturbed").mkdir()
    (tmp_path / "stopped").mkdir()
    undisturbed = Store(tmp_path / "undisturbed", server)
    take_in(undisturbed.project(), each=2)
    server.faults = Faults()
    assert gravity(undisturbed.folder, "qualify", "--json").code == 0
    server.faults = LATENCY
    store = Store(tmp_path / "stopped", server)
    shutil.copytree(undisturbed.home, store.home)
    before = Counter(server.counts.asked)
    curate(undisturbed.project(), unqualified=False)
    asked, embedded = server.counts.asked - before, server.counts.embedded
    assert set(asked.values()) == {1}
    checks = len(undisturbed.made()["checks"])
    assert checks > 20

    def sent() -> int:
        return server.counts.requests - before.total() - asked.total()

    moments: list[tuple[Callable[[], bool], signal.Signals]] = [
        # While vectors are made; amid the scenarios, twice; amid the profiles; amid the checks.
        (lambda: server.counts.embedded >= embedded + 40, signal.SIGKILL),
        (lambda: sent() >= 0.15 * asked.total(), signal.SIGKILL),
        (lambda: sent() >= 0.35 * asked.total(), signal.SIGINT),
        (lambda: sent() >= asked.total() - 2 * checks - 10, signal.SIGKILL),
        (lambda: sent() >= asked.total() - checks, signal.SIGKILL),
    ]
    for reached, how in moments:
        done = store.stop_when(reached, how)
        if how == signal.SIGKILL:
            assert done.code == -signal.SIGKILL
        else:
            assert done == Done(130, "", "stopped: start it again to go on\n")
        # A scenario or a profile must never take up the state of another one.
        assert set(store.checkpoints()) <= {""}
    done = gravity(store.folder, "curate")
    assert (done.code, done.errors) == (0, "")

    assert store.made() == undisturbed.made()
    assert store.checkpoints() == {}
    again = server.counts.asked - asked - before
    assert set(again) == set(asked)
    # A request may be repeated only if it was in flight when the process was stopped.
    assert again.total() - asked.total() <= len(moments) * IN_FLIGHT

    # Once more there is nothing to ask and nothing to make.
    requests = server.counts.requests
    curate(store.project(), unqualified=False)
    assert server.counts.requests == requests
    assert store.made() == undisturbed.made()
