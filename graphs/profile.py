"""One reader's profile: reviews read once, demographics, interests, traits and stances side by side, stances checked,
then settled."""

import operator
from functools import partial
from typing import Annotated, Any, TypedDict

from langgraph.graph import END, START, StateGraph

from gravity.agents.interests import Ratings, interests
from gravity.agents.profiler import demographics_of
from gravity.graphs.crew import Crew
from gravity.store.records import Fact, Reader


class ProfileState(TypedDict, total=False):
    """The reader at work and their reviews, the facts found so far, and the stances that are still to be checked."""

    reader: str
    given: Reader
    ratings: Ratings
    facts: Annotated[list[Fact], operator.add]
    stances: list[Fact]


def profile_graph(crew: Crew) -> Any:
    """The graph of one profile. Its state is not checkpointed: answers are kept, so a restart asks nothing twice."""

    def read(state: ProfileState) -> ProfileState:
        reader = crew.corpus.reader(state["reader"])
        assert reader is not None
        return {"given": reader, "ratings": crew.retriever.ratings(reader.id)}

    async def demographics(state: ProfileState) -> ProfileState:
        reviews = crew.retriever.longest(state["ratings"].known)
        return {"facts": await demographics_of(state["given"], reviews, crew.profiler, crew.run)}

    def interest(state: ProfileState) -> ProfileState:
        known = state["ratings"].known
        return {"facts": interests(crew.run, state["reader"], known, crew.retriever.books(known))}

    async def traits(state: ProfileState) -> ProfileState:
        reviews = crew.retriever.longest(state["ratings"].known)
        return {"facts": await crew.profiler.traits(state["reader"], reviews)}

    async def stances(state: ProfileState) -> ProfileState:
        ask = partial(crew.profiler.stances, state["reader"])
        known, seeds = state["ratings"].known, list(crew.seeds.values())
        return {"stances": await crew.retriever.in_batches(known, seeds, ask)}

    async def cross_check(state: ProfileState) -> ProfileState:
        reader, stances, known = state["reader"], state["stances"], state["ratings"].known
        return {"facts": await crew.cross_check.checked(reader, stances, known, crew.seeds, crew.retriever)}

    def settle(state: ProfileState) -> ProfileState:
        crew.ledger.add_profile(crew.run, state["reader"], state["facts"])
        return {}

    graph = StateGraph(ProfileState)
    graph.add_node("read", read)
    graph.add_node("demographics", demographics)
    graph.add_node("interests", interest)
    graph.add_node("traits", traits)
    graph.add_node("stances", stances)
    graph.add_node("cross_check", cross_check)
    graph.add_node("settle", settle)
    graph.add_edge(START, "read")
    for part in ("demographics", "interests", "traits", "stances"):
        graph.add_edge("read", part)
    graph.add_edge("stances", "cross_check")
    graph.add_edge(["demographics", "interests", "traits", "cross_check"], "settle")
    graph.add_edge("settle", END)
    return graph.compile(checkpointer=False, name="profile")
