"""Attention over a pack without the parts that its mask hides, for devices without FlexAttention's kernels.

Queries are taken a block at a time, with only those blocks of keys that it can see. What it costs grows with what
is seen, not with the square of the pack, and nothing of that size is made: as with FlexAttention, the backward pass
computes the probabilities again.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.utils.weak import WeakTensorKeyDictionary
from transformers import AttentionInterface, AttentionMaskInterface
from transformers.integrations.sdpa_attention import sdpa_attention_forward
from transformers.masking_utils import sdpa_mask

from gravity.trainer.sharing.kept import Kept, current
from gravity.trainer.sharing.masks import seen_blocks
from gravity.trainer.sharing.products import product

NAME = "gravity_blocks"

# Tokens: smaller ones see less that is hidden, larger ones are fewer calls.
BLOCK = 128


class _Part(NamedTuple):
    """Queries, runs of keys they see some of, and what is added to their scores: 0 where they see, else -infinity."""

    rows: slice
    keys: list[slice]
    mask: Tensor

    def taken(self, head: Tensor) -> Tensor:
        """Return the keys' rows of one head (n, width)."""
        return torch.cat([head[run] for run in self.keys])

    def add(self, head: Tensor, gradient: Tensor) -> None:
        """Add to one head (n, width) what `taken` of it is given back."""
        at = 0
        for run in self.keys:
            size = run.stop - run.start
            head[run] += gradient[at : at + size]
            at += size


# The parts of a pack, as long as its mask is there: every layer has the same.
_known: Any = WeakTensorKeyDictionary()


def register() -> None:
    """Make the attention known to transformers as NAME.

    A mask of whole numbers, shape (1, 1, 1, n), is taken for a pack's `until`; with any other mask, or none, it is
    transformers' own scaled_dot_product_attention. Of a pack in pieces it says only that there is one: what a piece
    attends to is with `gravity.trainer.sharing.kept`.
    """
    AttentionInterface.register(NAME, _forward)
    AttentionMaskInterface.register(NAME, sdpa_mask)


def _forward(
    module: Any, query: Tensor, key: Tensor, value: Tensor, attention_mask: Tensor | None, **options: Any
) -> tuple[Tensor, None]:
    if attention_mask is None or attention_mask.dtype != torch.long:
        plain, _ = sdpa_attention_forward(module, query, key, value, attention_mask, **options)
        return plain, None
    if any(options.get(name) is not None for name in ("position_bias", "s_aux")):
        raise ValueError("attention scores are biased, or share their sum with a sink")
    piece = current()
    until, begin = (attention_mask, 0) if piece is None else (piece.until, piece.begin)
    kept = piece.kept(module, (key, value)) if piece is not None else None
    if until not in _known:
        _known[until] = list(_parts(until.view(-1), query.dtype, begin))
    scale = options.get("scaling")
    scale = query.shape[-1] ** -0.5 if scale is None else scale
    parts, cap = _known[until], options.get("softcap")
    output: Tensor = _Blocks.apply(query, key, value, parts, scale, cap, kept, begin)  # type: ignore[no-untyped-call]
    return output, None


class _Blocks(torch.autograd.Function):
    """Queries (1, heads, n, width), keys and values (1, fewer heads, n, width); gives (1, n, heads, width).

    With `kept` they are those of a piece that begins there, and its gradients those of the later pieces as well.
    """

    @staticmethod
    def forward(
        ctx: Any,
        query: Tensor,
        key: Tensor,
        value: Tensor,
        parts: list[_Part],
        scale: float,
        cap: float | None,
        kept: Kept | None,
        begin: int,
    ) -> Tensor:
        ctx.save_for_backward(query, key, value)
        ctx.parts, ctx.scale, ctx.cap, ctx.kept, ctx.begin = parts, scale, cap, kept, begin
        if kept is not None:
            key, value = kept.put((key, value), begin)
        output = query.new_empty(1, query.shape[2], query.shape[1], value.shape[3])
        for part in parts:
            for heads, head in _heads(query, key):
                asked = _folded(query[0, heads, part.rows], scale)
                chances, _ = _chances(asked, part.taken(key[0, head]), part.mask, cap)
                found = product(chances, part.taken(value[0, head]).t())
                output[0, part.rows, heads] = found.view(-1, len(part.mask), found.shape[1]).transpose(0, 1)
        return output

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        query, key, value = ctx.saved_tensors
        d_query, begin = torch.zeros_like(query), ctx.begin
        if ctx.kept is not None:
            key, value = ctx.kept.put((key, value), begin)
            d_key, d_value = ctx.kept.gradients(key.shape[2])
        else:
            d_key, d_value = torch.zeros_like(key), torch.zeros_like(value)
        for part in ctx.parts:
            for heads, head in _heads(query, key):
                asked, found = _folded(query[0, heads, part.rows], ctx.scale), part.taken(key[0, head])
                chances, slope = _chances(asked, found, part.mask, ctx.cap)
                d_output = gradients[0][0, part.rows, heads].transpose(0, 1).flatten(0, 1)
                part.add(d_value[0, head], product(d_output.t(), chances.t()).t())
                d_chances = product(d_output, part.taken(value[0, head]))
                d_scores = torch._softmax_backward_data(d_chances, chances, -1, chances.dtype)
                if slope is not None:
                    d_scores = d_scores * slope
                narrow = product(d_scores, found.t()).mul_(ctx.scale)
                d_query[0, heads, part.rows] = narrow.view(-1, len(part.mask), narrow.shape[1])
                part.add(d_key[0, head], product(asked.t(), d_scores.t()).t())
        return d_query, d_key[:, :, begin:], d_value[:, :, begin:], None, None, None, None, None


def _heads(query: Tensor, key: Tensor) -> Iterator[tuple[slice, int]]:
    """Yield each head of keys with the heads of queries that share it."""
    together = query.shape[1] // key.shape[1]
    return ((slice(head * together, (head + 1) * together), head) for head in range(key.shape[1]))


def _folded(query: Tensor, scale: float) -> Tensor:
    """Make heads of queries that share a head of keys the rows of one matrix, so that keys need not be repeated."""
    return query.flatten(0, 1) * scale


def _chances(query: Tensor, key: Tensor, mask: Tensor, cap: float | None) -> tuple[Tensor, Tensor | None]:
    """Return what is attended to, and with `cap` (Gemma 2: cap * tanh(score / cap)) how capped scores follow scores."""
    scores, slope = product(query, key), None
    if cap is not None:
        bent = scores.div_(cap).tanh_()
        scores, slope = cap * bent, 1 - bent**2
    scores.view(-1, *mask.shape).add_(mask)
    return scores.softmax(-1), slope


def _parts(until: Tensor, dtype: torch.dtype, begin: int) -> Iterator[_Part]:
    at = torch.arange(len(until), device=until.device)
    filled = torch.nn.functional.pad(until, (0, -len(until) % BLOCK))
    # Begun within a block, the last block of queries can be all filling.
    for first, seen in zip(range(begin, len(at), BLOCK), seen_blocks(filled, BLOCK, begin), strict=False):
        rows = at[first : first + BLOCK]
        runs = _runs(seen.nonzero()[:, 0].tolist(), len(at))
        keys = torch.cat([at[run] for run in runs])
        hidden = (keys > rows[:, None]) | (rows[:, None] >= until[keys])
        mask = torch.zeros(hidden.shape, dtype=dtype, device=until.device).masked_fill_(hidden, -torch.inf)
        yield _Part(slice(first - begin, first - begin + BLOCK), runs, mask)


def _runs(blocks: list[int], tokens: int) -> list[slice]:
    """Return the tokens of ascending blocks as runs, those of neighbours together."""
    runs: list[slice] = []
    for block in blocks:
        start, stop = block * BLOCK, min((block + 1) * BLOCK, tokens)
        if runs and runs[-1].stop == start:
            start = runs.pop().start
        runs.append(slice(start, stop))
    return runs
