"""Runs of the graphs against the stub, without the command line."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from gravity.graphs.curate import curate_graph
from gravity.graphs.pending import pending_scenarios
from gravity.graphs.scenario import scenario_graph
from gravity.graphs.sweep import sweep
from gravity.project import Project
from gravity.store.records import Fact, Pair, Scenario
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
