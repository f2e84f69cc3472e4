"""One reader's profile: demographics, interests, traits and stances side by side, stances checked, then settled."""

import asyncio
import operator
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Annotated, Any, TypedDict

from langgraph.graph import END, START, StateGraph

from gravity.agents.crosscheck import taken
from gravity.agents.interests import Ratings, interests, split
from gravity.agents.profiler import DEMOGRAPHICS
from gravity.frameworks.records import Seed
from gravity.graphs.crew import Crew
from gravity.store.records import Fact, Provenance, Review


class ProfileState(TypedDict, total=False):
    """The reader at work, the facts found so far, and the stances that are still to be checked."""

    reader: str
    facts: Annotated[list[Fact], operator.add]
    stances: list[Fact]


def ratings_of(crew: Crew, reader: str) -> Ratings:
    """A reader's reviews, split into those that the profile may see and those held back."""
    return split(crew.corpus.reviews_of(reader), crew.plan.held_back)


def profile_graph(crew: Crew) -> Any:
    """The graph of one profile. Its state is not checkpointed: answers are kept, so a restart asks nothing twice."""

    async def demographics(state: ProfileState) -> ProfileState:
        reader = crew.corpus.reader(state["reader"])
        assert reader is not None
        given = {name: value for name in DEMOGRAPHICS if (value := getattr(reader, name))}
        facts = [
            Fact(
                run=crew.run,
                reader=reader.id,
                kind="demographic",
                name=name,
                value=value,
                confidence=1.0,
                evidence=[],
                made_by=Provenance(model="given"),
            )
            for name, value in given.items()
        ]
        missing = [name for name in DEMOGRAPHICS if name not in given]
        if missing:
            reviews = _longest(crew, ratings_of(crew, reader.id).known)
            facts += await crew.profiler.demographics(reader.id, reviews, missing)
        return {"facts": facts}

    def interest(state: ProfileState) -> ProfileState:
        known = ratings_of(crew, state["reader"]).known
        books = crew.corpus.books([review.book for review in known])
        return {"facts": interests(crew.run, state["reader"], known, books)}

    async def traits(state: ProfileState) -> ProfileState:
        reviews = _longest(crew, ratings_of(crew, state["reader"]).known)
        return {"facts": await crew.profiler.traits(state["reader"], reviews)}

    async def stances(state: ProfileState) -> ProfileState:
        reader, seeds = state["reader"], [crew.seeds[identity] for identity in crew.plan.seeds]
        found = await _batched(crew, reader, seeds, partial(crew.profiler.stances, reader))
        return {"stances": found}

    async def cross_check(state: ProfileState) -> ProfileState:
        reader, stances = state["reader"], {fact.name: fact for fact in state["stances"]}

        async def check(reviews: list[Review], seeds: list[Seed]) -> list[Fact]:
            return await crew.cross_check.held_against(reader, [stances[seed.id] for seed in seeds], reviews, seeds)

        seeds = [crew.seeds[name] for name, fact in stances.items() if taken(fact)]
        # Without a second nobody is shown reviews; what is left is the bar on the confidence.
        checked = await (_batched(crew, reader, seeds, check) if crew.cross_check.second else check([], seeds))
        return {"facts": [fact for fact in stances.values() if not taken(fact)] + checked}

    def settle(state: ProfileState) -> ProfileState:
        crew.ledger.add_profile(crew.run, state["reader"], state["facts"])
        return {}

    graph = StateGraph(ProfileState)
    graph.add_node("demographics", demographics)
    graph.add_node("interests", interest)
    graph.add_node("traits", traits)
    graph.add_node("stances", stances)
    graph.add_node("cross_check", cross_check)
    graph.add_node("settle", settle)
    for part in ("demographics", "interests", "traits", "stances"):
        graph.add_edge(START, part)
    graph.add_edge("stances", "cross_check")
    graph.add_edge(["demographics", "interests", "traits", "cross_check"], "settle")
    graph.add_edge("settle", END)
    return graph.compile(checkpointer=False, name="profile")


async def _batched(
    crew: Crew, reader: str, seeds: list[Seed], ask: Callable[[list[Review], list[Seed]], Awaitable[list[Fact]]]
) -> list[Fact]:
    """What `ask` says of the seeds, some at a time, each batch with the reviews nearest to it."""
    known, size = ratings_of(crew, reader).known, crew.plan.seeds_per_call
    batches = [seeds[start : start + size] for start in range(0, len(seeds), size)]
    views = [[view for seed in batch for view in (seed.statement, seed.opposite)] for batch in batches]
    shown = await asyncio.to_thread(lambda: [nearest(crew, reader, known, texts) for texts in views])
    found = await asyncio.gather(*(ask(reviews, batch) for reviews, batch in zip(shown, batches, strict=True)))
    return [fact for facts in found for fact in facts]


def _longest(crew: Crew, reviews: Sequence[Review]) -> list[Review]:
    """The longest of the reviews, which tell most, as they come in time."""
    longest = sorted(reviews, key=lambda review: -len(review.text))[: crew.plan.reviews_per_call]
    return [review for review in reviews if review in longest]


def nearest(crew: Crew, reader: str, reviews: Sequence[Review], texts: Sequence[str]) -> list[Review]:
    """The reviews that Chroma finds nearest to the texts, as they come in time.

    A reader with few reviews is shown whole, so that all prompts about them share one prefix.
    """
    if len(reviews) <= crew.plan.reviews_per_call:
        return list(reviews)
    vectors = crew.vectors.embedder.queries(texts)
    known = {review.id for review in reviews}
    near = crew.vectors.near("reviews", vectors, crew.plan.reviews_per_call, label=reader)
    rank = Counter[str]()
    for ids in near:
        rank.update({identity: 1 / place for place, identity in enumerate(ids, 1) if identity in known})
    best = {identity for identity, _ in rank.most_common(crew.plan.reviews_per_call)}
    return [review for review in reviews if review.id in best]
