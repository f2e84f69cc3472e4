"""Runs the main graph with its checkpointer, going on where an earlier try stopped."""

import asyncio
import logging

from langchain_core.runnables import RunnableConfig

from gravity.errors import ConfigError
from gravity.graphs.crew import Crew
from gravity.graphs.curate import curate_graph
from gravity.graphs.pending import CurateState, selected
from gravity.loop import cancellable
from gravity.progress import Progress
from gravity.run import RunSetup
from gravity.store.answers import call_key

log = logging.getLogger("gravity")


async def curate(setup: RunSetup, wanted: CurateState, progress: Progress, retry_failed: bool = False) -> CurateState:
    """Curates what is wanted; with `retry_failed` also what failed for want of a usable answer, which is asked anew.

    What nobody answered stays pending; the store's ledger says how much, and why.
    Raises ConfigError where there is nobody to curate for, or too few models have qualified; the errors of agents and
    stores as they are.
    """
    crew = setup.crew()
    culture = wanted.get("culture")
    if culture is not None and culture not in crew.cultures:
        raise ConfigError(f"there is no culture '{culture}': known are {', '.join(crew.cultures)}")
    readers = selected(crew, wanted)
    if not readers:
        raise ConfigError(
            f"the store has no reader of {culture or 'a known culture'} with {crew.plan.min_reviews} reviews or "
            "more: run `gravity ingest` first, or lower curate.min_reviews"
        )
    _check_standing(setup, {reader.culture or "" for reader in readers})
    setup.stores.ledger.open_run(setup.record)
    if retry_failed:
        setup.stores.ledger.take_out_failed(crew.run, {r.id for r in readers}, {r.culture or "" for r in readers})
    # What waits in a stage that an earlier try had left behind is asked first.
    anew = retry_failed or bool(setup.stores.ledger.unanswered(crew.run))
    # LangGraph now and then swallows the cancellation that a Ctrl-C makes; it is not to be lost.
    return await cancellable(_run_graph(setup, crew, wanted, [reader.id for reader in readers], progress, anew))


def _check_standing(setup: RunSetup, cultures: set[str]) -> None:
    """Says at once where no model has shown that it can, and what then happens."""
    lacking = setup.standing.lacking(sorted(cultures))
    if not lacking:
        return
    by_reason: dict[str, list[str]] = {}
    for culture, missing in lacking.items():
        by_reason.setdefault(", ".join(missing), []).append(culture)
    said = "; ".join(f"{', '.join(cultures)}: {reason}" for reason, cultures in by_reason.items())
    if expired := setup.standing.expired():
        models = ", ".join(f"{model} of {day}" for model, day in expired.items())
        said += f"; expired, since the model, its prompt or the gold cases changed: the scores of {models}"
    if not setup.unqualified:
        raise ConfigError(
            f"not qualified ({said}): `gravity qualify` puts the models to gold cases and says how they did; "
            "`gravity curate --unqualified` goes on all the same, and every row of those cultures is marked so"
        )
    log.warning("Unqualified (%s). Rows of these cultures are marked, and not to be relied on.", said)


async def _run_graph(
    setup: RunSetup, crew: Crew, wanted: CurateState, readers: list[str], progress: Progress, anew: bool
) -> CurateState:
    """Goes on at the stage that an earlier try had come to, or with all stages `anew`."""
    from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver

    # A thread is one wish over one set of readers; when it is done it is pruned.
    thread = call_key({"run": crew.run, "wanted": dict(wanted), "readers": readers})
    settings: RunnableConfig = {"configurable": {"thread_id": thread}}
    async with AsyncSqliteSaver.from_conn_string(str(setup.stores.home / "checkpoints.sqlite")) as saver:
        graph = curate_graph(crew, saver)
        if anew:
            await saver.adelete_thread(thread)
        begun = await saver.aget_tuple(settings)
        result: CurateState = {}
        async for mode, event in graph.astream(
            None if begun else dict(wanted), settings, stream_mode=["custom", "values"]
        ):
            if (task := asyncio.current_task()) and task.cancelling():
                raise asyncio.CancelledError
            if mode == "values":
                result = event
            else:
                progress(event["stage"], event["done"], event["total"])
        await saver.adelete_thread(thread)
    return result
