"""One reader's views: the reviews read chunk by chunk, what was found put to the second asking, then settled."""

import asyncio
from typing import Any, TypedDict

from langgraph.graph import END, START, StateGraph

from gravity.graphs.crew import Crew
from gravity.store.records import Review
from gravity.store.vectors import view_entry
from gravity.store.views import Reading, View


class ReadingState(TypedDict, total=False):
    """The reader at work, the reviews that a profile may see, and what was read of them."""

    reader: str
    reviews: list[Review]
    reading: Reading
    views: list[View]


def reading_graph(crew: Crew) -> Any:
    """The graph of one reading. Its state is not checkpointed: answers are kept, so a restart asks nothing twice."""

    def fetch(state: ReadingState) -> ReadingState:
        return {"reviews": crew.retriever.ratings(state["reader"]).known}

    async def read(state: ReadingState) -> ReadingState:
        assert crew.view_reader is not None
        reading, views = await crew.view_reader.read(state["reader"], state["reviews"])
        return {"reading": reading, "views": views}

    async def settle(state: ReadingState) -> ReadingState:
        distinct = [view for view in state["views"] if view.distinct]
        await asyncio.to_thread(crew.vectors.index, "views", map(view_entry, distinct))
        crew.views.add_reading(state["reading"], state["views"])
        return {}

    graph = StateGraph(ReadingState)
    graph.add_node("fetch", fetch)
    graph.add_node("read", read)
    graph.add_node("settle", settle)
    graph.add_edge(START, "fetch")
    graph.add_edge("fetch", "read")
    graph.add_edge("read", "settle")
    graph.add_edge("settle", END)
    return graph.compile(checkpointer=False, name="reading")
