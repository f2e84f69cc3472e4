"""Scoring held-out rows under an adapter and its base: which rows fit, and with which beta."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from gravity.trainer.dataset.contract import Row
from gravity.trainer.dataset.profile import with_card
from gravity.trainer.errors import DatasetError
from gravity.trainer.evaluation.controls import Scorer
from gravity.trainer.models.loading import context, training_report
from gravity.trainer.placing import placed_row
from gravity.trainer.settings import CardIn, Settings
from gravity.trainer.sharing.scoring import Score, length, score

_MAX_TOKENS = 4096


def scorer_of(model: Any, tokenizer: Any, card_in: CardIn, progress: Callable[[int], object]) -> Scorer:
    """Return the function that scores rows under a model with its adapter, and without.

    The card stands in the prompt where training had it: see `trained_card_in`.
    """

    def both(rows: Sequence[Row]) -> tuple[list[Score], list[Score]]:
        rows = [placed_row(row, card_in) for row in rows]
        own = score(model, tokenizer, rows, max_tokens=_MAX_TOKENS, progress=progress)
        with model.disable_adapter():
            return own, score(model, tokenizer, rows, max_tokens=_MAX_TOKENS, progress=progress)

    return both


def fitting(rows: Sequence[Row], cards: Sequence[str | None], model: Any, tokenizer: Any, card_in: CardIn) -> list[int]:
    """Return the indices of the rows that the model can attend to, with either card.

    Raises DatasetError when none is left, and ModelError where the chat template refuses the messages.
    """
    room = context(model)

    def tokens_of(row: Row) -> int:
        return length(tokenizer, placed_row(row, card_in))

    lengths = [
        max(tokens_of(row), tokens_of(with_card(row, text)) if text else 0)
        for row, text in zip(rows, cards, strict=True)
    ]
    kept = [index for index, tokens in enumerate(lengths) if room is None or tokens <= room]
    if not kept:
        raise DatasetError(
            f"all {len(rows)} test rows are longer than the {room} tokens that the model attends to: "
            "use a base with a longer context"
        )
    return kept


def trained_beta(adapter: Path) -> float:
    """Return the beta that an adapter was trained with, the default where its training.json does not say."""
    try:
        return float(training_report(adapter)["settings"]["beta"])
    except (KeyError, TypeError, ValueError):
        return Settings.beta
