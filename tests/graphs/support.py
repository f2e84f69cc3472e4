"""Runs of the graphs against the stub, without the command line."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from gravity.graphs.curate import curate_graph
from gravity.graphs.pending import pending_scenarios
from gravity.graphs.scenario import scenario_graph
from gravity.graphs.sweep import sweep
from gravity.store.records import Fact, Pair, Scenario
from gravity.workshop import Workshop


@asynccontextmanager
async def at_work(made: Workshop) -> AsyncIterator[Workshop]:
    """A workshop whose run is known and whose connections are closed in the end."""
    made.ledger.open_run(made.run)
    try:
        yield made
    finally:
        for chat in made.chats.values():
            await chat.close()


async def curated(made: Workshop, **wanted: Any) -> list[dict[str, Any]]:
    """Runs the main graph and returns its progress."""
    async with at_work(made):
        graph = curate_graph(made.crew())
        return [event async for event in graph.astream(wanted, stream_mode="custom")]


async def scenes(made: Workshop, culture: str) -> list[Scenario]:
    """Writes the pending scenarios of a culture alone, and returns all that there are."""
    crew = made.crew()
    pending = pending_scenarios(crew, {"culture": culture})
    async with at_work(made):
        await sweep(scenario_graph(crew), iter(pending), crew.plan.concurrency, lambda: None)
    return scenarios(made)


def scenarios(made: Workshop) -> list[Scenario]:
    """The scenarios that have a verdict."""
    found = [made.ledger.scenario(identity) for identity in sorted(made.ledger.settled_scenarios(made.run.id))]
    return [scenario for scenario in found if scenario is not None]


def facts(made: Workshop) -> list[Fact]:
    """The facts about all readers."""
    readers = [reader.id for reader in made.corpus.readers()]
    return [fact for reader in readers for fact in made.ledger.facts(made.run.id, reader)]


def pairs(made: Workshop) -> list[Pair]:
    """The pairs."""
    return list(made.ledger.pairs(made.run.id))
