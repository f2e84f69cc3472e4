"""Runs one graph over many inputs, a bounded number at a time."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from gravity.agents.asking import work_off


@dataclass(frozen=True, eq=False)
class Todo:
    """Something of a culture to be done: the id of what comes of it, and the input that its graph is given."""

    id: str
    culture: str
    given: dict[str, Any]


async def sweep(
    work: Any,
    todos: Iterator[Todo],
    concurrency: int,
    finished: Callable[[], None],
    unanswered: Callable[[Todo, str], None],
) -> None:
    """Invokes the compiled graph `work` on every input; as one ends the next begins.

    LangGraph's own fan-out (Send) waits for the slowest task of a superstep and holds all of its inputs; here
    a slow item holds up nobody, and memory does not grow with their number. Calls `finished` after each.

    What nobody answered stays pending: `unanswered` hears of it and of the reason, and the others go on. Where the
    budget is spent, what has not begun stays pending as well. The first other error cancels the rest and is raised as
    it is.
    """
    await work_off(todos, lambda todo: work.ainvoke(todo.given), concurrency, finished, unanswered)
