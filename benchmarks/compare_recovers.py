"""Whether a comparison of writers finds what was planted: gains of played writers by played judges, --runs times.

Each run draws readers, books, texts and answers anew; see `benchmarks/compare_planted.py` for the worlds. What judges
say is held against what such judges say of all readers and books, what is corrected for them against the truth. Of
each it is counted how often the 95% interval holds it.

    python -m benchmarks.compare_recovers --runs 200
"""

import argparse
import json
import multiprocessing
import time
from collections import defaultdict
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from typing import Any

import numpy as np

from benchmarks.compare_planted import Drawn, World, expected, inventing, line_up
from gravity.audit.figures import Figure
from gravity.compare.examine import examine
from gravity.compare.settings import CompareSettings
from gravity.frameworks.statistics import wilson
from tests.stub.tastes import PlayedWriter
from tests.stub.views import Character

JUDGE = Character(accuracy=0.85, position_bias=0.1, unsure=0.1)
LOVES_LENGTH = Character(accuracy=0.85, position_bias=0.1, unsure=0.1, loves_length=0.4)
CHECKER = Character(missed=0.1)
_PROMPTED, _TUNED, _DEAF = "prompt-only", "adapter", "deaf to its card"
GAINS, NOTHING, LENGTH = "gains", "no difference", "love of length"
WORLDS = {
    GAINS: World(
        line_up(
            PlayedWriter(_PROMPTED, strength=0.4, inventions=0.05),
            PlayedWriter(_TUNED, strength=1.2, prose=0.3, inventions=0.15),
            PlayedWriter(_DEAF, prose=0.3, card_spread=0.0),
        ),
        JUDGE,
        CHECKER,
    ),
    NOTHING: World(line_up(PlayedWriter(_PROMPTED), PlayedWriter(_TUNED), PlayedWriter(_DEAF)), JUDGE, CHECKER),
    LENGTH: World(
        line_up(
            PlayedWriter(_PROMPTED, words_spread=12),
            PlayedWriter("as good and longer", words=70, words_spread=12),
            PlayedWriter("better and longer", strength=1.0, words=70, words_spread=12),
            twins=False,
        ),
        LOVES_LENGTH,
        CHECKER,
    ),
}
HELD = {
    GAINS: ("gain as judged", "gain corrected for the judges", "gain", "win rate at equal length"),
    NOTHING: ("gain as judged", "gain corrected for the judges", "gain", "win rate at equal length"),
    LENGTH: ("win rate at equal length",),
}


def one_run(seed: int, name: str) -> list[dict[str, Any]]:
    """What a run of a world found, a row for each figure of which the truth is known."""
    world = WORLDS[name]
    made = examine(Drawn(world, seed).evidence, CompareSettings())
    truths = {one.label: expected(world, one.writer, one.against) for one in made.study.contrasts}
    rows = [
        _row(figure, figure.name, truths[figure.group][figure.name])
        for figure in made.figures
        if figure.name in HELD[name] and figure.section in ("preference", "personalisation")
    ]
    if name == GAINS:
        invented = {one.info.name: inventing(one, world.checker)[0] for one in world.writers}
        counted = [figure for figure in made.figures if figure.name == "inventions per 100 texts"]
        rows += [_row(figure, figure.name, 100 * invented[figure.group]) for figure in counted]
    for figure in made.figures:
        if figure.name == "gain as judged" and name == LENGTH:
            # The plain rate of wins, which love of length moves.
            low, high = ((1 + (end or 0)) / 2 for end in (figure.low, figure.high))
            rate = Figure(figure.name, group=figure.group, value=(1 + (figure.value or 0)) / 2, low=low, high=high)
            rows.append(_row(rate, "win rate at any length", truths[figure.group]["win rate at equal length"]))
    claimed = [f for f in made.figures if f.family == "gates" and f.adjusted is not None and f.adjusted <= 0.05]
    rows.append({"figure": "claims", "of": "", "gain": any((f.value or 0) > 0 for f in claimed), "any": bool(claimed)})
    return rows


def _row(figure: Figure, name: str, truth: float) -> dict[str, Any]:
    told = figure.low is not None and figure.high is not None
    held = told and (figure.low or 0) - 1e-9 <= truth <= (figure.high or 0) + 1e-9
    return {
        "figure": name, "of": figure.group, "truth": truth, "value": figure.value, "told": told, "held": held,
        "width": (figure.high or 0) - (figure.low or 0), "above": told and (figure.low or 0) > truth,
    }  # fmt: skip


def report(name: str, rows: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """Prints a line for each figure of a world, and for those of a name together; returns them."""
    by_figure: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        by_figure[row["figure"], row["of"]].append(row)
    claims = by_figure.pop(("claims", ""))
    found: dict[str, Any] = {"figures": []}
    for key in ("gain", "any"):
        found[f"claims: {key}"] = rate([row[key] for row in claims])
    print(f"\n{name}\n{'figure':32}{'of':52}{'truth':>8}{'mean':>8}{'width':>8}  interval holds the truth")
    together: dict[str, list[bool]] = defaultdict(list)
    for (figure, of), same in by_figure.items():
        told = [row for row in same if row["told"]]
        together[figure] += [row["held"] for row in told]
        mean, width = (float(np.mean([row[key] for row in told])) if told else np.nan for key in ("value", "width"))
        line = {
            "figure": figure, "of": of, "truth": same[0]["truth"], "mean": mean, "width": width,
            "told": len(told), "runs": len(same), "held": rate([row["held"] for row in told]),
            "above": rate([row["above"] for row in told]),
        }  # fmt: skip
        found["figures"].append(line)
        print(f"{figure:32}{of:52}{line['truth']:8.3f}{mean:8.3f}{width:8.3f}  {text(line['held'])}")
    found["held"] = {figure: rate(held) for figure, held in together.items()}
    for figure, held in found["held"].items():
        print(f"{figure:32}{'together':52}{'':24}  {text(held)}")
    print(f"a gain is claimed in {text(found['claims: gain'])} runs, a difference in {text(found['claims: any'])}")
    return found


def rate(hits: list[bool]) -> dict[str, float]:
    """A share of runs with Wilson's interval."""
    low, high = wilson(sum(hits), len(hits)) if hits else (0.0, 1.0)
    return {"hits": sum(hits), "n": len(hits), "rate": sum(hits) / len(hits) if hits else 0.0, "low": low, "high": high}


def text(found: dict[str, float]) -> str:
    """A share as it is printed."""
    return f"{found['rate']:6.1%} ({found['low']:.1%} to {found['high']:.1%}) of {found['n']}"


def main() -> None:
    """Parses the command line, runs every world, prints the tables and one line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=200, help="draws of each world")
    parser.add_argument("--workers", type=int, default=2, help="processes; with 1 all is done in this one")
    given = parser.parse_args()
    begun = time.perf_counter()
    found = {name: report(name, rows) for name, rows in _runs(given.runs, given.workers)}
    print(f"\n{time.perf_counter() - begun:.0f} s")
    print(json.dumps({"benchmark": "compare_recovers", "runs": given.runs, "worlds": found}))


def _runs(runs: int, workers: int) -> Iterable[tuple[str, list[dict[str, Any]]]]:
    if workers == 1:
        yield from ((name, [row for seed in range(runs) for row in one_run(seed, name)]) for name in WORLDS)
        return
    with ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn")) as pool:
        for name in WORLDS:
            told = pool.map(partial(one_run, name=name), range(runs), chunksize=max(1, runs // (8 * workers)))
            yield name, [row for rows in told for row in rows]


if __name__ == "__main__":
    main()
