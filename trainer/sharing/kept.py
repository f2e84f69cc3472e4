"""Keys and values of a pack that goes through the model piece by piece, for the pieces that come later.

A piece is the tokens from `begin` to `end` of a pack. It attends to all before it too, whose keys and values each
layer has kept. What its backward pass has to tell those tokens is added up here, layer by layer, until their own
piece's backward pass, which comes later, takes it over as if they had been computed together.
"""

import contextlib
from collections.abc import Iterator
from typing import Any

from torch import Tensor


class Kept:
    """One layer's keys and values (1, heads, n, width) of a pack of n tokens, and the loss's gradients by them."""

    def __init__(self, own: tuple[Tensor, Tensor], tokens: int) -> None:
        """Make room for a pack like the piece whose `own` keys and values are given."""
        self._tensors = self._room(own, tokens)
        self._gradients: tuple[Tensor, ...] = ()

    def put(self, own: tuple[Tensor, Tensor], begin: int) -> tuple[Tensor, Tensor]:
        """Keep those of the piece that begins there; return them with all before them."""
        end = begin + own[0].shape[2]
        for whole, part in zip(self._tensors, own, strict=True):
            whole[:, :, begin:end] = part
        keys, values = (whole[:, :, :end] for whole in self._tensors)
        return keys, values

    def gradients(self, end: int) -> tuple[Tensor, Tensor]:
        """Return the gradients by the first keys and values, to be added to in place."""
        if not self._gradients:
            self._gradients = self._room(self._tensors, self._tensors[0].shape[2])
        keys, values = (whole[:, :, :end] for whole in self._gradients)
        return keys, values

    @staticmethod
    def _room(like: tuple[Tensor, ...], tokens: int) -> tuple[Tensor, ...]:
        return tuple(one.new_zeros(*one.shape[:2], tokens, one.shape[3]) for one in like)


class Piece:
    """What attention has to know of the piece that the model is computing.

    `until` is the pack's up to the end of the piece. `layers` belongs to the pack, which has `tokens` tokens.
    """

    def __init__(self, until: Tensor, begin: int, tokens: int, layers: dict[Any, Kept]) -> None:
        """Describe it; `layers` is empty before the first piece."""
        self.until, self.begin = until, begin
        self._tokens, self._layers = tokens, layers

    def kept(self, layer: Any, own: tuple[Tensor, Tensor]) -> Kept:
        """Return what is kept of an attention module, which has computed its `own` keys and values of the piece."""
        if layer not in self._layers:
            self._layers[layer] = Kept(own, self._tokens)
        return self._layers[layer]


_current: Piece | None = None


def current() -> Piece | None:
    """Return the piece that is being computed, None where packs are computed whole.

    It is the same in all threads, since CUDA's backward passes, and with checkpointing what they compute again, run
    in threads of their own.
    """
    return _current


@contextlib.contextmanager
def computing(piece: Piece) -> Iterator[None]:
    """Let attention compute the piece, inside the block."""
    global _current
    _current = piece
    try:
        yield
    finally:
        _current = None
