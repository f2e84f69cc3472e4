"""One group of views of several readers: the seeds in it named, criticised and placed, then settled."""

from typing import Any, TypedDict

from langgraph.graph import END, START, StateGraph

from gravity.agents.errors import AskError, NotAnsweredError
from gravity.agents.gathering.gatherer import Gatherer, own_seeds
from gravity.agents.gathering.space import Space
from gravity.graphs.crew import Crew
from gravity.store.views import Group, ReaderSeed


class GatheringState(TypedDict, total=False):
    """The group at work, the run's views and the cultures of their readers, and the seeds that came of it, or why none
    could."""

    group: Group
    space: Space
    cultures: dict[str, str]
    seeds: list[ReaderSeed]
    failed: str


def gathering_graph(crew: Crew) -> Any:
    """The graph of one group. Its state is not checkpointed: answers are kept, so a restart asks nothing twice."""

    async def word(state: GatheringState) -> GatheringState:
        assert crew.gatherer is not None
        try:
            return {"seeds": await crew.gatherer.seeds(state["group"], state["space"], state["cultures"]), "failed": ""}
        except NotAnsweredError:
            raise
        except AskError as error:
            return {"seeds": [], "failed": str(error)}

    def settle(state: GatheringState) -> GatheringState:
        crew.views.settle(state["group"], state["seeds"], state["failed"])
        return {}

    graph = StateGraph(GatheringState)
    graph.add_node("word", word)
    graph.add_node("settle", settle)
    graph.add_edge(START, "word")
    graph.add_edge("word", "settle")
    graph.add_edge("settle", END)
    return graph.compile(checkpointer=False, name="gathering")


async def bring_seeds(crew: Crew, gatherer: Gatherer) -> None:
    """Makes the seeds that readers bring part of the run: those gathered, without repeats, and each reader's own.

    Raises NotAnsweredError.
    """
    shared = [seed for seed in crew.views.seeds(crew.run) if seed.reader is None]
    # With those that were found to repeat others, so that the question is the one that was answered before.
    brought = [seed for seed in shared if seed.verdict == "kept" or seed.same_as]
    # What is written about already is known by now, and no repeat of what was brought after it.
    written = crew.ledger.written_seeds(crew.run)
    known = [seed for seed in crew.seeds.values() if not isinstance(seed, ReaderSeed) or seed.id in written]
    new = [seed for seed in brought if seed.id not in written]
    repeats = await gatherer.without_repeats(new, known) if any(seed.verdict == "kept" for seed in new) else []
    crew.views.drop_seeds(repeats)
    gone = {seed.id for seed in repeats}
    # Where a run was stopped before repeats were looked for, it begins with all that was gathered.
    for identity in gone:
        crew.seeds.pop(identity, None)
    covered = {view for seed in brought if seed.verdict == "kept" and seed.id not in gone for view in seed.views}
    cultures = {reader.id: reader.culture or "" for reader in crew.corpus.readers()}
    own: list[ReaderSeed] = []
    for reader, views in crew.views.distinct(crew.run).items():
        free = [view for view in views if view.id not in covered]
        own += own_seeds(free, cultures[reader], crew.plan.own_seeds, crew.plan.common)
    crew.views.add_seeds(own)
    crew.seeds.update((seed.id, seed) for seed in crew.views.seeds(crew.run) if seed.verdict == "kept")
