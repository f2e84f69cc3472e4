"""The main graph: index the reviews, read them for views, gather the seeds that readers bring, fill the scenario bank,
profile the readers, carry over what they show, measure how far their facets can be relied on, compose the pairs, check
samples.

Its state holds what was asked for and counts; records are in the store. Each stage takes up what the store
does not hold yet, so a run that was killed goes on where it stopped. What nobody answered stays pending, and the stage
notes why.
"""

import asyncio
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from langgraph.graph import END, START, StateGraph

from gravity.agents.errors import NotAnsweredError
from gravity.graphs.carrying import carry_over as carry_stances_over
from gravity.graphs.check import check_graph
from gravity.graphs.crew import Crew
from gravity.graphs.gathering import bring_seeds, gathering_graph
from gravity.graphs.label_tests import try_labels
from gravity.graphs.pending import (
    CurateState,
    pending_checks,
    pending_groups,
    pending_profiles,
    pending_readings,
    pending_scenarios,
    selected,
    still_growing,
)
from gravity.graphs.profile import profile_graph
from gravity.graphs.progress import progress
from gravity.graphs.reading import reading_graph
from gravity.graphs.relying import measure_facets, unreliable
from gravity.graphs.scenario import scenario_graph
from gravity.graphs.sweep import Todo, sweep
from gravity.store.duplicates import reject_duplicates
from gravity.store.rated_lots import confirmed_share
from gravity.store.records import Reader, RestsOn, Scenario

GROUP = "view group"


def curate_graph(crew: Crew, checkpointer: Any = None) -> Any:
    """The main graph. It streams its progress as custom events {stage, done, total}."""
    reading, gathering, scenario = reading_graph(crew), gathering_graph(crew), scenario_graph(crew)
    profile, check = profile_graph(crew), check_graph(crew)

    async def index(state: CurateState) -> CurateState:
        readers = selected(crew, state)
        advance = progress("index", len(readers))
        for reader in readers:
            await asyncio.to_thread(crew.retriever.index, reader.id)
            advance()
        return {}

    async def read_views(state: CurateState) -> CurateState:
        return {"growing": await _sweep(crew, "reading", reading, pending_readings(crew, state))}

    async def gather_seeds(state: CurateState) -> CurateState:
        # Seeds come from readers of all cultures: while one of these is growing they wait, and profiles for them.
        if crew.gatherer is None or state.get("shipped_only"):
            return {"gathered": True}
        everywhere = sorted({reader.culture for reader in selected(crew, state) if reader.culture})
        waiting = bool(state.get("growing"))
        if not waiting:
            waited = any(row.what == GROUP for row in crew.ledger.unanswered(crew.run))
            todos = await asyncio.to_thread(pending_groups, crew)
            growing = await _sweep(crew, GROUP, gathering, todos)
            # Seeds that come after a profile take further calls, and other places among the repeats: profiles wait for
            # an answer, or a second silence.
            silent = any(row.what == GROUP for row in crew.ledger.unanswered(crew.run))
            waiting = bool(growing) or (silent and not waited)
        if waiting:
            return {"growing": everywhere}
        try:
            await bring_seeds(crew, crew.gatherer)
        except NotAnsweredError as error:
            crew.ledger.leave_pending(crew.run, GROUP, {"repeats": error.kind})
            return {"growing": everywhere}
        return {"gathered": True}

    async def write_scenarios(state: CurateState) -> CurateState:
        growing = await _sweep(crew, "scenario", scenario, pending_scenarios(crew, state))
        settled = [culture for culture in crew.cultures if culture not in {*growing, *state.get("growing", [])}]
        limit = crew.plan.duplicate_similarity
        await asyncio.to_thread(reject_duplicates, crew.ledger, crew.vectors, crew.run, settled, limit)
        return {"growing": growing}

    async def profile_readers(state: CurateState) -> CurateState:
        if not state.get("gathered"):
            return {}
        return {"growing": await _sweep(crew, "profile", profile, pending_profiles(crew, state))}

    async def carry_over(state: CurateState) -> CurateState:
        # The model, and the reliability of facets, are of all readers, so they wait until all are there.
        if not state.get("growing"):
            await asyncio.to_thread(carry_stances_over, crew)
            await asyncio.to_thread(measure_facets, crew)
        return {}

    async def compose(state: CurateState) -> CurateState:
        profiled, growing = crew.ledger.profiled(crew.run), state.get("growing", [])
        readers = [r for r in selected(crew, state) if r.id in profiled and r.culture not in growing]
        # Of everybody who was asked for, so that what a label is worth does not depend on who has a profile by now.
        await try_labels(crew, selected(crew, state))
        confirmed = confirmed_share(crew.ledger.rated_tests(crew.run))
        banks = {c: _by_seed(crew.ledger.vetted_scenarios(crew.run, c)) for c in {r.culture for r in readers} if c}
        doubtful = await asyncio.to_thread(unreliable, crew, banks.keys())
        advance, made = progress("pairs", len(readers)), 0
        for reader in readers:
            culture = reader.culture or ""
            made += await asyncio.to_thread(
                _compose, crew, reader, banks[culture], confirmed(culture), doubtful[culture]
            )
            advance()
        return {"pairs": made}

    async def check_samples(state: CurateState) -> CurateState:
        growing, asked = state.get("growing", []), set[str]()
        while True:
            todos = [todo for todo in pending_checks(crew) if todo.culture not in growing]
            # A look at a lot can lead to another one; what nobody answered waits for the next run.
            if asked and not any(todo.id not in asked for todo in todos):
                return {}
            await _sweep(crew, "check", check, todos)
            asked.update(todo.id for todo in todos)
            if not todos:
                return {}

    graph = StateGraph(CurateState)
    graph.add_node("index", index)
    graph.add_node("read_views", read_views)
    graph.add_node("gather_seeds", gather_seeds)
    graph.add_node("write_scenarios", write_scenarios)
    graph.add_node("profile_readers", profile_readers)
    graph.add_node("carry_over", carry_over)
    graph.add_node("compose", compose)
    graph.add_node("check_samples", check_samples)
    graph.add_edge(START, "index")
    graph.add_edge("index", "read_views")
    graph.add_edge("read_views", "gather_seeds")
    graph.add_edge("gather_seeds", "write_scenarios")
    graph.add_edge("write_scenarios", "profile_readers")
    graph.add_edge("profile_readers", "carry_over")
    graph.add_edge("carry_over", "compose")
    graph.add_edge("compose", "check_samples")
    graph.add_edge("check_samples", END)
    return graph.compile(checkpointer=checkpointer, name="curate")


def _compose(
    crew: Crew,
    reader: Reader,
    bank: Mapping[str, Sequence[Scenario]],
    confirmed: Mapping[RestsOn, float],
    doubtful: Collection[str],
) -> int:
    facts, ratings = crew.ledger.facts(crew.run, reader.id), crew.retriever.ratings(reader.id)
    # The bank holds the scenarios of what every other reader brought for themselves alone, too.
    scenarios = [scenario for fact in facts if fact.kind == "stance" for scenario in bank.get(fact.name, ())]
    return crew.ledger.add_pairs(crew.composer.compose(reader, facts, scenarios, ratings, confirmed, doubtful))


def _by_seed(scenarios: Iterable[Scenario]) -> dict[str, list[Scenario]]:
    found: dict[str, list[Scenario]] = defaultdict(list)
    for scenario in scenarios:
        found[scenario.seed].append(scenario)
    return found


async def _sweep(crew: Crew, what: str, work: Any, todos: Sequence[Todo]) -> list[str]:
    """Puts the graph to work, notes what nobody answered, and returns the cultures that are still growing."""
    left: dict[Todo, str] = {}
    try:
        await sweep(work, iter(todos), crew.plan.concurrency, progress(f"{what}s", len(todos)), left.__setitem__)
    finally:
        crew.ledger.leave_pending(crew.run, what, {todo.id: reason for todo, reason in left.items()})
    return still_growing(todos, left)
