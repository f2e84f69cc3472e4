"""`gravity-trainer evaluate`: did the adapter help, on readers and seeds that it has not seen?"""

import itertools
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from gravity.trainer.dataset.contract import Row
from gravity.trainer.dataset.files import TRAIN
from gravity.trainer.dataset.profile import with_card
from gravity.trainer.errors import DatasetError
from gravity.trainer.evaluation.controls import CONDITIONS, Margins, Scorer, answer_lengths, length_slope, margins
from gravity.trainer.evaluation.heldout import HeldOut, held_out, rows_of
from gravity.trainer.intervals import RULE, Array
from gravity.trainer.models.loading import context, load, training_report
from gravity.trainer.output import check_free, whole_folder
from gravity.trainer.settings import Settings
from gravity.trainer.sharing.scoring import Score, length, score
from gravity.trainer.watch import Bar

MAX_TOKENS = 4096

_LENGTH_ROWS = 5000
_PASSES = 6  # adapter and base, each with the reader's profile, another's, and none


def evaluate(adapter: Path, dataset: Path, output: Path, base: str | None = None) -> dict[str, Any]:
    """Compare an adapter with its controls on a dataset's test split, and return what report.json holds.

    Writes report.json, report.md, margins.parquet (one line a row and control) and plots to `output`. `base` None
    takes the base that the adapter was trained on.

    Raises UsageError, DatasetError or ModelError; then nothing is written.
    """
    from gravity.trainer.evaluation.donors import donors
    from gravity.trainer.evaluation.figures import cells, reliability
    from gravity.trainer.evaluation.perplexity import perplexities
    from gravity.trainer.evaluation.report import write

    check_free(output)
    held = held_out(dataset)
    model, tokenizer = load(base, adapter)
    cards = donors(held)
    kept = fitting(held.rows, cards, model, tokenizer)
    rows, cards = [held.rows[index] for index in kept], [cards[index] for index in kept]
    beta = trained_beta(adapter)
    with Bar("scoring", _PASSES * len(rows), "row") as bar:
        found = margins(rows, cards, scorer_of(model, tokenizer, bar.advance), beta, _slope(held, tokenizer))
    report = {
        "adapter": adapter.resolve().name,
        "base": model.peft_config["default"].base_model_name_or_path if base is None else base,
        "beta": beta,
        "dataset": {"folder": held.folder.resolve().name, "train_sha256": held.train_sha256},
        "rows": len(rows),
        "left_out": {"longer than the model attends to": len(held.rows) - len(rows)},
        "without another reader's profile": cards.count(None),
        "conditions": CONDITIONS,
        "rule": RULE,
        "cells": cells(rows, found),
        "reliability": {name: reliability(margin) for name, margin in found.by.items()},
        "perplexity": perplexities(model, tokenizer),
    }
    with whole_folder(output) as folder:
        write(report, found, folder)
        _write_margins(rows, found, folder / "margins.parquet")
    return report


def scorer_of(model: Any, tokenizer: Any, progress: Callable[[int], object]) -> Scorer:
    """Return the function that scores rows under a model with its adapter, and without."""

    def both(rows: Sequence[Row]) -> tuple[list[Score], list[Score]]:
        own = score(model, tokenizer, rows, max_tokens=MAX_TOKENS, progress=progress)
        with model.disable_adapter():
            return own, score(model, tokenizer, rows, max_tokens=MAX_TOKENS, progress=progress)

    return both


def fitting(rows: Sequence[Row], cards: Sequence[str | None], model: Any, tokenizer: Any) -> list[int]:
    """Return the indices of the rows that the model can attend to, with either card.

    Raises DatasetError when none is left, and ModelError where the chat template refuses the messages.
    """
    room = context(model)
    lengths = [
        max(length(tokenizer, row), length(tokenizer, with_card(row, text)) if text else 0)
        for row, text in zip(rows, cards, strict=True)
    ]
    kept = [index for index, tokens in enumerate(lengths) if room is None or tokens <= room]
    if not kept:
        raise DatasetError(f"all {len(rows)} test rows are longer than the {room} tokens that the model attends to")
    return kept


def trained_beta(adapter: Path) -> float:
    """Return the beta that an adapter was trained with, the default where its training.json does not say."""
    try:
        return float(training_report(adapter)["settings"]["beta"])
    except (KeyError, TypeError, ValueError):
        return Settings.beta


def _slope(held: HeldOut, tokenizer: Any) -> float:
    columns = ("chosen", "rejected", "reader", "culture", "track")
    rows = list(itertools.islice(rows_of(held.folder / TRAIN, columns), _LENGTH_ROWS))
    return length_slope(answer_lengths(tokenizer, rows))


def _write_margins(rows: Sequence[Row], found: Margins, file: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    names = ("id", "reader", "culture", "track", "framework", "seed", "item", "book")
    columns: dict[str, list[Any] | Array] = {name: [row.get(name) for row in rows] for name in names}
    pq.write_table(pa.table({**columns, **found.by, "longer": found.longer, "tokens": found.tokens}), file)
