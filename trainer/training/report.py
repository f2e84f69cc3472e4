"""The figures of a run, as training.json keeps them and the card and the command line show them."""

import importlib.metadata
import platform
from typing import Any

from gravity.trainer.training.early_stopping import best_step, evaluations

FIGURES = ("loss", "rewards/margins", "rewards/accuracies")
LAST_STEPS = 5

_PACKAGES = ("torch", "transformers", "trl", "peft", "accelerate")


def figures(history: list[dict[str, float]]) -> dict[str, Any]:
    """Sum up the log of a run, which has a record for each step under TRL's names.

    `first` is step 1, where the adapter still does nothing: DPO's loss is ln 2, margins are 0 but for rounding.
    `last` is the mean of the last LAST_STEPS steps, since one batch alone says little. `final_loss` is the last
    step's. A loss that needs no rejected answers has no rewards.
    """
    tail, names = history[-LAST_STEPS:], [name for name in FIGURES if name in history[0]]
    return {
        "first": {name: history[0][name] for name in names},
        "last": {name: sum(record[name] for record in tail) / len(tail) for name in names},
        "final_loss": history[-1]["loss"],
        "log": history,
    }


def held_out(history: list[dict[str, float]], planned: int) -> dict[str, Any]:
    """Sum up the evaluations of a run that was watched: the step that was kept, and its figures."""
    best = best_step(history)
    return {
        "best_step": best,
        "stopped_early": len(history) < planned,
        "best": next(
            {name: value for name, value in record.items() if name.startswith("eval_")}
            for record in evaluations(history)
            if record["step"] == best
        ),
    }


def versions() -> dict[str, str]:
    """Return the versions that a result depends on."""
    return {"python": platform.python_version()} | {name: importlib.metadata.version(name) for name in _PACKAGES}


def summary(report: dict[str, Any]) -> list[str]:
    """Lay out the first and last figures as lines of equal columns."""
    watched = report.get("held_out")
    kept = f"{'held out':>10}" if watched else ""
    lines = [f"{'':<20}{'step 1':>10}{f'last {LAST_STEPS}':>10}{kept}"]
    for name in report["first"]:
        kept = f"{watched['best'][f'eval_{name}']:>10.3f}" if watched else ""
        lines.append(f"{name:<20}{report['first'][name]:>10.3f}{report['last'][name]:>10.3f}{kept}")
    if watched:
        lines.append(kept_step(report))
    return lines


def kept_step(report: dict[str, Any]) -> str:
    """Say which step's adapter was kept, and what it was chosen on."""
    watched = report["held_out"]
    ended = f"stopped at step {report['steps']}" if watched["stopped_early"] else f"ran all {report['steps']} steps"
    return (
        f"kept: step {watched['best_step']}, the best on {watched['rows']} rows of {watched['readers']} readers and "
        f"{watched['seeds']} seeds held out of the train split; {ended}; {watched['left_out']} rows with one of these "
        "readers or seeds were left out"
    )
