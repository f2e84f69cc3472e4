"""Runs of the graphs against the stub, without the command line."""

from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

from sqlalchemy import delete

from gravity.agents.judge import ModelJudge, Panel
from gravity.graphs.crew import Crew
from gravity.graphs.curate import curate_graph
from gravity.graphs.pending import pending_scenarios
from gravity.graphs.scenario import scenario_graph
from gravity.graphs.sweep import sweep
from gravity.project import Project
from gravity.store import tables
from gravity.store.records import Fact, Pair, Scenario
from gravity.store.runs import Checking, PanelRecord, Run
from tests.store.build import GOOD
from tests.support import run_id


@asynccontextmanager
async def at_work(made: Project) -> AsyncIterator[Project]:
    """A project whose run is known and whose connections are closed in the end."""
    made.stores.ledger.open_run(made.setup().record)
    try:
        yield made
    finally:
        await made.models.close()


async def curated(made: Project, **wanted: Any) -> list[dict[str, Any]]:
    """Runs the main graph and returns its progress."""
    async with at_work(made):
        graph = curate_graph(made.setup(unqualified=True).crew())
        return [event async for event in graph.astream(wanted, stream_mode="custom")]


def with_checkers(
    made: Project,
    checkers: Sequence[ModelJudge],
    cultures: Collection[str] | None = None,
    record: PanelRecord = GOOD,
    kind: type[Panel] = Panel,
) -> Crew:
    """The crew as it is when these judges have qualified to check pairs, in some cultures or in all, with what they
    showed as a panel of that `kind`. The run is opened with that."""
    setup = made.setup(unqualified=True)
    tasks = {track.checked_by for track in setup.record.settings.tracks if track.checked_by}
    checking = dict.fromkeys(tasks, Checking(judges=[checker.name for checker in checkers], record=record))
    able = set(cultures if cultures is not None else made.library.cultures)
    counting = {
        culture: known.model_copy(update={"checking": checking if culture in able else {}})
        for culture, known in setup.record.settings.counting.items()
    }
    settings = setup.record.settings.model_copy(update={"counting": counting})
    with made.stores.database.begin() as connection:
        connection.execute(delete(tables.runs).where(tables.runs.c.id == setup.record.id))
    made.stores.ledger.open_run(Run(id=setup.record.id, settings=settings))
    crew = setup.crew()
    panels = {
        culture: kind(panel.judges, dict.fromkeys(tasks, checkers) if culture in able else {}, 1)
        for culture, panel in crew.panels.items()
    }
    return replace(crew, panels=panels)


def run_of(made: Project) -> Run:
    """The project's run as it stands in the store."""
    run = made.stores.ledger.run(run_id(made))
    assert run is not None
    return run


async def scenes(made: Project, culture: str) -> list[Scenario]:
    """Writes the pending scenarios of a culture alone, and returns all that there are."""
    crew = made.setup(unqualified=True).crew()
    pending = pending_scenarios(crew, {"culture": culture})
    async with at_work(made):
        await sweep(scenario_graph(crew), iter(pending), crew.plan.concurrency, lambda: None, lambda todo, reason: None)
    return scenarios(made)


def scenarios(made: Project) -> list[Scenario]:
    """The scenarios that have a verdict."""
    found = [
        made.stores.ledger.scenario(identity) for identity in sorted(made.stores.ledger.settled_scenarios(run_id(made)))
    ]
    return [scenario for scenario in found if scenario is not None]


def facts(made: Project) -> list[Fact]:
    """The facts about all readers."""
    readers = [reader.id for reader in made.stores.corpus.readers()]
    return [fact for reader in readers for fact in made.stores.ledger.facts(run_id(made), reader)]


def pairs(made: Project) -> list[Pair]:
    """The pairs."""
    return list(made.stores.ledger.pairs(run_id(made)))
