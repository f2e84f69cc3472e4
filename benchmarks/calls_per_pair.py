"""Model calls and tokens a vetted pair, as readers grow, beside a row-wise pipeline.

Curates the planted readers under other names with all seeds and items against the stub endpoint, whose models
answer rightly: two judges, one critic, a profiler with its cross-check, and the checked samples. The putting of
judges to the gold cases is counted apart, since it is done once. The row-wise pipeline has the same agents write
a scene, criticise it and judge it end to end for each pair, as distilabel or Data Designer recipes do; its calls
do not fall as readers grow, so it is measured on one reader's pairs. The stub counts a token for four characters.

    python -m benchmarks.calls_per_pair --readers 1 10 100 400
"""

import argparse
import asyncio
import json
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.curate_overhead import apart, serving

BAR, ROWS = 0.15, 40


def _made(url: str, folder: str) -> Any:
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
            "store": {"path": Path(folder)},
        }
    )
    return project(settings)


def _spent(made: Any) -> tuple[int, int]:
    usage = made.stores.answers.usage().values()
    return sum(int(u["calls"]) for u in usage), sum(int(u["tokens_in"] + u["tokens_out"]) for u in usage)


def linked(url: str, count: int) -> dict[str, float]:
    """Qualifies and curates, and returns what it cost and made."""
    from benchmarks.crowd import take_crowd
    from tests.support import curate, run_id

    with tempfile.TemporaryDirectory() as folder:
        made = _made(url, folder)
        take_crowd(made, count)
        made.qualify()
        once = _spent(made)
        made = _made(url, folder)
        curate(made, readers=count)
        calls, tokens = _spent(made)
        cells = made.stores.ledger.pair_counts(run_id(made))
        vetted = sum(n for (_, _, verdict), n in cells.items() if verdict == "vetted")
        made.stores.database.close()
    return {"once": once[0], "calls": calls - once[0], "tokens": tokens - once[1], "vetted": vetted}


def rowwise(url: str) -> dict[str, float]:
    """Writes, criticises and judges for each of a reader's pairs, and returns what a confirmed pair cost."""
    from benchmarks.crowd import take_crowd
    from gravity.loop import run

    with tempfile.TemporaryDirectory() as folder:
        made = _made(url, folder)
        take_crowd(made, 1)
        confirmed = run(_rows(made))
        calls, tokens = _spent(made)
        made.stores.database.close()
    return {"calls": calls, "tokens": tokens, "vetted": confirmed}


async def _rows(made: Any) -> int:
    from gravity.agents.judge import Case, Panel
    from gravity.agents.prompting import prompt

    setup = made.setup(unqualified=True)
    crew, bench = setup.crew(), setup.workbench(setup.record.id)
    panel = Panel(
        [], [made.models[name].pair_judge(bench) for name in made.config.roles.judges], made.config.judging.quorum
    )
    reader = crew.corpus.readers()[0]
    reviews = crew.retriever.ratings(reader.id).known[: crew.retriever.reviews_per_call]
    critics = [made.critic(name) for name in made.config.roles.critics]

    async def row(number: int) -> bool:
        seed, culture = list(crew.seeds.values())[number], crew.cultures[reader.culture]
        (stance,) = await crew.profiler.stances(reader.id, reviews, [seed])
        draft = await crew.writer.write(seed, culture, 0, None, ())
        for critic in critics:
            await critic.findings(seed, culture, draft)
        _, task = prompt("task_values").render(domain=crew.composer.domain, situation=draft.situation)
        sides = (draft.endorsing, draft.opposing) if stance.value == "agree" else (draft.opposing, draft.endorsing)
        choices = await panel.choices(Case("Nothing.", reviews, task, *sides))
        return stance.value != "unknown" and panel.prefers(choices) == "chosen"

    try:
        return sum(await asyncio.gather(*(row(number) for number in range(ROWS))))
    finally:
        await made.close()


def main() -> None:
    """Parses the command line, measures, prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--readers", type=int, nargs="+", default=[1, 10, 100, 400])
    parser.add_argument("--port", type=int, default=8933)
    given = parser.parse_args()
    found: dict[str, Any] = {}
    print(f"{'readers':>10} {'vetted pairs':>13} {'calls':>9} {'calls a pair':>13} {'tokens a pair':>14}")
    with serving(given.port, latency=0.0) as url:
        for count in given.readers:
            made = apart(linked, url, count)
            found[str(count)] = _print(str(count), made)
        found["row-wise"] = _print("row-wise", apart(rowwise, url))
    largest = found[str(max(given.readers))]["calls_a_pair"]
    print(f"qualifying, once: {made['once']:,.0f} calls")
    print(f"at {max(given.readers)} readers {largest:.3f} calls a vetted pair; at 400 the bar is {BAR}")
    print(json.dumps({"bar": BAR, "qualifying_calls": made["once"], **found}))


def _print(name: str, made: dict[str, float]) -> dict[str, float]:
    pairs = max(1.0, made["vetted"])
    calls, tokens = made["calls"] / pairs, made["tokens"] / pairs
    print(f"{name:>10} {made['vetted']:13,.0f} {made['calls']:9,.0f} {calls:13.3f} {tokens:14,.0f}", flush=True)
    return {"vetted": made["vetted"], "calls": made["calls"], "calls_a_pair": calls, "tokens_a_pair": tokens}


if __name__ == "__main__":
    main()
