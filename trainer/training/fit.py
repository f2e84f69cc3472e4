"""Makes pairs fit the length that a run allows: longer ones are left out or cut, and counted."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from gravity.trainer.dataset.files import Preferences
from gravity.trainer.dataset.splits import TRAIN, split
from gravity.trainer.errors import DatasetError
from gravity.trainer.models.loading import context
from gravity.trainer.placing import placed_row
from gravity.trainer.progress import ProgressBar
from gravity.trainer.settings import Settings, TruncationMode
from gravity.trainer.sharing.tokens import Pair, tokenize


@dataclass(frozen=True)
class Fitted:
    """Pairs that fit, the index of the row of each, and how many of them were cut and of all were left out."""

    pairs: list[Pair]
    kept: list[int]
    cut: int
    left_out: int
    longest: int

    def warning(self, limit_name: str) -> str | None:
        """Say in one line what did not fit, None where all did."""
        if not self.cut and not self.left_out:
            return None
        done = [f"{count} {what}" for count, what in ((self.left_out, "left out"), (self.cut, "cut")) if count]
        return (
            f"{self.cut + self.left_out} of {len(self.kept) + self.left_out} training rows are longer than "
            f"{limit_name} (the longest has {self.longest} tokens): {', '.join(done)}"
        )


def limit(max_length: int, context: int | None) -> tuple[int, str]:
    """Return how many tokens a pair may have, and what sets that limit, in words."""
    if context is not None and context < max_length:
        return context, f"the model's context of {context}"
    return max_length, f"--max-length {max_length}"


def fit(pairs: Iterable[Pair], length: int, mode: TruncationMode, limit_name: str) -> Fitted:
    """Leave out pairs of more than `length` tokens ("drop"), or keep of each side that many ("keep_start").

    As in TRL, a pair whose prompt alone is that long is left out in either mode. Raises DatasetError, which names
    `limit_name`, when none is left.
    """
    fitted, kept, lengths, cut = [], [], [], 0
    for index, pair in enumerate(pairs):
        lengths.append(len(pair))
        if len(pair) > length:
            if mode == "drop" or len(pair.prompt) >= length:
                continue
            pair, cut = pair.cut(length), cut + 1
        fitted.append(pair)
        kept.append(index)
    if not kept:
        hint = "raise it" if limit_name.startswith("--") else "give a base with a longer one"
        raise DatasetError(
            f"all {len(lengths)} training rows are longer than {limit_name} "
            f"(the shortest has {min(lengths)} tokens): {hint}"
        )
    return Fitted(fitted, kept, cut, len(lengths) - len(kept), max(lengths))


def fitted_pairs(
    settings: Settings, data: Preferences, model: Any, tokenizer: Any, watched: bool
) -> tuple[Fitted, str | None]:
    """Tokenize a dataset's training rows as a run sees them, and make them fit; say what did not.

    Of the model only the configuration is looked at. `watched` draws a progress bar.
    """
    with ProgressBar("tokenizing", data.train.num_rows, "row", watched) as progress:
        rows = (placed_row(row, settings.card_in) for row in data.rows())
        source = split(data.folder, TRAIN).file_name
        pairs = list(tokenize(tokenizer, rows, progress.advance, source=source))
    length, limit_name = limit(settings.max_length, context(model))
    fitted = fit(pairs, length, settings.truncation_mode, limit_name)
    return fitted, fitted.warning(limit_name)
