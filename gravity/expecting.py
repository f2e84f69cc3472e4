"""What the readers of a run still have to be asked about: counted where their views are known, and else as the readers
who have been read so far let expect."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import mean

from gravity.agents.gathering.gatherer import own_seeds
from gravity.agents.halves import halves
from gravity.agents.profiler import DEMOGRAPHICS
from gravity.agents.stances import seeds_for
from gravity.graphs.crew import Crew
from gravity.graphs.pending import CurateState, pending_readings, selected
from gravity.store.records import Reader, Review
from gravity.store.views import ReaderSeed, View

FEW = 20  # readers that show what is usual


@dataclass(frozen=True)
class Expected:
    """Calls by role, and scenarios to come of seeds that nobody has brought yet. Of seeds, each critic is asked."""

    profiler: int
    checker: int
    writer: int
    critic: int
    scenarios: int


def expected(crew: Crew, wanted: CurateState) -> Expected:
    """The calls that reading, profiles and gathering still need, at most one for each of their questions."""
    unread = {todo.id for todo in pending_readings(crew, wanted)}
    done = crew.ledger.profiled(crew.run)
    waiting = [reader for reader in selected(crew, wanted) if reader.id not in done]
    usual = _usual_batches(crew) if unread else 0.0
    chunks, batches, personal, facets = 0, 0.0, 0, 0
    for reader in waiting:
        known = crew.retriever.ratings(reader.id).known
        personal += not all(getattr(reader, name) for name in DEMOGRAPHICS)
        # Who need not be asked a second time is no chat model.
        facets += _facet_calls(crew, known) if crew.facet_asking[reader.culture or ""].second else 0
        if reader.id in unread and crew.view_reader is not None:
            chunks += len(crew.view_reader.cutting.chunks(known)[0])
            batches += usual
        else:
            batches += _batches(crew, reader)
    groups, issues, scenarios = _gathering(crew, len(unread))
    asked = chunks + round(batches)
    # Repeats are looked for once among the views of a reader.
    return Expected(asked + personal + facets, asked + len(unread) + facets, groups + issues, issues, scenarios)


def _facet_calls(crew: Crew, known: Sequence[Review]) -> int:
    """How often a reader is asked about facets, each time by one of those who ask."""
    asked = math.ceil(len(crew.composer.facets) / crew.retriever.facets_per_call)
    return asked * sum(bool(half) for half in halves(known))


def _batches(crew: Crew, reader: Reader) -> int:
    known = crew.retriever.ratings(reader.id).known
    return len(crew.batches(reader.id, known, seeds_for(crew.seeds, reader)))


def _usual_batches(crew: Crew) -> float:
    """How often a reader is asked for stances: those read so far, or once for each half of the reviews."""
    read = [crew.corpus.reader(name) for name in sorted(crew.views.readings(crew.run))[:FEW]]
    return mean([_batches(crew, reader) for reader in read if reader is not None] or [2])


def _gathering(crew: Crew, unread: int) -> tuple[int, int, int]:
    """The groups of views that will be looked through, the issues in them, and the scenarios of the seeds to come.

    Groups are at most as many as the views let be; issues and seeds as those so far, or one issue a group and no seed.
    """
    if crew.gatherer is None:
        return 0, 0, 0
    views = crew.views
    readings, groups, seeds = len(views.readings(crew.run)), views.groups(crew.run), views.seeds(crew.run)
    settled, distinct = sum(group.settled for group in groups), views.distinct(crew.run)
    to_come = round(unread * sum(map(len, distinct.values())) / readings) if readings else 0
    new = max(0, min(crew.plan.seeds_brought - len(groups), to_come // crew.gatherer.least))
    left = len(groups) - settled + new
    shared = [seed for seed in seeds if seed.reader is None]
    issues = round(left * (len(shared) / settled if settled else 1))
    brought = left * _cultures([seed for seed in shared if seed.verdict == "kept"]) / settled if settled else 0.0
    own = unread * _own(crew, seeds, distinct.values()) / readings if readings else 0.0
    return left, issues, round((brought + own) * crew.plan.scenarios_per_seed)


def _own(crew: Crew, seeds: Sequence[ReaderSeed], distinct: Iterable[Sequence[View]]) -> int:
    """How many seeds readers brought for themselves alone; before any were brought, how many their `distinct` views let
    them bring."""
    if seeds:
        return sum(seed.reader is not None for seed in seeds)
    return sum(len(own_seeds(views, "", crew.plan.own_seeds, crew.plan.common)) for views in distinct)


def _cultures(seeds: Sequence[ReaderSeed]) -> int:
    """In how many cultures the seeds are used, together."""
    return sum(len(seed.cultures) for seed in seeds)
