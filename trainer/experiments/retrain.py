"""Trains an adapter on a part of a dataset and keeps what it makes of the test rows: the step of an experiment.

Each step has a folder of its own and a second call continues where the first stopped: a finished adapter is not
trained again, and finished margins are only read.
"""

import json
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from gravity.trainer.clusters import Array
from gravity.trainer.dataset.contract import Row
from gravity.trainer.dataset.splits import TEST, TRAIN, Split, split
from gravity.trainer.errors import DatasetError, UsageError
from gravity.trainer.evaluation.controls import rewards
from gravity.trainer.evaluation.scorer import fitting, rounding, scorer_of, trained_beta
from gravity.trainer.evaluation.verdict import Change, mean_change
from gravity.trainer.models.bases import resolve_base
from gravity.trainer.models.loading import load, trained_card_in
from gravity.trainer.output import atomic_folder
from gravity.trainer.progress import ProgressBar
from gravity.trainer.settings import Settings
from gravity.trainer.training.reporting import check_installed

Selected = Callable[[Iterator[dict[str, Any]]], Iterable[Row]]

_RUN_FILE = "run.json"


@dataclass(frozen=True)
class Tested:
    """What an adapter makes of the test rows: margins of implicit reward, NaN where a row is longer than the model
    attends to, and how far the adapter differs from its base."""

    margins: Array
    change: Change


def begin(output: Path, dataset: Path, recipe: dict[str, Any], run: dict[str, Any]) -> None:
    """Check what can be checked before hours of work, and make an experiment's folder or find it begun.

    `run` is what, with data and recipe, must not change between a call and the next.

    Raises UsageError where the recipe or the folder cannot be used, or the folder was begun by another call, and
    ModelError where the base is not there.
    """
    settings = Settings(dataset=dataset, output=output, **recipe)
    check_installed(settings)
    resolve_base(settings.base)
    file = output / _RUN_FILE
    checksums = {name: split(dataset, name).sha256() for name in (TRAIN, TEST)}
    text = json.dumps({**run, "dataset": checksums, "recipe": recipe}, indent=2, sort_keys=True)
    if not output.exists() or (output.is_dir() and not any(output.iterdir())):
        with atomic_folder(output) as folder:
            (folder / _RUN_FILE).write_text(text, encoding="utf-8")
    elif not file.is_file():
        raise UsageError(f"output {output} is not empty and holds no experiment to continue: give another folder")
    elif file.read_text(encoding="utf-8") != text:
        raise UsageError(f"output {output} was started with another dataset, recipe or command: give another folder")


def trained_and_tested(
    folder: Path, train: Split, selected: Selected, rows: Sequence[Row], recipe: dict[str, Any]
) -> Tested:
    """Train on the rows that `selected` makes of a train split, and test on `rows`.

    `folder` gets `adapter` and `margins.json`. Raises a TrainerError where training or scoring fails.
    """
    margins = folder / "margins.json"
    if not margins.is_file():
        dataset = folder / "dataset"
        if not dataset.is_dir():
            with atomic_folder(dataset) as growing:
                _write(train, selected, growing / f"{TRAIN}.parquet")
        _train(dataset, folder / "adapter", recipe)
        found = _scored(folder / "adapter", rows)
        growing = margins.with_suffix(".building")
        growing.write_text(json.dumps(_kept(found)), encoding="utf-8")
        growing.rename(margins)
        shutil.rmtree(dataset)
    kept = json.loads(margins.read_text(encoding="utf-8"))
    return Tested(np.array(kept["margins"], dtype=float), Change(kept["nats"], kept["rounding"]))


def scored_by_all(found: Iterable[Tested]) -> npt.NDArray[np.bool_]:
    """Say which rows have a margin from every adapter."""
    return np.asarray(np.isfinite(np.stack([one.margins for one in found])).all(0))


def _train(dataset: Path, output: Path, recipe: dict[str, Any]) -> None:
    """Train with the package's own trainer: the only place of an experiment that does."""
    from gravity.trainer.training.train import train

    train(Settings(dataset=dataset, output=output, **recipe), resume=True)


def _kept(found: Tested) -> dict[str, Any]:
    margins = [one if np.isfinite(one) else None for one in found.margins.tolist()]
    return {"margins": margins, "nats": found.change.nats, "rounding": found.change.rounding}


def _scored(adapter: Path, rows: Sequence[Row]) -> Tested:
    model, tokenizer = load(None, adapter)
    card_in = trained_card_in(adapter)
    kept = fitting(rows, [None] * len(rows), model, tokenizer, card_in)
    some, beta = [rows[index] for index in kept], trained_beta(adapter)
    found = np.full(len(rows), np.nan)
    with ProgressBar("scoring", 2 * len(kept), "row") as progress:
        scorer = scorer_of(model, tokenizer, card_in, progress.advance)
        found[kept] = rewards(some, scorer, beta)
    return Tested(found, Change(mean_change(found / beta), rounding(model, tokenizer, card_in, some)))


def _write(source: Split, selected: Selected, file: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema = pq.read_schema(source.files[0])
    written = 0
    with pq.ParquetWriter(file, schema) as writer:
        for batch in source.batches():
            rows = list(selected(iter(batch.to_pylist())))
            if rows:
                writer.write_table(pa.Table.from_pylist(rows, schema=schema))
                written += len(rows)
    if not written:
        raise DatasetError(f"{source} has no rows left for {file.parent.parent.name}: there is nothing to train on")
