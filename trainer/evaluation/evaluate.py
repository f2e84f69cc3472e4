"""`gravity-trainer evaluate`: did the adapter help, on readers and seeds that it has not seen?"""

import itertools
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from gravity.trainer.clusters import Array
from gravity.trainer.dataset.contract import SUBJECTS, Row
from gravity.trainer.evaluation.controls import CONDITIONS, Margins, answer_lengths, length_slope, margins
from gravity.trainer.evaluation.heldout import HeldOut, held_out, rows_of
from gravity.trainer.evaluation.scorer import fitting, rounding, scorer_of, trained_beta
from gravity.trainer.evaluation.verdict import QUESTIONS, Change, mean_change, verdict
from gravity.trainer.intervals import RULE
from gravity.trainer.models.loading import load, trained_card_in
from gravity.trainer.output import atomic_folder, check_free
from gravity.trainer.progress import ProgressBar

_LENGTH_ROWS = 5000
_PASSES = 6  # adapter and base, each with the reader's profile, another's, and none


def evaluate(adapter: Path, dataset: Path, output: Path, base: str | None = None) -> dict[str, Any]:
    """Compare an adapter with its controls on a dataset's test split, and return what report.json holds.

    Writes report.json, report.md, margins.parquet (a row for each held-out row, a column for each condition) and plots
    to `output`. `base` None takes the base that the adapter was trained on.

    Raises UsageError, DatasetError or ModelError; then nothing is written.
    """
    from gravity.trainer.evaluation.figures import cells, reliability
    from gravity.trainer.evaluation.perplexity import perplexities
    from gravity.trainer.evaluation.report import write
    from gravity.trainer.evaluation.shuffled import shuffled_cards

    check_free(output)
    held = held_out(dataset)
    model, tokenizer = load(base, adapter)
    cards = shuffled_cards(held)
    card_in = trained_card_in(adapter)
    kept = fitting(held.rows, cards, model, tokenizer, card_in)
    rows, cards = [held.rows[index] for index in kept], [cards[index] for index in kept]
    beta = trained_beta(adapter)
    with ProgressBar("scoring", _PASSES * len(rows), "row") as progress:
        scorer = scorer_of(model, tokenizer, card_in, progress.advance)
        found = margins(rows, cards, scorer, beta, _slope(held, tokenizer))
    moved = found.by_condition["adapter, log-prob"] - found.by_condition["base"]
    change = Change(mean_change(moved), rounding(model, tokenizer, card_in, rows))
    every, *parts = cells(rows, found)
    report = {
        "adapter": adapter.resolve().name,
        "base": model.peft_config["default"].base_model_name_or_path if base is None else base,
        "beta": beta,
        "dataset": {"folder": held.folder.resolve().name, "train_sha256": held.train_sha256},
        "rows": len(rows),
        "left_out": {"longer than the model attends to": len(held.rows) - len(rows)},
        "without another reader's profile": cards.count(None),
        "conditions": CONDITIONS,
        "change": change,
        "rule": RULE,
        "verdicts": {name: verdict(every["differences"][name], change) for name in QUESTIONS},
        "cells": [every, *parts],
        "reliability": {name: reliability(margin) for name, margin in found.by_condition.items()},
        "perplexity": perplexities(model, tokenizer),
    }
    with atomic_folder(output) as folder:
        write(report, found, folder)
        _write_margins(rows, found, folder / "margins.parquet")
    return report


def _slope(held: HeldOut, tokenizer: Any) -> float:
    columns = ("chosen", "rejected", "reader", "culture", "track")
    rows = list(itertools.islice(rows_of(held.train, columns), _LENGTH_ROWS))
    return length_slope(answer_lengths(tokenizer, rows))


def _write_margins(rows: Sequence[Row], found: Margins, file: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    names = ("id", "reader", "culture", "track", "framework", *SUBJECTS)
    columns: dict[str, list[Any] | Array] = {name: [row.get(name) for row in rows] for name in names}
    pq.write_table(pa.table({**columns, **found.by_condition, "longer": found.longer, "tokens": found.tokens}), file)
