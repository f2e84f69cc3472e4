"""A few readers' worth of pairs, and from it what the full run will ask of the models."""

from collections.abc import Mapping
from dataclasses import dataclass

from gravity.agents.profiler import DEMOGRAPHICS
from gravity.curating import curate
from gravity.graphs.crew import Crew
from gravity.graphs.pending import CurateState, pending_profiles, pending_scenarios, selected
from gravity.progress import Progress
from gravity.run import RunSetup
from gravity.store.records import Pair, Unanswered

READERS = 3
SEEDS = 4
PAIRS = 2  # of each track

Usage = Mapping[tuple[str, str], Mapping[str, float]]


@dataclass(frozen=True)
class Need:
    """The calls that a role has to make of a model, without repeats and revisions. Tokens and minutes follow from the
    calls measured so far, and are None where there were none."""

    role: str
    model: str
    calls: int
    tokens_in: int | None = None
    tokens_out: int | None = None
    seconds: float | None = None
    minutes: float | None = None

    def measured(self, usage: Usage, concurrency: int = 1) -> "Need":
        """The need with what the calls that `usage` counts, by (role, model), let expect of it."""
        known = usage.get((self.role, self.model))
        if not known:
            return self
        figures = {name: self.calls * figure / known["calls"] for name, figure in known.items()}
        return Need(
            self.role,
            self.model,
            self.calls,
            round(figures["tokens_in"]),
            round(figures["tokens_out"]),
            figures["seconds"],
            figures["seconds"] / concurrency / 60,
        )


@dataclass(frozen=True)
class Preview:
    """A few pairs of each track, what the full run still has to ask, and what nobody answered, by reason."""

    pairs: list[Pair]
    needs: list[Need]
    pending: list[Unanswered]

    @property
    def minutes(self) -> float:
        """Of model time, as far as calls have been measured."""
        return sum(need.minutes or 0.0 for need in self.needs)


async def preview(setup: RunSetup, culture: str | None, progress: Progress) -> Preview:
    """Runs a little of the full run; what it makes is kept for that run."""
    await curate(setup, {"readers": READERS, "culture": culture, "scenario_seeds": SEEDS}, progress)
    ledger, by_track = setup.stores.ledger, dict[str, list[Pair]]()
    for pair in ledger.pairs(setup.record.id):
        by_track.setdefault(pair.track, []).append(pair)
    pairs = [pair for made in by_track.values() for pair in made[:PAIRS]]
    return Preview(pairs, needs(setup, setup.crew(), {"culture": culture}), ledger.unanswered(setup.record.id))


def needs(setup: RunSetup, crew: Crew, wanted: CurateState) -> list[Need]:
    """What the full run still needs by role and model; of checks, the most that it can need."""
    roles, orders = setup.config.roles, setup.config.judging.orders
    scenarios, profiles = len(pending_scenarios(crew, wanted)), pending_profiles(crew, wanted)
    checked = [c for c in {reader.culture for reader in selected(crew, wanted)} if c and crew.panels[c].checkers]
    sampled = sum(crew.composer.track(name).sampled for name in crew.composer.tracks)
    checks = max(0, len(checked) * sampled * crew.plan.sample - len(crew.ledger.checks(crew.run)))
    batches = -(-len(crew.seeds) // crew.retriever.seeds_per_call)
    asked = 0
    for profile in profiles:
        reader = crew.corpus.reader(profile.id)
        complete = reader is not None and all(getattr(reader, name) for name in DEMOGRAPHICS)
        asked += batches + (1 if complete else 2)
    calls = [
        ("profiler", roles.profiler, asked),
        ("writer", roles.writer, scenarios),
        *(("critic", name, scenarios) for name in roles.critics),
        ("checker", roles.checker or roles.profiler, batches * len(profiles)),
        *(("judge", name, orders * (scenarios + checks)) for name in roles.judges),
    ]
    usage, models = setup.stores.answers.usage(), setup.models
    return [
        Need(role, models[name].name, count).measured(usage, models[name].concurrency)
        for role, name, count in calls
        if models[name].chat
    ]
