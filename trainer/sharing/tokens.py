"""Turns rows into tokens as TRL's DPOTrainer does."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np

from gravity.trainer.dataset.contract import Messages
from gravity.trainer.errors import ModelError
from gravity.trainer.models.template import left_out, lost, rendered
from gravity.trainer.sharing.packing import Tokens, common_prefix

_BATCH = 500
_SIDES = ("chosen", "rejected")
_ASKING = ("system", "user")


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
    tokenizer: Any,
    rows: Iterable[Mapping[str, Messages]],
    progress: Callable[[int], object] = lambda done: None,
    source: str | None = None,
) -> Iterator[Pair]:
    """Tokenize prompt, chosen and rejected of each row with the tokenizer's chat template.

    As in TRL, an answer begins where the prompt with its generation prompt and the whole conversation part, and ends
    as the template ends it. `progress` is called with the number of rows of each batch.

    Raises ModelError where the template refuses messages, or leaves out what a system or a user message of the prompt
    or an answer says. Where the rows are those of a file, in its order, `source` is its name: the error then says
    which row it is.
    """
    remaining, number = iter(rows), 0
    while batch := list(islice(remaining, _BATCH)):
        texts = [rendered(tokenizer, [row["prompt"] for row in batch], add_generation_prompt=True)]
        texts += [rendered(tokenizer, [row["prompt"] + row[side] for row in batch]) for side in _SIDES]
        for row, *three in zip(batch, *texts, strict=True):
            number += 1
            message = _lost(row, *three)
            if message is not None:
                raise ModelError(f"{source} row {number}: {left_out(message)}" if source else left_out(message))
        for prompt, one, other in zip(*(_encode(tokenizer, part) for part in texts), strict=True):
            start = min(common_prefix(prompt, one), common_prefix(prompt, other))
            yield Pair(prompt[:start], one[start:], other[start:])
        progress(len(batch))


def _lost(row: Mapping[str, Messages], prompt: str, *conversations: str) -> Mapping[str, str] | None:
    """Return the first message that is not where it has to be in the texts of a row, None where all are.

    Earlier turns of the assistant are not looked for: templates cut the thinking out of them.
    """
    asked = [message for message in row["prompt"] if message["role"] in _ASKING]
    # What the three have in common: a card after it would be scored as part of the answer.
    alike = all(text.startswith(prompt) for text in conversations)
    missing = lost(prompt if alike else _beginning(prompt, *conversations), asked)
    for side, text in zip(_SIDES, conversations, strict=True):
        said = [message for message in row[side] if message["role"] in _ASKING or message is row[side][-1]]
        missing = missing or lost(text, [*asked, *said])
    return missing


def _beginning(*texts: str) -> str:
    """Return what all texts begin with."""
    letters = enumerate(zip(*texts, strict=False))
    return texts[0][: next((at for at, those in letters if len(set(those)) > 1), min(map(len, texts)))]


def _encode(tokenizer: Any, texts: list[str]) -> list[Tokens]:
    # As apply_chat_template does it.
    return [np.asarray(ids, dtype=np.int32) for ids in tokenizer(texts, add_special_tokens=False)["input_ids"]]
