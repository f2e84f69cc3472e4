"""Runs one graph over many inputs, a bounded number at a time."""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from gravity.agents.errors import BUDGET, NotAnsweredError


@dataclass(frozen=True)
class Todo:
    """Something of a culture to be done: the id of what comes of it, and the input that its graph is given."""

    id: str
    culture: str
    given: dict[str, Any]


async def sweep(
    work: Any, todos: Iterator[Todo], concurrency: int, finished: Callable[[], None]
) -> list[tuple[Todo, str]]:
    """Invokes the compiled graph `work` on every input; as one ends the next begins.

    LangGraph's own fan-out (Send) waits for the slowest task of a superstep and holds all of its inputs; here
    a slow item holds up nobody, and memory does not grow with their number. Calls `finished` after each.

    What nobody answered stays pending and is returned with the reason; the others go on, unless the budget is spent:
    then what has not begun stays pending as well. The first other error cancels the rest and is raised as it is.
    """
    pending: list[tuple[Todo, str]] = []

    async def worker() -> None:
        for todo in todos:
            try:
                await work.ainvoke(todo.given)
            except NotAnsweredError as error:
                pending.append((todo, error.kind))
                if error.kind == BUDGET:
                    pending.extend((left, BUDGET) for left in todos)
            else:
                finished()

    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(concurrency):
                group.create_task(worker())
    except BaseExceptionGroup as group_error:
        raise group_error.exceptions[0] from None
    return pending
