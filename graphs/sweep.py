"""Runs one graph over many inputs, a bounded number at a time."""

import asyncio
from collections.abc import Callable, Iterator
from typing import Any


async def sweep(work: Any, inputs: Iterator[dict[str, Any]], concurrency: int, finished: Callable[[], None]) -> None:
    """Invokes the compiled graph `work` on every input; as one ends the next begins.

    LangGraph's own fan-out (Send) waits for the slowest task of a superstep and holds all of its inputs; here
    a slow item holds up nobody, and memory does not grow with their number. Calls `finished` after each. The
    first error cancels the rest and is raised as it is.
    """

    async def worker() -> None:
        for item in inputs:
            await work.ainvoke(item)
            finished()

    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(concurrency):
                group.create_task(worker())
    except BaseExceptionGroup as group_error:
        raise group_error.exceptions[0] from None
