"""Early stopping: training is watched on rows it does not see, ends when they gain no more, and its best step is kept.

What was best and whether to stop follow from the log alone, so a resumed run and every process come to the same. The
best step's adapter lies in its checkpoint, as it does in transformers.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

    from gravity.trainer.training.loop import Loop

EVAL_LOSS = "eval_loss"
_REPORTED = ("loss", "rewards/accuracies", "rewards/margins")

Log = Sequence[dict[str, float]]


@dataclass(frozen=True)
class EarlyStopping:
    """Evaluates the `rows` of a loop's pairs every `steps` steps, and gives up after `patience` without a gain."""

    rows: Sequence[int]
    steps: int
    patience: int

    def due(self, step: int, last: int) -> bool:
        """Say whether to evaluate after a step, counted from 1; after the `last` one always."""
        return step % self.steps == 0 or step == last

    def evaluate(self, loop: "Loop") -> dict[str, float]:
        """Return the mean loss, and where the loss has rewards their accuracies and margins, over the rows."""
        found = row_figures(loop, self.rows)
        return {f"eval_{name}": float(values.mean()) for name, values in found.items()}

    def exhausted(self, log: Log) -> bool:
        """Say whether the last `patience` evaluations were none of them better than the best before."""
        evaluated = evaluations(log)
        return bool(evaluated) and len(evaluated) - 1 - _improvements(evaluated)[-1] >= self.patience

    def worth_keeping(self, log: Log) -> set[int]:
        """Return the steps whose checkpoints are to be kept: the best, and the best before it.

        Each evaluation leaves a checkpoint, so a run that resumes from the last but one finds its best too.
        """
        evaluated = evaluations(log)
        return {int(evaluated[place]["step"]) for place in _improvements(evaluated)[-2:]}


def row_figures(loop: "Loop", rows: Sequence[int]) -> dict[str, "Tensor"]:
    """Return the loss of each of the rows and, where it has rewards, accuracy (0 or 1) and margin, without a gradient.

    Every process gets the figures of all rows.
    """
    import torch

    from gravity.trainer.training.reference import scored_parts

    accelerator, pairs = loop.accelerator, loop.pairs
    inner = accelerator.unwrap_model(loop.model)
    answer_tokens = sum(len(pairs[row].chosen) for row in rows) / len(rows)
    place = {row: number for number, row in enumerate(rows)}
    names = _REPORTED[:1] if loop.settings.loss_type == "sft" else _REPORTED
    found = torch.zeros(len(names), len(rows), device=loop.batches.device)
    for part, logps in scored_parts(inner, pairs, rows, loop.batches, accelerator):
        figures = loop.figures(logps, part, answer_tokens)
        found[:, [place[row] for row in part]] = torch.stack([figures[name] for name in names])
    return dict(zip(names, accelerator.reduce(found), strict=True))


def evaluations(log: Log) -> list[dict[str, float]]:
    """Return the records of a log that have an evaluation."""
    return [record for record in log if EVAL_LOSS in record]


def best_step(log: Log) -> int | None:
    """Return the step with the lowest loss on the rows held out, the first of several; None without evaluations."""
    evaluated = evaluations(log)
    return int(evaluated[_improvements(evaluated)[-1]]["step"]) if evaluated else None


def _improvements(evaluated: Log) -> list[int]:
    """Return the places of the first evaluation and of each that was better than all before it."""
    places = [0] if evaluated else []
    for place, record in enumerate(evaluated):
        if _loss(record) < _loss(evaluated[places[-1]]):
            places.append(place)
    return places


def _loss(record: dict[str, float]) -> float:
    # What is no number is worse than any.
    return math.inf if math.isnan(record[EVAL_LOSS]) else record[EVAL_LOSS]
