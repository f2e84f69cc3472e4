"""One reader's profile: demographics, interests, facets and stances side by side, stances checked, then settled.

A reader whose profile is there is asked about seeds alone, those that were brought since.
"""

import asyncio
import operator
from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated, Any, TypedDict

from langgraph.graph import END, START, StateGraph

from gravity.agents.asking import together
from gravity.agents.errors import NotAnsweredError
from gravity.agents.facets.asking import whole
from gravity.agents.interests import Ratings, interests
from gravity.agents.profiler import demographics_of
from gravity.agents.stances import Batch, not_near, seeds_for, together_told
from gravity.frameworks.records import Seed
from gravity.graphs.crew import Crew
from gravity.store.facets import FacetHalf
from gravity.store.records import Fact, Reader, Shown

PARTS = ("demographics", "interests", "facets")  # beside the stances


class ProfileState(TypedDict, total=False):
    """The reader at work, whether their profile is there, their reviews, the seeds to ask about, the facts found so
    far, the stances that are still to be checked, what each half of the reviews shows of seeds and of facets, and what
    nobody answered."""

    reader: str
    profiled: bool
    given: Reader
    ratings: Ratings
    seeds: list[Seed]
    facts: Annotated[list[Fact], operator.add]
    stances: list[tuple[Batch, Sequence[Fact]]]
    shown: list[Shown]
    halves: list[FacetHalf]
    unanswered: Annotated[list[NotAnsweredError], operator.add]


def profile_graph(crew: Crew) -> Any:
    """The graph of one profile. Its state is not checkpointed: answers are kept, so a restart asks nothing twice."""

    def read(state: ProfileState) -> ProfileState:
        reader = crew.corpus.reader(state["reader"])
        assert reader is not None
        known = {fact.name for fact in crew.ledger.facts(crew.run, reader.id) if fact.kind == "stance"}
        seeds = [seed for seed in seeds_for(crew.seeds, reader) if seed.id not in known]
        return {
            "given": reader,
            "profiled": crew.ledger.is_profiled(crew.run, reader.id),
            "ratings": crew.retriever.ratings(reader.id),
            "seeds": seeds,
        }

    async def demographics(state: ProfileState) -> ProfileState:
        reviews = crew.retriever.longest(state["ratings"].known)
        return {"facts": await demographics_of(state["given"], reviews, crew.profiler, crew.run)}

    def interest(state: ProfileState) -> ProfileState:
        taxonomy = crew.composer.taste.taxonomy
        return {"facts": interests(crew.run, state["reader"], state["ratings"], taxonomy)}

    async def facets(state: ProfileState) -> ProfileState:
        known, asked = state["ratings"].known, list(crew.composer.facets.values())
        batches = await asyncio.to_thread(crew.retriever.facet_batches, known, asked)
        asking = crew.facet_asking[state["given"].culture or ""]
        told = await together(*(asking.told(state["reader"], b.reviews, b.facets) for b in batches))
        facts, halves = whole(list(zip(batches, told, strict=True)))
        return {"facts": facts, "halves": halves}

    async def stances(state: ProfileState) -> ProfileState:
        batches = await asyncio.to_thread(crew.batches, state["reader"], state["ratings"].known, state["seeds"])
        asked = (crew.profiler.stances(state["reader"], batch.evidence, batch.seeds) for batch in batches)
        return {"stances": list(zip(batches, await together(*asked), strict=True))}

    async def cross_check(state: ProfileState) -> ProfileState:
        check = crew.cross_checks[state["given"].culture or ""]
        told = await check.checked(state["reader"], state.get("stances", []))
        facts, shown = together_told(told)
        asked = {fact.name for fact in facts}
        reading = crew.views.reading(crew.run, state["reader"])
        unread = reading.failed if reading else ["nobody has read them yet"] if crew.view_reader else []
        others = [
            not_near(crew.run, state["reader"], seed.id, unread) for seed in state["seeds"] if seed.id not in asked
        ]
        return {"facts": facts + others, "shown": shown}

    def parts(state: ProfileState) -> list[str]:
        return ["stances"] if state["profiled"] else [*PARTS, "stances"]

    def settle(state: ProfileState) -> ProfileState:
        for error in state.get("unanswered", []):
            raise error
        ledger, ratings = crew.ledger, state["ratings"]
        given = crew.run, state["reader"], state["facts"], state["shown"]
        if state["profiled"]:
            ledger.add_stances(*given)
        else:
            names = ("known", "held_back", "repeats")
            reviews = {name: len(getattr(ratings, name)) for name in names}
            ledger.add_profile(*given, state["halves"], reviews)
        return {}

    graph = StateGraph(ProfileState)
    graph.add_node("read", read)
    graph.add_node("demographics", _to_its_end(demographics))
    graph.add_node("interests", interest)
    graph.add_node("facets", _to_its_end(facets))
    graph.add_node("stances", _to_its_end(stances))
    graph.add_node("cross_check", _to_its_end(cross_check))
    # It waits for all that goes before it, whichever parts there are.
    graph.add_node("settle", settle, defer=True)
    graph.add_edge(START, "read")
    graph.add_conditional_edges("read", parts, [*PARTS, "stances"])
    graph.add_edge("stances", "cross_check")
    for part in (*PARTS, "cross_check"):
        graph.add_edge(part, "settle")
    graph.add_edge("settle", END)
    return graph.compile(checkpointer=False, name="profile")


def _to_its_end(node: Callable[[ProfileState], Awaitable[ProfileState]]) -> Any:
    """The node, with what nobody answered in the state: raised, it would cancel the calls of the nodes beside it."""

    async def work(state: ProfileState) -> ProfileState:
        try:
            return await node(state)
        except NotAnsweredError as error:
            return {"unanswered": [error]}

    return work
