"""Log-probabilities of the answers of preference pairs under a model, without gradients."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from gravity.trainer.dataset.contract import Row
from gravity.trainer.errors import ModelError
from gravity.trainer.sharing.attention import Batches, prepare_model
from gravity.trainer.sharing.logps import add_head
from gravity.trainer.sharing.pieces import answer_logps, follows_length
from gravity.trainer.sharing.plan import groups
from gravity.trainer.sharing.tokens import Pair, tokenize


@dataclass(frozen=True)
class Score:
    """Sums of log-probabilities (natural, at most 0) of both answers given the prompt, and their token counts."""

    chosen: float
    rejected: float
    chosen_tokens: int
    rejected_tokens: int

    @property
    def margin(self) -> float:
        """How much likelier the chosen answer is than the rejected, in nats."""
        return self.chosen - self.rejected


def score(
    model: Any,
    tokenizer: Any,
    rows: Sequence[Row],
    *,
    max_tokens: int,
    progress: Callable[[int], object] = lambda done: None,
) -> list[Score]:
    """Score the answers of each row, of which `prompt`, `chosen` and `rejected` are message lists.

    Tokens are TRL's: the prompt by the chat template with its opening of the assistant's turn, then what the
    template makes of the answer. What prompts begin with is computed once where the model can share it. At most
    `max_tokens` tokens are computed at once, except that a longer pair is computed alone, in pieces where
    `Batches.cuts` says so. `progress` is called with the number of rows just done.
    """
    import torch

    if not rows:
        return []
    pairs = list(tokenize(tokenizer, rows))
    add_head(model)
    before = model.config._attn_implementation
    sums: list[list[float]] = [[]] * len(pairs)
    try:
        batches = _batches(model, pairs, max_tokens)
        with torch.no_grad():
            for part in batches.split(pairs, [int(row) for group in groups(pairs) for row in group]):
                found = answer_logps(model, batches.make([pairs[row] for row in part])).view(2, len(part))
                for row, both in zip(part, found.T.tolist(), strict=True):
                    sums[row] = both
                progress(len(part))
    finally:
        model.set_attn_implementation(before)
    return [
        Score(chosen, rejected, len(pair.chosen), len(pair.rejected))
        for (chosen, rejected), pair in zip(sums, pairs, strict=True)
    ]


def length(tokenizer: Any, row: Row) -> int:
    """Tokens of a row's prompt with the longer of its answers."""
    return len(next(tokenize(tokenizer, [row])))


def _batches(model: Any, pairs: list[Pair], max_tokens: int) -> Batches:
    batches = Batches("shared", max_tokens, model.device, whole=follows_length(model.config))
    try:
        prepare_model(model, batches, pairs)
    except ModelError:
        return replace(batches, attention="plain")
    return batches
