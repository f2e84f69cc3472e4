import asyncio
from collections.abc import Iterator, Mapping
from typing import Any, TypedDict

import pytest
from langgraph.graph import END, START, StateGraph

from gravity.agents.errors import BUDGET, NotAnsweredError
from gravity.graphs.sweep import Todo, sweep


class Item(TypedDict):
    number: int


class Work:
    """A graph of one node that notes what it was given and how many items it had in hand at a time; of the numbers in
    `unanswered` nobody answers those, for the reasons given."""

    def __init__(self, fails_at: int | None = None, unanswered: Mapping[int, str] | None = None) -> None:
        self.seen: list[int] = []
        self.at_once = self.most = 0

        async def step(state: Item) -> Item:
            self.seen.append(state["number"])
            self.at_once += 1
            self.most = max(self.most, self.at_once)
            # Later items are quicker: one that is slow holds up nobody.
            await asyncio.sleep(0.002 * (20 - state["number"]))
            self.at_once -= 1
            if kind := (unanswered or {}).get(state["number"]):
                raise NotAnsweredError(kind, "nobody is there")
            if state["number"] == fails_at:
                raise OSError("disk full")
            return state

        graph = StateGraph(Item)
        graph.add_node("step", step)
        graph.add_edge(START, "step")
        graph.add_edge("step", END)
        self.graph: Any = graph.compile()


def never(todo: Todo, reason: str) -> None:
    """Everything is answered."""
    pytest.fail(f"{todo.id} was not answered: {reason}")


def todos(n: int) -> Iterator[Todo]:
    return (Todo(f"todo {number}", "us", {"number": number}) for number in range(n))


@pytest.mark.parametrize("concurrency", [1, 4, 50])
async def test_every_input_is_worked_on_once_and_a_bounded_number_at_a_time(concurrency: int) -> None:
    work, finished = Work(), 0

    def count() -> None:
        nonlocal finished
        finished += 1

    await sweep(work.graph, todos(20), concurrency, count, never)
    assert sorted(work.seen) == list(range(20)) and finished == 20
    assert (work.most > 1) == (concurrency > 1)
    assert work.most <= concurrency


async def test_the_first_error_is_raised_as_it_is_and_cancels_the_rest() -> None:
    work = Work(fails_at=3)
    with pytest.raises(OSError, match="disk full"):
        await sweep(work.graph, todos(20), 2, lambda: None, never)
    assert len(work.seen) < 8


async def test_nothing_to_do_is_done() -> None:
    await sweep(Work().graph, iter([]), 4, lambda: pytest.fail("nothing was to be finished"), never)


async def test_what_nobody_answered_is_returned_with_its_reason_and_holds_up_nobody() -> None:
    work, finished = Work(unanswered={3: "timeout", 7: "HTTP 503"}), 0

    def count() -> None:
        nonlocal finished
        finished += 1

    left: dict[Todo, str] = {}
    await sweep(work.graph, todos(20), 4, count, left.__setitem__)
    assert sorted((todo.id, reason) for todo, reason in left.items()) == [("todo 3", "timeout"), ("todo 7", "HTTP 503")]
    assert sorted(work.seen) == list(range(20)) and finished == 18


async def test_a_spent_budget_leaves_the_rest_pending() -> None:
    work = Work(unanswered=dict.fromkeys(range(5, 20), BUDGET))
    left: dict[Todo, str] = {}
    await sweep(work.graph, todos(20), 2, lambda: None, left.__setitem__)
    assert sorted(int(todo.id.removeprefix("todo ")) for todo in left) == list(range(5, 20))
    assert set(left.values()) == {BUDGET}
    # At most those in the works meet it.
    assert max(work.seen) <= 6
