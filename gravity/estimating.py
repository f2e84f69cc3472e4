"""A few readers' worth of pairs, and from it what the full run will ask of the models."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from gravity.agents.price import Price
from gravity.curating import curate
from gravity.expecting import expected
from gravity.graphs.crew import Crew
from gravity.graphs.pending import CurateState, pending_scenarios, selected
from gravity.money import amount
from gravity.progress import Progress
from gravity.run import RunSetup
from gravity.store.records import Pair, Unanswered
from gravity.store.sampling import design

READERS = 3
SEEDS = 4
PAIRS = 2  # of each track

Usage = Mapping[tuple[str, str], Mapping[str, float]]


@dataclass(frozen=True)
class Need:
    """The calls that a role has to make of a model, without repeats and revisions. Tokens, minutes and cost follow from
    the calls measured so far; they are None where there were none, where tokens were not counted, or without a price.
    """

    role: str
    model: str
    calls: int
    tokens_in: int | None = None
    tokens_cached: int | None = None
    tokens_out: int | None = None
    tokens_reasoning: int | None = None
    seconds: float | None = None
    minutes: float | None = None
    cost: float | None = None
    currency: str | None = None

    def measured(self, usage: Usage, concurrency: int = 1, price: Price | None = None) -> "Need":
        """The need with what the calls that `usage` counts, by (role, model), let expect of it."""
        need = replace(self, currency=price.currency if price else None)
        known = usage.get((self.role, self.model))
        if not known:
            return need
        seconds = self.calls * known["seconds"] / known["calls"]
        need = replace(need, seconds=seconds, minutes=seconds / concurrency / 60)
        counted = known["calls"] - known["uncounted"]
        if not counted:
            return need
        names = ("tokens_in", "tokens_out", "tokens_cached", "tokens_reasoning")
        tokens_in, tokens_out, cached, reasoning = (round(self.calls * known[name] / counted) for name in names)
        return replace(
            need,
            tokens_in=tokens_in,
            tokens_cached=cached,
            tokens_out=tokens_out,
            tokens_reasoning=reasoning,
            cost=price.of(tokens_in, tokens_out, cached, reasoning) if price else None,
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

    @property
    def bill(self) -> str:
        """Calls, tokens and money of all needs in one line, with what is not known."""
        calls, asked = sum(need.calls for need in self.needs), [need for need in self.needs if need.calls]
        said = [f"{calls:,} calls"]
        for name, what in (("tokens_in", "in"), ("tokens_out", "out")):
            known = [tokens for need in asked if (tokens := getattr(need, name)) is not None]
            said.append(f"{'at least ' if len(known) < len(asked) else ''}{sum(known):,} tokens {what}")
        costs: dict[str, float] = {}
        for need in asked:
            if need.currency is not None:
                costs[need.currency] = costs.get(need.currency, 0.0) + (need.cost or 0.0)
        unmeasured = any(need.currency is not None and need.cost is None for need in asked)
        said += [amount(cost, currency, "at least " if unmeasured else "") for currency, cost in sorted(costs.items())]
        if unpriced := sorted({need.model for need in asked if need.currency is None}):
            said.append(
                f"{sum(n.calls for n in asked if n.currency is None):,} calls not priced ({', '.join(unpriced)})"
            )
        return f"Still to be asked: {', '.join(said)}."


async def preview(setup: RunSetup, culture: str | None, progress: Progress) -> Preview:
    """Runs a little of the full run; what it makes is kept for that run."""
    # Seeds are for all readers to bring: a few would bring others than they do with them.
    few: CurateState = {"readers": READERS, "culture": culture, "scenario_seeds": SEEDS, "shipped_only": True}
    await curate(setup, few, progress)
    ledger, by_track = setup.stores.ledger, dict[str, list[Pair]]()
    for pair in ledger.pairs(setup.record.id):
        by_track.setdefault(pair.track, []).append(pair)
    pairs = [pair for made in by_track.values() for pair in made[:PAIRS]]
    return Preview(pairs, needs(setup, setup.crew(), {"culture": culture}), ledger.unanswered(setup.record.id))


def _unwritten(crew: Crew, wanted: CurateState) -> int:
    """How many pending scenarios a model has to write."""
    given = (todo.given for todo in pending_scenarios(crew, wanted))
    return sum((one["seed"], one["culture"], one["slot"]) not in crew.writer.released for one in given)


def _checks(setup: RunSetup, crew: Crew, cultures: Sequence[str]) -> int:
    """How many pairs are checked at most, if each track has enough of them in each culture."""
    acceptable, wanted = setup.config.judging.acceptable_error, 0
    for track in (crew.composer.track(name) for name in crew.composer.tracks):
        for culture in cultures:
            checking = setup.record.settings.counting[culture].checking.get(track.checked_by or "")
            wanted += design(checking.record, acceptable).sample if checking and checking.judges else 0
    return wanted


def needs(setup: RunSetup, crew: Crew, wanted: CurateState) -> list[Need]:
    """What the full run still needs by role and model; of checks, the most that it can need. What depends on views that
    nobody has read yet is as those read so far let expect."""
    roles, orders, readers_need = setup.config.roles, setup.config.judging.orders, expected(crew, wanted)
    scenarios = _unwritten(crew, wanted) + readers_need.scenarios
    readers = selected(crew, wanted)
    cultures = sorted({reader.culture for reader in readers if reader.culture})
    checks = max(0, _checks(setup, crew, cultures) - len(crew.ledger.checks(crew.run)))
    calls = [
        ("profiler", roles.profiler, readers_need.profiler),
        ("writer", roles.writer, scenarios + readers_need.writer),
        *(("critic", name, scenarios + readers_need.critic) for name in roles.critics),
        ("checker", roles.checker or roles.profiler, readers_need.checker),
        *(("judge", name, orders * (scenarios + checks)) for name in roles.judges),
    ]
    usage, models, prices = setup.stores.answers.usage(), setup.models, setup.config.prices
    return [
        Need(role, models[name].name, count).measured(usage, models[name].concurrency, prices.get(name))
        for role, name, count in calls
        if models[name].chat
    ]
