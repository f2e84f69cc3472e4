"""`gravity preview`: three readers' worth, and from it what the full run will ask of the models."""

from collections.abc import Mapping
from dataclasses import dataclass

from rich.panel import Panel

from gravity import running
from gravity.agents.profiler import DEMOGRAPHICS
from gravity.agents.settings import OpenAISettings
from gravity.console import console, plain, table
from gravity.graphs.crew import Crew
from gravity.graphs.pending import CurateState, pending_profiles, pending_scenarios, selected
from gravity.store.lots import CHECKED
from gravity.store.records import Pair
from gravity.workshop import Workshop

READERS = 3
SEEDS = 4
SHOWN = 2


@dataclass(frozen=True)
class Need:
    """The calls that a role still has to make of a model, without repeats and revisions."""

    role: str
    model: str
    calls: int


def preview(workshop: Workshop, culture: str | None) -> None:
    """Runs a little of the full run, shows pairs of each track, and prints the estimate."""
    running.curate(workshop, {"readers": READERS, "culture": culture, "scenario_seeds": SEEDS})
    crew = workshop.crew()
    shown: dict[str, list[Pair]] = {}
    for pair in workshop.ledger.pairs(crew.run):
        if len(shown.setdefault(pair.track, [])) < SHOWN:
            shown[pair.track].append(pair)
    for pairs in shown.values():
        for pair in pairs:
            _print(pair)
    needs = needed(workshop, crew, {"culture": culture})
    usage = workshop.answers.usage()
    rows, total = [], 0.0
    for need in needs:
        known = cost(need, usage)
        if known is None:
            rows.append([need.role, need.model, need.calls, "not measured", "not measured", "not measured"])
            continue
        minutes = known["seconds"] / _at_once(workshop, need.model) / 60
        total += minutes
        tokens = [round(known[name]) for name in ("tokens_in", "tokens_out")]
        rows.append([need.role, need.model, need.calls, *tokens, f"{minutes:.1f}"])
    table(
        "Still to be asked in the full run",
        ["role", "model", "calls", "tokens in", "tokens out", "minutes"],
        rows,
    )
    console.print(
        f"About {total:.1f} minutes of model time, from the calls measured so far; repeats after bad answers and "
        "revisions come on top. The pairs above are kept: the full run, `gravity curate`, asks nothing of them again."
    )


def cost(need: Need, usage: Mapping[tuple[str, str], Mapping[str, float]]) -> dict[str, float] | None:
    """What the calls will take of all that `usage` counts, as those so far did; None where there were none."""
    known = usage.get((need.role, need.model))
    return {name: need.calls * figure / known["calls"] for name, figure in known.items()} if known else None


def needed(workshop: Workshop, crew: Crew, wanted: CurateState) -> list[Need]:
    """The calls by role and model that the full run still needs; of checks, the most that it can need."""
    roles, orders = workshop.config.roles, workshop.config.judging.orders
    scenarios, profiles = len(pending_scenarios(crew, wanted)), pending_profiles(crew, wanted)
    checked = [c for c in {reader.culture for reader in selected(crew, wanted)} if c and crew.panels[c].checkers]
    checks = max(0, len(checked) * len(CHECKED) * crew.plan.sample - len(crew.ledger.checks(crew.run)))
    batches = -(-len(crew.seeds) // crew.retriever.seeds_per_call)
    asked = 0
    for profile in profiles:
        reader = crew.corpus.reader(profile["reader"])
        complete = reader is not None and all(getattr(reader, name) for name in DEMOGRAPHICS)
        asked += batches + (1 if complete else 2)
    calls = [
        ("profiler", roles.profiler, asked),
        ("writer", roles.writer, scenarios),
        *(("critic", name, scenarios) for name in roles.critics),
        ("checker", roles.checker or roles.profiler, batches * len(profiles)),
        *(("judge", name, orders * (scenarios + checks)) for name in roles.judges),
    ]
    return [Need(role, workshop.chats[name].name, count) for role, name, count in calls if name in workshop.chats]


def _at_once(workshop: Workshop, model: str) -> int:
    for name, chat in workshop.chats.items():
        if chat.name == model:
            settings = workshop.config.models[name]
            return settings.max_in_flight if isinstance(settings, OpenAISettings) else 1
    return 1


def _print(pair: Pair) -> None:
    console.print(
        f"[bold]{pair.id}[/] {pair.culture} {pair.track} {pair.framework}/{pair.dimension}: {pair.verdict} "
        f"({plain(pair.reason)})"
    )
    console.print(Panel(plain(pair.prompt[1]["content"]), title=f"reader {plain(pair.reader)}", title_align="left"))
    console.print(f"  [bold]chosen[/]    {plain(pair.chosen[0]['content'])[:400]}")
    console.print(f"  [bold]rejected[/]  {plain(pair.rejected[0]['content'])[:400]}")
