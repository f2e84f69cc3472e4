"""Scoring held-out rows under an adapter and its base: which rows fit, and with which beta."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from gravity.trainer.dataset.contract import Row
from gravity.trainer.dataset.profile import with_card
from gravity.trainer.errors import DatasetError
from gravity.trainer.evaluation.controls import Scorer
from gravity.trainer.evaluation.verdict import mean_change
from gravity.trainer.models.loading import context, trained_settings
from gravity.trainer.placing import placed_row
from gravity.trainer.settings import CardIn, Settings
from gravity.trainer.sharing.scoring import Score, length, score

_MAX_TOKENS = 4096
_ROUNDED_ROWS = 64
_FAINT = 1e-5  # far below what training makes of B; with a hundredth of it bfloat16 rounds everything away


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


def rounding(model: Any, tokenizer: Any, card_in: CardIn, rows: Sequence[Row]) -> float:
    """Return how far rounding alone moves the log-odds between the two answers of a pair, in the mean, in nats.

    It is what is left of a LoRA adapter scaled down until its B matrices are 1e-5 in root mean square, on at most 64 of
    the rows. That adds next to nothing, but in half precision some activations are then rounded otherwise, and the
    layers above make more of it. 0 for an adapter that is more than LoRA, whose strength cannot be set.
    """
    from peft.helpers import rescale_adapter_scale

    config = model.peft_config[model.active_adapter]
    if getattr(config, "use_dora", True) or config.modules_to_save:
        return 0.0
    weights = [weight for name, weight in model.named_parameters() if "lora_B" in name]
    size = max(_FAINT, float(np.sqrt(np.mean([float(weight.detach().float().square().mean()) for weight in weights]))))
    some = rows[:: -(-len(rows) // _ROUNDED_ROWS)]
    with rescale_adapter_scale(model, _FAINT / size):
        own, base = scorer_of(model, tokenizer, card_in, lambda done: None)(some)
    return mean_change(np.array([one.margin - ref.margin for one, ref in zip(own, base, strict=True)]))


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
        return float(trained_settings(adapter)["beta"])
    except (KeyError, TypeError, ValueError):
        return Settings.beta
