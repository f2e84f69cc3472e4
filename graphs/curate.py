"""The main graph: index the reviews, fill the scenario bank, profile the readers, compose the pairs, check samples.

Its state holds what was asked for and counts; records are in the store. Each stage takes up what the store
does not hold yet, so a run that was killed goes on where it stopped.
"""

import asyncio
from collections.abc import Callable, Iterator
from typing import Any, TypedDict

from langgraph.config import get_stream_writer
from langgraph.graph import END, START, StateGraph

from gravity.graphs.check import check_graph
from gravity.graphs.crew import Crew
from gravity.graphs.duplicates import refuse_duplicates
from gravity.graphs.profile import profile_graph, ratings_of
from gravity.graphs.scenario import scenario_graph, scenario_id
from gravity.graphs.sweep import sweep
from gravity.store.lots import samples
from gravity.store.records import Reader
from gravity.store.vectors import book_entry, review_entry


class CurateState(TypedDict, total=False):
    """What to curate: a culture or all, a number of readers or all, a number of seeds' scenarios or all."""

    culture: str | None
    readers: int | None
    scenario_seeds: int | None
    pairs: int


def selected(crew: Crew, state: CurateState) -> list[Reader]:
    """The readers asked for."""
    readers = crew.corpus.readers(state.get("culture"), state.get("readers"), crew.plan.min_reviews)
    return [reader for reader in readers if reader.culture in crew.cultures]


def pending_scenarios(crew: Crew, state: CurateState) -> list[dict[str, Any]]:
    """The scenarios asked for that have no verdict yet; first slots first, so that an early stop covers all seeds."""
    settled = crew.ledger.settled_scenarios(crew.run)
    cultures = sorted({reader.culture for reader in selected(crew, state) if reader.culture})
    return [
        {"seed": seed, "culture": culture, "slot": slot}
        for slot in range(crew.plan.scenarios_per_seed)
        for seed in crew.plan.seeds[: state.get("scenario_seeds")]
        for culture in cultures
        if scenario_id(crew.run, seed, culture, slot) not in settled
    ]


def pending_profiles(crew: Crew, state: CurateState) -> list[dict[str, Any]]:
    """The readers asked for that have no profile yet."""
    done = crew.ledger.profiled(crew.run)
    return [{"reader": reader.id} for reader in selected(crew, state) if reader.id not in done]


def pending_checks(crew: Crew) -> list[dict[str, Any]]:
    """The sampled pairs of the run that no panel has judged yet, in cultures that have one."""
    done = crew.ledger.checks(crew.run)
    return [
        {"pair": pair}
        for (culture, track), (_, sample) in sorted(samples(crew.ledger, crew.run, crew.plan.sample).items())
        if crew.composer.track(track).sampled and crew.panels[culture].checkers
        for pair in sample
        if pair not in done
    ]


def curate_graph(crew: Crew, checkpointer: Any = None) -> Any:
    """The main graph. It streams its progress as custom events {stage, done, total}."""
    scenario, profile, check = scenario_graph(crew), profile_graph(crew), check_graph(crew)

    async def index(state: CurateState) -> CurateState:
        readers, advance = selected(crew, state), _progress("index")
        advance(0, len(readers))
        for done, reader in enumerate(readers, start=1):
            await asyncio.to_thread(_index, crew, reader.id)
            advance(done, len(readers))
        return {}

    async def write_scenarios(state: CurateState) -> CurateState:
        await _sweep(crew, scenario, pending_scenarios(crew, state), "scenarios")
        await asyncio.to_thread(refuse_duplicates, crew)
        return {}

    async def profile_readers(state: CurateState) -> CurateState:
        await _sweep(crew, profile, pending_profiles(crew, state), "profiles")
        return {}

    async def compose(state: CurateState) -> CurateState:
        readers, advance, made = selected(crew, state), _progress("pairs"), 0
        banks = {c: crew.ledger.vetted_scenarios(crew.run, c) for c in {r.culture for r in readers} if c}
        advance(0, len(readers))
        for done, reader in enumerate(readers, start=1):
            facts = crew.ledger.facts(crew.run, reader.id)
            bank = banks[reader.culture or ""]
            pairs = await asyncio.to_thread(crew.composer.compose, reader, facts, bank, ratings_of(crew, reader.id))
            made += crew.ledger.add_pairs(pairs)
            advance(done, len(readers))
        return {"pairs": made}

    async def check_samples(state: CurateState) -> CurateState:
        await _sweep(crew, check, pending_checks(crew), "checks")
        return {}

    graph = StateGraph(CurateState)
    graph.add_node("index", index)
    graph.add_node("write_scenarios", write_scenarios)
    graph.add_node("profile_readers", profile_readers)
    graph.add_node("compose", compose)
    graph.add_node("check_samples", check_samples)
    graph.add_edge(START, "index")
    graph.add_edge("index", "write_scenarios")
    graph.add_edge("write_scenarios", "profile_readers")
    graph.add_edge("profile_readers", "compose")
    graph.add_edge("compose", "check_samples")
    graph.add_edge("check_samples", END)
    return graph.compile(checkpointer=checkpointer, name="curate")


def _index(crew: Crew, reader: str) -> None:
    reviews = crew.corpus.reviews_of(reader)
    crew.vectors.index("reviews", map(review_entry, reviews))
    books = crew.corpus.books([review.book for review in reviews])
    crew.vectors.index("books", map(book_entry, books.values()))


async def _sweep(crew: Crew, work: Any, inputs: list[dict[str, Any]], stage: str) -> None:
    advance, done = _progress(stage), 0

    def finished() -> None:
        nonlocal done
        done += 1
        advance(done, len(inputs))

    advance(0, len(inputs))
    pending: Iterator[dict[str, Any]] = iter(inputs)
    await sweep(work, pending, crew.plan.concurrency, finished)


def _progress(stage: str) -> Callable[[int, int], None]:
    writer = get_stream_writer()

    def advance(done: int, total: int) -> None:
        writer({"stage": stage, "done": done, "total": total})

    return advance
