"""Turns rows into tokens as TRL's DPOTrainer does."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np

from gravity.trainer.dataset.contract import Messages
from gravity.trainer.errors import ModelError, brief
from gravity.trainer.sharing.packing import Tokens, common_prefix

_BATCH = 500


@dataclass(frozen=True)
class Pair:
    """The tokens of a row: `prompt` with the opening of the assistant's turn, and the two answers after it."""

    prompt: Tokens
    chosen: Tokens
    rejected: Tokens

    def __len__(self) -> int:
        """Count the tokens of the longer of the two sequences."""
        return len(self.prompt) + max(len(self.chosen), len(self.rejected))

    def sequences(self) -> tuple[Tokens, Tokens]:
        """Return prompt and chosen answer, prompt and rejected answer."""
        return np.concatenate([self.prompt, self.chosen]), np.concatenate([self.prompt, self.rejected])

    def cut(self, length: int) -> "Pair":
        """Keep the first `length` tokens of either sequence; the prompt must be shorter than that."""
        room = length - len(self.prompt)
        return Pair(self.prompt, self.chosen[:room], self.rejected[:room])


def tokenize(
    tokenizer: Any, rows: Iterable[Mapping[str, Messages]], progress: Callable[[int], object] = lambda done: None
) -> Iterator[Pair]:
    """Tokenize prompt, chosen and rejected of each row with the tokenizer's chat template.

    As in TRL, an answer begins where the prompt with its generation prompt and the whole conversation part, and ends
    as the template ends it. `progress` is called with the number of rows of each batch. Raises ModelError where the
    template refuses the messages.
    """
    remaining = iter(rows)
    while batch := list(islice(remaining, _BATCH)):
        prompts = _encode(tokenizer, [row["prompt"] for row in batch], add_generation_prompt=True)
        chosen, rejected = (
            _encode(tokenizer, [row["prompt"] + row[side] for row in batch]) for side in ("chosen", "rejected")
        )
        for prompt, one, other in zip(prompts, chosen, rejected, strict=True):
            start = min(common_prefix(prompt, one), common_prefix(prompt, other))
            yield Pair(prompt[:start], one[start:], other[start:])
        progress(len(batch))


def _encode(tokenizer: Any, conversations: list[Messages], **options: bool) -> list[Tokens]:
    from jinja2 import TemplateError

    try:
        encoded = tokenizer.apply_chat_template(conversations, tokenize=True, return_dict=True, **options)
    except TemplateError as error:
        raise ModelError(f"the base's chat template refuses the messages ({brief(error)}): use another base") from error
    return [np.asarray(ids, dtype=np.int32) for ids in encoded["input_ids"]]
