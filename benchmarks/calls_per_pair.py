"""Model calls and tokens a vetted pair, as readers grow, beside a row-wise pipeline; and what a reader costs.

Curates planted people under other names with all seeds and items against the stub endpoint, whose models answer
rightly: two judges, one critic, a profiler with its cross-check, and the checked samples. The quiet people, who write
as real readers do, are the headline; the loud ones speak their values in every review. Calls are counted by what they
are for. The putting of judges to the gold cases is counted apart, since it is done once. A reader with 12 reviews costs
what is asked about them alone: reading, refuting, a question for repeats, stances and facets both ways round, and
demographics. Shipped seeds have their scenes from the bank. The scenes of seeds that one reader alone brought
(`--own-seeds`) are that reader's as well, and counted apart. The row-wise pipeline has the same agents write a scene,
criticise it and judge it end to end for each pair, as distilabel or Data Designer recipes do; its calls do not fall as
readers grow, so it is measured on one reader's pairs. The stub counts a token for four characters. Where there are many
copies of each reader, what lies near a view are its copies, so fewer seeds of several readers are found than in a real
crowd. The last line is JSON.

    python -m benchmarks.calls_per_pair --readers 1 10 100 400
"""

import argparse
import asyncio
import json
import tempfile
from collections import Counter
from pathlib import Path
from statistics import mean
from typing import Any

from benchmarks.curate_overhead import apart, serving
from tests.support import SETS

BAR, ROWS, REVIEWS = 0.15, 40, 12
FOR = {  # what a call is for, by its prompt
    "views": "reading",
    "refute": "refuting",
    "repeats": "repeats",
    "gather": "gathering",
    "place": "gathering",
    "fair": "gathering",
    "stances": "stances",
    "facets": "facets",
    "demographics": "demographics",
    "scenario": "scenes",
    "critic": "scenes",
    "judge": "scenes",
    "prefer": "checks",
    "personality": "checks",
}
A_READER = ("reading", "refuting", "repeats", "stances", "stances turned", "facets", "facets turned", "demographics")


def _made(url: str, folder: str, own_seeds: int) -> Any:
    from gravity.config import Config
    from tests.support import project

    model = {"kind": "openai", "base_url": url, "max_in_flight": 64, "timeout": 300}
    names = ("writing", "judging one", "judging two", "profiling")
    settings = Config.model_validate(
        {
            "models": {name: {**model, "model": name} for name in names},
            "roles": {
                "profiler": "profiling",
                "writer": "writing",
                "judges": ["judging one", "judging two"],
                "critics": ["writing"],
            },
            "judging": {"quorum": 2},
            "curate": {"own_seeds": own_seeds},
            "store": {"path": Path(folder)},
        }
    )
    return project(settings)


def _spent(made: Any) -> tuple[Counter[str], int]:
    """Calls by what they are for, and the tokens of all of them."""
    from sqlalchemy import func, select

    from gravity.agents.prompting import all_hashes
    from gravity.store import tables

    names, table = {identity: name for name, identity in all_hashes().items()}, tables.calls
    tokens = func.sum(table.c.tokens_in + table.c.tokens_out)
    query = select(table.c.role, table.c.prompt, func.count(), tokens).group_by(table.c.role, table.c.prompt)
    calls, total = Counter[str](), 0
    with made.stores.database.begin() as connection:
        for role, identity, count, used in connection.execute(query):
            what = FOR[names[identity]]
            calls[f"{what} turned" if what in ("stances", "facets") and role == "checker" else what] += count
            total += int(used)
    return calls, total


def linked(url: str, count: int, people: str, own_seeds: int) -> dict[str, Any]:
    """Qualifies and curates, and returns what it cost and made."""
    from benchmarks import crowd
    from tests.support import curate, run_id

    with tempfile.TemporaryDirectory() as folder:
        made = _made(url, folder, own_seeds)
        crowd.take_crowd(made, count, SETS[people])
        made.qualify()
        once, tokens_once = _spent(made)
        made = _made(url, folder, own_seeds)
        curate(made, readers=count)
        calls, tokens = _spent(made)
        run = run_id(made)
        cells = made.stores.ledger.pair_counts(run)
        vetted = Counter(track for (_, track, verdict), n in cells.items() if verdict == "vetted" for _ in range(n))
        own = {seed.id for seed in made.stores.views.seeds(run) if seed.reader is not None}
        scenes = made.stores.ledger.settled_scenarios(run)
        told = [scene for scene in map(made.stores.ledger.scenario, scenes) if scene is not None]
        made.stores.database.close()
    return {
        "once": once.total(),
        "calls": calls.total() - once.total(),
        "by": dict(calls - once),
        "tokens": tokens - tokens_once,
        "vetted": vetted.total(),
        "values": vetted["values"],
        "scenes": len(told),
        "own_scenes": sum(scene.seed in own for scene in told),
    }


def a_reader(url: str, people: str, own_seeds: int) -> dict[str, Any]:
    """Curates people with the same number of reviews one after another, without scenes, and returns what was asked
    about each of them alone."""
    from benchmarks import crowd
    from tests.support import curate

    with tempfile.TemporaryDirectory() as folder:
        made, spent, costs = _made(url, folder, own_seeds), Counter[str](), []
        for number in range(1, 1 + crowd.take_alike(made, REVIEWS, SETS[people])):
            curate(made, readers=number, scenario_seeds=0)
            calls, _ = _spent(made)
            costs.append({what: (calls - spent)[what] for what in A_READER})
            spent = calls
        made.stores.database.close()
    by = {what: mean(cost[what] for cost in costs) for what in A_READER}
    totals = [sum(cost.values()) for cost in costs]
    return {"n": len(costs), "mean": mean(totals), "least": min(totals), "most": max(totals), "by": by}


def rowwise(url: str, people: str) -> dict[str, Any]:
    """Writes, criticises and judges for each of a reader's pairs, and returns what a confirmed pair cost."""
    from benchmarks import crowd
    from gravity.loop import run

    with tempfile.TemporaryDirectory() as folder:
        made = _made(url, folder, 0)
        crowd.take_crowd(made, 1, SETS[people])
        confirmed = run(_rows(made))
        calls, tokens = _spent(made)
        made.stores.database.close()
    return {"calls": calls.total(), "tokens": tokens, "vetted": confirmed}


async def _rows(made: Any) -> int:
    from gravity.agents.judge import Case, Panel
    from gravity.agents.prompting import prompt

    setup = made.setup(unqualified=True)
    crew, bench = setup.crew(), setup.workbench(setup.record.id)
    checkers = [made.models[name].pair_judge(bench) for name in made.config.roles.judges]
    panel = Panel([], {"preference": checkers}, made.config.judging.quorum)
    reader = crew.corpus.readers()[0]
    known = crew.retriever.ratings(reader.id).known
    critics = [made.models[name].critic(bench) for name in made.config.roles.critics]
    assert crew.view_reader is not None
    _, views = await crew.view_reader.read(reader.id, known)
    kept = [view for view in views if view.verdict == "kept"]

    async def row(seed: Any, batch: Any) -> bool:
        culture = crew.cultures[reader.culture]
        (stance,) = await crew.profiler.stances(reader.id, batch.evidence, [seed])
        draft = await crew.writer.write(seed, culture, 0, None, ())
        for critic in critics:
            await critic.findings(seed, culture, draft)
        _, task = prompt("task_values").render(domain=crew.composer.domain, situation=draft.situation)
        sides = (draft.endorsing, draft.opposing) if stance.value == "agree" else (draft.opposing, draft.endorsing)
        reviews = crew.retriever.nearest(known, [seed.statement, seed.opposite], kept)
        choices = await panel.choices(Case("Nothing.", reviews, task, *sides), "preference")
        return stance.value != "unknown" and panel.prefers(choices) == "chosen"

    # The seeds nearest to the reader's views, as the linked pipeline asks about them.
    asked = {
        seed.id: (seed, batch)
        for batch in crew.retriever.batches(known, kept, list(crew.seeds.values()))
        for seed in batch.seeds
    }
    try:
        return sum(await asyncio.gather(*(row(*of) for of in list(asked.values())[:ROWS])))
    finally:
        await made.models.close()


def main() -> None:
    """Parses the command line, measures, prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", choices=[*SETS, "both"], default="both")
    parser.add_argument("--readers", type=int, nargs="+", default=[1, 10, 100, 400])
    parser.add_argument(
        "--own-seeds", type=int, default=20, help="that each reader brings for themselves alone, at most"
    )
    parser.add_argument("--port", type=int, default=8933)
    given = parser.parse_args()
    result: dict[str, Any] = {"headline": "quiet", "bar": BAR}
    with serving(given.port, latency=0.0) as url:
        for people in reversed(SETS) if given.people == "both" else [given.people]:
            found = result[people] = {}
            print(f"\n{people} people")
            print(
                f"{'readers':>10} {'vetted':>9} {'values':>8} {'calls':>9} {'calls a pair':>13} {'tokens a pair':>14}"
            )
            for count in given.readers:
                found[str(count)] = _print(str(count), made := apart(linked, url, count, people, given.own_seeds))
                result["qualifying_calls"] = made["once"]
                by = ", ".join(f"{what} {n:,}" for what, n in sorted(made["by"].items()))
                print(f"{'':10} {by}; of {made['scenes']:,} scenes {made['own_scenes']:,} are of single readers' seeds")
            found["row-wise"] = _print("row-wise", apart(rowwise, url, people))
            found["a_reader"] = of = apart(a_reader, url, people, given.own_seeds)
            by = ", ".join(f"{what} {n:.1f}" for what, n in of["by"].items())
            bounds = f"{of['mean']:.1f} calls ({of['least']} to {of['most']}, n={of['n']})"
            print(f"a reader with {REVIEWS} reviews: {bounds}: {by}")
    print(
        f"\nqualifying, once: {result['qualifying_calls']:,} calls; at 400 readers the bar is {BAR} calls a vetted pair"
    )
    print(json.dumps(result))


def _print(name: str, made: dict[str, Any]) -> dict[str, Any]:
    """A line of the table; what made no pair has no figure for one."""
    pairs, figures = made["vetted"], dict[str, float]()
    if pairs:
        figures = {"calls_a_pair": made["calls"] / pairs, "tokens_a_pair": made["tokens"] / pairs}
    shown = f"{figures['calls_a_pair']:13.3f} {figures['tokens_a_pair']:14,.0f}" if pairs else f"{'no pair':>13}"
    values = f"{made['values']:,}" if "values" in made else ""
    print(f"{name:>10} {pairs:9,} {values:>8} {made['calls']:9,} {shown}", flush=True)
    return {**{what: n for what, n in made.items() if what != "once"}, **figures}


if __name__ == "__main__":
    main()
