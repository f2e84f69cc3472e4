"""Runs the main graph with its checkpointer and shows how it goes."""

import asyncio
import sys
from collections.abc import Coroutine
from typing import Any, TypeVar

from langchain_core.runnables import RunnableConfig
from rich.progress import TaskID

from gravity.console import bars, errors
from gravity.errors import ConfigError
from gravity.graphs.crew import Crew
from gravity.graphs.curate import curate_graph
from gravity.graphs.pending import CurateState, selected
from gravity.store.answers import call_key
from gravity.workshop import Workshop

T = TypeVar("T")


def curate(workshop: Workshop, wanted: CurateState) -> CurateState:
    """Curates what is wanted, going on where an earlier try stopped. Raises the errors of agents and stores."""
    crew = workshop.crew()
    culture = wanted.get("culture")
    if culture is not None and culture not in crew.cultures:
        raise ConfigError(f"there is no culture '{culture}': known are {', '.join(crew.cultures)}")
    if not selected(crew, wanted):
        raise ConfigError(
            f"the store has no reader of {culture or 'a known culture'} with {crew.plan.min_reviews} reviews or "
            "more: run `gravity ingest` first, or lower curate.min_reviews"
        )
    _qualified(workshop, {reader.culture or "" for reader in selected(crew, wanted)})
    workshop.ledger.open_run(workshop.run)
    return run(_closing(workshop, _curate(workshop, crew, wanted)))


def _qualified(workshop: Workshop, cultures: set[str]) -> None:
    """Says at once where no model has shown that it can, and what then happens."""
    lacking = workshop.standing.lacking(sorted(cultures))
    if not lacking:
        return
    by_reason: dict[str, list[str]] = {}
    for culture, missing in lacking.items():
        by_reason.setdefault(", ".join(missing), []).append(culture)
    said = "; ".join(f"{', '.join(cultures)}: {reason}" for reason, cultures in by_reason.items())
    if expired := workshop.standing.expired():
        models = ", ".join(f"{model} of {day}" for model, day in expired.items())
        said += f"; expired, since the model, its prompt or the gold cases changed: the scores of {models}"
    if not workshop.unqualified:
        raise ConfigError(
            f"not qualified ({said}): `gravity qualify` puts the models to gold cases and says how they did; "
            "`gravity curate --unqualified` goes on all the same, and every row of those cultures is marked so"
        )
    errors.print(f"[bold]Unqualified[/] ({said}). Rows of these cultures are marked, and not to be relied on.")


def run(work: Coroutine[Any, Any, T]) -> T:
    """The outcome of `work`, on the quickest event loop that the system has."""
    if sys.platform == "win32":
        return asyncio.run(work)
    import uvloop

    return uvloop.run(work)


async def _curate(workshop: Workshop, crew: Crew, wanted: CurateState) -> CurateState:
    from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver

    # A thread is one wish over one set of readers; when it is done it is pruned.
    readers = [reader.id for reader in selected(crew, wanted)]
    thread = call_key({"run": crew.run, "wanted": dict(wanted), "readers": readers})
    settings: RunnableConfig = {"configurable": {"thread_id": thread}}
    async with AsyncSqliteSaver.from_conn_string(str(workshop.home / "checkpoints.sqlite")) as saver:
        graph = curate_graph(crew, saver)
        begun = await saver.aget_tuple(settings)
        result: CurateState = {}
        with bars() as shown:
            tasks: dict[str, TaskID] = {}
            async for mode, event in graph.astream(
                None if begun else dict(wanted), settings, stream_mode=["custom", "values"]
            ):
                # LangGraph now and then swallows the cancellation that a Ctrl-C makes; it is not to be lost.
                if (task := asyncio.current_task()) and task.cancelling():
                    raise asyncio.CancelledError
                if mode == "values":
                    result = event
                    continue
                stage = event["stage"]
                if stage not in tasks:
                    tasks[stage] = shown.add_task(stage, total=event["total"])
                shown.update(tasks[stage], completed=event["done"], total=event["total"])
        await saver.adelete_thread(thread)
    return result


async def _closing(workshop: Workshop, work: Coroutine[Any, Any, CurateState]) -> CurateState:
    try:
        return await work
    finally:
        await workshop.close()
