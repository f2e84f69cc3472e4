"""Packs longer than what goes through the model at once: computed in pieces, to the same gradients.

In the order of a pack a token attends to none after it, so the pack can be cut anywhere. Its pieces are computed in
order without gradients, and of each layer the keys and values are kept (`gravity.trainer.sharing.kept`). That gives
the log-probabilities, and those the loss and its gradient by each of them. Then the pieces are computed once more, from
the last to the first, each with its backward pass. So activations of one piece are held at a time, and the forward
pass is made twice.
"""

import contextlib
import itertools
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from gravity.trainer.sharing import logps
from gravity.trainer.sharing.logps import Batch, token_logps

if TYPE_CHECKING:
    from torch import Tensor

    from gravity.trainer.sharing.kept import Kept, Piece


def answer_logps(model: Any, batch: Batch) -> "Tensor":
    """Return what `logps.answer_logps` does, without gradients, in pieces where the batch is to be cut."""
    if not batch.cut:
        return logps.answer_logps(model, batch)
    return batch.sums(_values(model, batch, {}))


def learned_logps(model: Any, batch: Batch) -> tuple["Tensor", Callable[[], None]]:
    """Return log-probabilities as `answer_logps` does, and what to call after the backward pass of their loss.

    Only then have all the model's parameters their gradients. Wrapped for several processes (DDP), the model exchanges
    gradients at the last piece, unless it is told not to at all.
    """
    if not batch.cut:
        return logps.answer_logps(model, batch), lambda: None
    layers: dict[Any, Kept] = {}
    sums = batch.sums(_values(model, batch, layers)).requires_grad_()
    return sums, lambda: _backward(model, batch, layers, sums)


def follows_length(config: Any) -> bool:
    """Say whether a model's rotary embeddings change with the length of what it is given: then it takes no pieces."""
    given = getattr(config.get_text_config(), "rope_parameters", None) or {}
    kinds = [given, *(part for part in given.values() if isinstance(part, dict))]
    # As transformers' `dynamic_rope_update` has it.
    return any("dynamic" in str(kind.get("rope_type")) or kind.get("rope_type") == "longrope" for kind in kinds)


def _values(model: Any, batch: Batch, layers: "dict[Any, Kept]") -> "Tensor":
    """Compute all pieces in order; return the log-probability at each place and fill `layers`."""
    import torch

    with torch.no_grad():
        return torch.cat([_passed(model, batch, part, layers)[0] for part in _parts(batch)])


def _backward(model: Any, batch: Batch, layers: "dict[Any, Kept]", sums: "Tensor") -> None:
    """Add to the parameters' gradients what follows from those of the `sums`."""
    import torch

    from gravity.trainer.sharing.kept import computing

    assert sums.grad is not None
    slopes = sums.new_zeros(batch.tokens).index_add(0, batch.places, sums.grad[batch.owners])
    parts = list(_parts(batch))
    for part in reversed(parts):
        waits = part is not parts[0] and hasattr(model, "no_sync")
        with model.no_sync() if waits else contextlib.nullcontext():
            found, piece = _passed(model, batch, part, layers)
            with computing(piece):  # with checkpointing layers are computed again
                torch.autograd.backward(found, slopes[part])
    layers.clear()


def _passed(model: Any, batch: Batch, part: slice, layers: "dict[Any, Kept]") -> "tuple[Tensor, Piece]":
    from gravity.trainer.sharing.kept import Piece, computing

    inputs = {name: values[..., part] for name, values in batch.inputs.items()}
    until = batch.inputs["attention_mask"].view(-1)[: part.stop]
    if not (inputs["shift_labels"] >= 0).any():
        # No head has to do without a label: this one's place is none of the batch's and counts for nothing.
        inputs["shift_labels"] = inputs["shift_labels"].index_fill(-1, until.new_zeros(1), 0)
    piece = Piece(until, part.start, batch.tokens, layers)
    with computing(piece):
        return token_logps(model, inputs), piece


def _parts(batch: Batch) -> Iterator[slice]:
    """Yield pieces of like length, in order."""
    assert batch.most is not None
    count = -(-batch.tokens // batch.most)
    ends = [batch.tokens * number // count for number in range(count + 1)]
    return (slice(begin, end) for begin, end in itertools.pairwise(ends))
