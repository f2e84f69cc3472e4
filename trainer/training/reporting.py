"""Sends the figures of each step to TensorBoard, Weights & Biases or MLflow, through accelerate's trackers.

Names are those under which TRL's trainers report there, so that runs of both lie on the same axes. What is sent are
the settings, the names of base and output, and the figures: no text of the dataset, and no variable of the environment.
"""

import contextlib
import importlib.util
import os
from collections.abc import Callable, Iterator
from typing import Any

from gravity.trainer.errors import UsageError, brief
from gravity.trainer.settings import Settings

_PROJECT = "gravity-trainer"


def check_installed(settings: Settings) -> None:
    """Raise UsageError where the package of a tracker that the run is to report to is not there."""
    missing = [name for name in settings.trackers() if importlib.util.find_spec(name) is None]
    if missing:
        raise UsageError(
            f"--report-to {missing[0]}: the Python package {missing[0]} is not installed: "
            f"pip install {' '.join(missing)}"
        )


@contextlib.contextmanager
def reporting(
    settings: Settings, base: str, accelerator: Any, done: int
) -> Iterator[Callable[[dict[str, float]], None]]:
    """Give a function that reports the record of a step; `done` steps were reported by an earlier start of the run.

    TensorBoard's files go to `runs` beside the output, or where TENSORBOARD_LOGGING_DIR says. W&B and MLflow are
    told by their own variables where to report to, W&B's project by WANDB_PROJECT and MLflow's experiment by
    MLFLOW_EXPERIMENT_NAME. A run that ends in an error is said to have failed. Processes but the first do nothing.

    Raises UsageError where a tracker cannot be started.
    """
    names = settings.trackers() if accelerator.is_main_process else ()
    started: list[Any] = []

    def report(record: dict[str, float]) -> None:
        step, figures = int(record["step"]), {name: value for name, value in record.items() if name != "step"}
        for tracker in started:
            tracker.log(_named(figures, step, tracker.name), step=step)

    try:
        for name in names:
            started.append(_start(name, settings, base, done))
        yield report
    except BaseException:
        for tracker in started:
            _fail(tracker)
        raise
    for tracker in started:
        tracker.finish()


def _named(figures: dict[str, float], step: int, tracker: str) -> dict[str, float]:
    """Name the figures as transformers does."""
    if tracker == "mlflow":
        return figures
    axis = {"train/global_step": step} if tracker == "wandb" else {}
    evaluated = {name for name in figures if name.startswith("eval_")}
    trained = {f"train/{name}": value for name, value in figures.items() if name not in evaluated}
    return trained | {f"eval/{name.removeprefix('eval_')}": figures[name] for name in evaluated} | axis


def _start(name: str, settings: Settings, base: str, done: int) -> Any:
    from accelerate import tracking

    run, described = str(settings.output), settings.numbers() | {"base": base}
    tracker: Any
    try:
        if name == "tensorboard":
            folder = os.environ.get("TENSORBOARD_LOGGING_DIR") or settings.output.resolve().parent / "runs"
            # What was reported after the checkpoint that a run goes on from is taken back.
            tracker = tracking.TensorBoardTracker(settings.output.resolve().name, folder, purge_step=done + 1)
        elif name == "wandb":
            tracker = tracking.WandBTracker(os.environ.get("WANDB_PROJECT", _PROJECT), name=run)
        else:
            tracker = tracking.MLflowTracker(_PROJECT, run_name=run)
        tracker.start()
        if name == "tensorboard":
            # accelerate would keep them as a run of their own, beside the one with the figures.
            tracker.log({"args/text_summary": "\n".join(f"    {key}: {value}" for key, value in described.items())})
        else:
            tracker.store_init_configuration(described)
    except Exception as error:
        raise UsageError(
            f"--report-to {name} cannot be started ({brief(error)}): set that right, or leave it out"
        ) from error
    return tracker


def _fail(tracker: Any) -> None:
    if tracker.name == "wandb":
        tracker.tracker.finish(exit_code=1)
    elif tracker.name == "mlflow":
        import mlflow

        mlflow.end_run("FAILED")
    else:
        tracker.finish()
