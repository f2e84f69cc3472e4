"""What nobody answered is told at the end of each command, in `status` and by the exit code, and is asked again."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gravity.commands.ending import not_finished
from gravity.config import load_config
from gravity.project import Project
from gravity.store.records import Unanswered
from tests.graphs.support import facts, pairs, scenarios
from tests.gravity.support import here, toml
from tests.stub.server import Faults, Stub
from tests.support import config, project, run_id, silent, take_in

PATIENT = {"refusals_in_a_row": 999}
SOME = Faults(broken=0.25, seed=3)


@pytest.fixture
def server() -> Iterator[Stub]:
    with Stub(faults=SOME) as started:
        yield started


def folder(tmp_path: Path, server: Stub, limits: dict[str, Any], **judging: Any) -> Project:
    """A folder with a gravity.toml and two readers of each culture; the stub is asked each question once."""
    text = toml(
        server.url,
        model={"retries": 0},
        curate={"seeds": 4, "scenarios_per_seed": 2, "seeds_brought": 0, "own_seeds": 0},
        judging={"cases": 10, **judging},
        # Chroma knows its folders by their paths, and all these commands run in one process.
        store={"path": str(tmp_path / ".gravity")},
        limits=limits,
    )
    (tmp_path / "gravity.toml").write_text(text, encoding="utf-8")
    opened = Project(load_config(tmp_path / "gravity.toml"))
    take_in(opened, each=2)
    return opened


def test_curate_and_status_count_what_waits_by_reason(server: Stub, tmp_path: Path) -> None:
    folder(tmp_path, server, PATIENT)
    done = here(tmp_path, "curate", "--unqualified")
    assert done.code == 8
    last = done.errors.splitlines()[-1]
    found = re.fullmatch(r"not finished: (.+) wait \(HTTP 500: (\d+)\); start again to ask them", last)
    assert found, last
    counted = {what: int(n) for n, what in re.findall(r"(\d+) (reading|scenario|profile)s?", found[1])}
    assert counted["reading"] and counted["scenario"] and sum(counted.values()) == int(found[2])
    shown = json.loads(here(tmp_path, "status", "--json").output)
    assert shown["unanswered"] == [
        {"what": what, "of": "", "reason": "HTTP 500", "items": n} for what, n in counted.items()
    ]
    # Whoever was not read is not profiled either.
    assert shown["readers"]["waiting"] >= counted["reading"]
    assert sum(row["pending"] for row in shown["scenarios"].values()) == counted["scenario"]
    assert "Not answered" in here(tmp_path, "status").output
    server.faults = Faults()
    done = here(tmp_path, "curate", "--unqualified")
    assert done.code == 0 and "not finished" not in done.errors
    assert json.loads(here(tmp_path, "status", "--json").output)["unanswered"] == []
    assert "Not answered" not in here(tmp_path, "status").output


def test_a_model_that_never_answers_stops_the_run_with_one_line(server: Stub, tmp_path: Path) -> None:
    server.faults = Faults(broken=1.0)
    opened = folder(tmp_path, server, {"refusals_in_a_row": 3})
    for command in (["curate", "--unqualified"], ["preview", "--unqualified"], ["qualify"]):
        before = server.counts.requests
        done = here(tmp_path, *command)
        assert done.code == 4
        last = done.errors.splitlines()[-1]
        assert last.startswith("error: model 'stub': ") and "in a row were not answered (HTTP 500)" in last
        assert server.url in last and "out of order" in last and "limits.refusals_in_a_row" in last
        assert 3 <= server.counts.requests - before < 200
    run = opened.run()
    assert run.pending and not scenarios(opened) and not facts(opened)
    # Started again with a healthy server, it asks all of it.
    server.faults = Faults()
    assert here(tmp_path, "curate", "--unqualified").code == 0
    assert run.pending == [] and len(scenarios(opened)) == 4 * 4 * 2


def test_qualify_tells_and_keeps_nothing_of_a_model_some_of_whose_cases_were_not_answered(
    server: Stub, tmp_path: Path
) -> None:
    opened = folder(tmp_path, server, PATIENT, min_accuracy=0.5)
    done = here(tmp_path, "qualify", "--json")
    assert done.code == 8
    assert re.fullmatch(
        r"not finished: \d+ gold cases of the scenario judge stub, \d+ gold cases of the pair judge stub, "
        r"\d+ gold cases of the judge of personality pairs stub, \d+ gold cases of the reader of views stub, "
        r"\d+ gold cases of the profiler stub, \d+ gold cases of the profiler of facets stub, "
        r"\d+ gold cases of the critic stub, \d+ gold cases of the judge of writings stub and "
        r"\d+ gold cases of the checker of writings stub wait \(HTTP 500: \d+\); "
        r"start again to ask them",
        done.errors.splitlines()[-1],
    )
    assert {row["model"] for row in json.loads(done.output)} == {"rules"}
    assert not any(opened.setup().standing.found.values())
    server.faults = Faults()
    again = here(tmp_path, "qualify", "--json")
    assert (again.code, again.errors) == (0, "")
    assert {row["answered"] > 0 for row in json.loads(again.output)} == {True}
    assert opened.setup().standing.lacking(opened.library.cultures) == {}


def test_preview_says_the_same(server: Stub, tmp_path: Path) -> None:
    folder(tmp_path, server, PATIENT)
    server.faults = Faults(broken=0.4, seed=5)
    done = here(tmp_path, "preview", "--unqualified")
    assert done.code == 8 and "Still to be asked in the full run" in done.output
    assert done.errors.splitlines()[-1].startswith("not finished: ")


def test_the_line_reads_well() -> None:
    one = [Unanswered(what="profile", reason="timeout", items=1)]
    assert not_finished(one) == "not finished: 1 profile waits (timeout: 1); start again to ask it"
    several = [
        Unanswered(what="scenario", reason="HTTP 503", items=2),
        Unanswered(what="scenario", reason="timeout", items=1),
        Unanswered(what="profile", reason="HTTP 503", items=2),
    ]
    assert not_finished(several) == (
        "not finished: 3 scenarios and 2 profiles wait (HTTP 503: 4, timeout: 1); start again to ask them"
    )


@pytest.mark.parametrize("unfit", [1.0, 0.4])
def test_what_failed_is_asked_anew_and_comes_out_as_if_it_never_had(tmp_path: Path, unfit: float) -> None:
    def content(made: Project) -> list[Any]:
        return [found(made) for found in (scenarios, facts, pairs)]

    def prepared(url: str, name: str) -> Project:
        # One try each, so that an answer's key tells nothing of earlier tries.
        made = project(config(url, tmp_path / name, seeds=4, attempts=1, seeds_brought=0, own_seeds=0))
        take_in(made, each=2)
        return made

    with Stub() as server:
        healthy = prepared(server.url, "healthy")
        healthy.curate(unqualified=True, progress=silent)
        server.faults = Faults(unfit=unfit)
        made = prepared(server.url, "healed")
        run = made.curate(unqualified=True, progress=silent)
        assert run.pending == []
        assert "failed" in {scenario.verdict for scenario in scenarios(made)}
        assert "failed" in {fact.value for fact in facts(made)}
        # What failed has failed: started again as it was, nothing is asked.
        server.faults, requests = Faults(), server.counts.requests
        made.curate(unqualified=True, progress=silent)
        assert server.counts.requests == requests and content(made) != content(healthy)
        assert made.curate(unqualified=True, progress=silent, retry_failed=True).pending == []
        assert server.counts.requests > requests
        assert content(made) == content(healthy)
        # And when nothing has failed there is nothing to ask anew.
        requests = server.counts.requests
        made.curate(unqualified=True, progress=silent, retry_failed=True)
        assert server.counts.requests == requests and content(made) == content(healthy)


def test_the_command_asks_anew_too(server: Stub, tmp_path: Path) -> None:
    server.faults = Faults(unfit=1.0)
    opened = folder(tmp_path, server, PATIENT)
    assert here(tmp_path, "curate", "--unqualified").code == 0
    assert {scenario.verdict for scenario in scenarios(opened)} == {"failed"}
    server.faults = Faults()
    assert here(tmp_path, "curate", "--unqualified", "--retry-failed").code == 0
    assert {scenario.verdict for scenario in scenarios(opened)} == {"vetted"}
    assert opened.stores.ledger.profiled(run_id(opened))
