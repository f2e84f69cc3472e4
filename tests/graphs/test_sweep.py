import asyncio
from typing import Any, TypedDict

import pytest
from langgraph.graph import END, START, StateGraph

from gravity.graphs.sweep import sweep


class Item(TypedDict):
    number: int


class Work:
    """A graph of one node that notes what it was given and how many items it had in hand at a time."""

    def __init__(self, fails_at: int | None = None) -> None:
        self.seen: list[int] = []
        self.at_once = self.most = 0

        async def step(state: Item) -> Item:
            self.seen.append(state["number"])
            self.at_once += 1
            self.most = max(self.most, self.at_once)
            # Later items are quicker: one that is slow holds up nobody.
            await asyncio.sleep(0.002 * (20 - state["number"]))
            self.at_once -= 1
            if state["number"] == fails_at:
                raise OSError("disk full")
            return state

        graph = StateGraph(Item)
        graph.add_node("step", step)
        graph.add_edge(START, "step")
        graph.add_edge("step", END)
        self.graph: Any = graph.compile()


@pytest.mark.parametrize("concurrency", [1, 4, 50])
async def test_every_input_is_worked_on_once_and_a_bounded_number_at_a_time(concurrency: int) -> None:
    work, finished = Work(), 0

    def count() -> None:
        nonlocal finished
        finished += 1

    await sweep(work.graph, ({"number": n} for n in range(20)), concurrency, count)
    assert sorted(work.seen) == list(range(20)) and finished == 20
    assert (work.most > 1) == (concurrency > 1)
    assert work.most <= concurrency


async def test_the_first_error_is_raised_as_it_is_and_cancels_the_rest() -> None:
    work = Work(fails_at=3)
    with pytest.raises(OSError, match="disk full"):
        await sweep(work.graph, ({"number": n} for n in range(20)), 2, lambda: None)
    assert len(work.seen) < 8


async def test_nothing_to_do_is_done() -> None:
    await sweep(Work().graph, iter([]), 4, lambda: pytest.fail("nothing was to be finished"))
