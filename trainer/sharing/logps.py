"""Sums of log-probabilities over the answers of pairs, from one forward pass over a batch of them."""

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from gravity.trainer.errors import ModelError
from gravity.trainer.sharing.masks import BLOCK, blockwise
from gravity.trainer.sharing.packing import Indices, Tokens, pack

if TYPE_CHECKING:
    from torch import Tensor

_IGNORED = -100


@dataclass(frozen=True)
class Scored:
    """A sequence whose tokens from `start` (at least 1) on are scored; those before are its prompt."""

    tokens: Tokens
    start: int


@dataclass(frozen=True)
class Batch:
    """What a model is given, and where in its output the scored tokens of each sequence are.

    `inputs` are keyword arguments of the model, its `shift_labels` the token that each place predicts. `places`
    are indices into the flattened output, `owners` the sequence that each belongs to. `tokens` counts the tokens
    that are computed, padding included. A pack is to be cut into pieces of `most` tokens at most (None: never).
    """

    inputs: dict[str, Any]
    places: "Tensor"
    owners: "Tensor"
    sequences: int
    tokens: int
    most: int | None = None

    @property
    def cut(self) -> bool:
        """Say whether it is too long to be computed at once, for `gravity.trainer.sharing.pieces`."""
        return self.most is not None and self.tokens > self.most

    def sums(self, per_token: "Tensor") -> "Tensor":
        """Add up for each sequence the log-probabilities of its scored tokens, given those at all places."""
        sums: Tensor = per_token.new_zeros(self.sequences).index_add(0, self.owners, per_token[self.places])
        return sums


def shared(sequences: Sequence[Scored], device: Any, flex: bool) -> Batch:
    """Pack the sequences so that what they begin with is computed once.

    The mask is FlexAttention's with `flex`, else that of `gravity.trainer.sharing.blocks`.
    """
    import torch

    packed = pack([sequence.tokens for sequence in sequences])
    # Padding sees only itself. FlexAttention's blocks are whole, and few lengths mean few compilations.
    filling = np.arange(len(packed), len(packed) + (-len(packed) % BLOCK if flex else 0))
    ids, positions = (np.concatenate([part, 0 * filling]) for part in (packed.ids, packed.positions))
    until = torch.as_tensor(np.concatenate([packed.until, filling + 1]), device=device)
    labels = np.full(len(ids), _IGNORED)
    for sequence, path in zip(sequences, packed.paths, strict=True):
        labels[path[sequence.start - 1 : -1]] = sequence.tokens[sequence.start :]
    inputs = {
        "input_ids": torch.as_tensor(ids, device=device)[None],
        "position_ids": torch.as_tensor(positions, device=device)[None],
        "shift_labels": torch.as_tensor(labels, device=device)[None],
        "attention_mask": blockwise(until) if flex else until[None, None, None],
    }
    paths = [path[sequence.start - 1 : -1] for sequence, path in zip(sequences, packed.paths, strict=True)]
    return _batch(inputs, paths)


def padded(sequences: Sequence[Scored], device: Any) -> Batch:
    """Set each sequence in a row of its own, filled up on the right, as TRL does."""
    import torch

    width = max(len(sequence.tokens) for sequence in sequences)
    ids = np.zeros((len(sequences), width), dtype=np.int64)
    mask, labels = np.zeros_like(ids), np.full_like(ids, _IGNORED)
    paths = []
    for row, sequence in enumerate(sequences):
        length = len(sequence.tokens)
        ids[row, :length], mask[row, :length] = sequence.tokens, 1
        labels[row, sequence.start - 1 : length - 1] = sequence.tokens[sequence.start :]
        paths.append(row * width + np.arange(sequence.start - 1, length - 1))
    arrays = {"input_ids": ids, "attention_mask": mask, "shift_labels": labels}
    return _batch({name: torch.as_tensor(array, device=device) for name, array in arrays.items()}, paths)


def add_head(model: Any) -> None:
    """Let a causal language model, with or without an adapter, answer `shift_labels` with log-probabilities.

    The head is TRL's: only labelled places meet the vocabulary, in tiles, so that no matrix of tokens by
    vocabulary is made, and models that scale or cap their logits are scored as they write. Raises ModelError for one
    whose body cannot be told from its head.
    """
    from peft import PeftModel
    from trl.trainer.utils import add_fused_lm_head

    inner: Any = model.get_base_model() if isinstance(model, PeftModel) else model
    if inner.base_model is inner:
        raise ModelError(
            f"the architecture {inner.config.model_type} does not say which part of it comes before the head, so its "
            "answers cannot be scored: use another base"
        )
    if not getattr(inner, "scores_labels", False):
        add_fused_lm_head(inner)
        inner.scores_labels = True


def answer_logps(model: Any, batch: Batch) -> "Tensor":
    """Return the sum of log-probabilities of each sequence's scored tokens, float32, shape (sequences,).

    `model` has the head of `add_head`; on CUDA the pass runs in bfloat16. The batch is computed at once.
    """
    return batch.sums(token_logps(model, batch.inputs))


def token_logps(model: Any, inputs: dict[str, Any]) -> "Tensor":
    """Return the log-probability of each label of a batch's `inputs`, float32, shape (tokens,)."""
    with precision(inputs["input_ids"].device), _labelled_places_only():
        found: Tensor = model(**inputs, use_cache=False, fused_lm_head=True).log_probs.flatten().float()
    return found


def precision(device: Any) -> Any:
    """Return the context in which models run: bfloat16 on CUDA, elsewhere what their weights are in."""
    import torch

    return torch.autocast(device.type, dtype=torch.bfloat16, enabled=device.type == "cuda")


@contextlib.contextmanager
def _labelled_places_only() -> Iterator[None]:
    """Have TRL's head leave out places without a label on every device, inside the block.

    Without Triton it scores all places and drops those afterwards, so as to keep shapes the same. Leaving them out
    changes no figure and saves 40% of the time on a CPU. The switch is private to TRL: pyproject.toml pins the minor
    version, and tests/trainer/test_trl_head.py fails where TRL changes it.
    """
    import trl.trainer.utils as utils

    names = vars(utils)
    before = names["_use_triton"]
    names["_use_triton"] = lambda device: True
    try:
        yield
    finally:
        names["_use_triton"] = before


def _batch(inputs: dict[str, Any], paths: list[Indices]) -> Batch:
    import torch

    device = inputs["input_ids"].device
    return Batch(
        inputs=inputs,
        places=torch.as_tensor(np.concatenate(paths), device=device),
        owners=torch.as_tensor(np.repeat(np.arange(len(paths)), [len(path) for path in paths]), device=device),
        sequences=len(paths),
        tokens=inputs["input_ids"].numel(),
    )
