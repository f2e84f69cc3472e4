"""Attention over a pack without the parts that its mask hides, for devices without FlexAttention's kernels.

Queries are taken a block at a time, with only those blocks of keys that it can see. What it costs grows with what
is seen, not with the square of the pack, and nothing of that size is made: as with FlexAttention, the backward pass
computes the probabilities again.
"""

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import scaled_dot_product_attention
from transformers import AttentionInterface, AttentionMaskInterface
from transformers.integrations.sdpa_attention import sdpa_attention_forward
from transformers.masking_utils import sdpa_mask

from gravity.trainer.sharing.masks import seen_blocks

NAME = "gravity_blocks"

# Tokens: smaller ones see less that is hidden, larger ones are fewer calls.
BLOCK = 128


def register() -> None:
    """Make the attention known to transformers as NAME.

    A mask of whole numbers, shape (1, 1, 1, n), is taken for a pack's `until`; with any other mask, or none, it is
    transformers' own scaled_dot_product_attention.
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
    # Query heads that share a key head are rows of one matrix, so that keys and values need not be repeated.
    batch, heads, length, width = query.shape
    groups = heads // key.shape[1]
    folded = query.view(batch, key.shape[1], groups, length, width)
    until, scaling = attention_mask.view(-1), (options.get("scaling"), options.get("softcap"))
    output: Tensor = _Blocks.apply(folded, key, value, until, *scaling)  # type: ignore[no-untyped-call]
    return output.view(batch, heads, length, width).transpose(1, 2).contiguous(), None


class _Blocks(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, query: Tensor, key: Tensor, value: Tensor, until: Tensor, scale: float | None, cap: float | None
    ) -> Tensor:
        ctx.save_for_backward(query, key, value, until)
        ctx.scale, ctx.cap = scale, cap
        output = torch.empty_like(query)
        for rows, keys, mask in _parts(until, query.shape[2]):
            part = query[:, :, :, rows]
            found = _attended(part.flatten(2, 3), key[:, :, keys], value[:, :, keys], mask, scale, cap)
            output[:, :, :, rows] = found.view_as(part)
        return output

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        query, key, value, until = ctx.saved_tensors
        d_query, d_key, d_value = (torch.zeros_like(tensor) for tensor in (query, key, value))
        for rows, keys, mask in _parts(until, query.shape[2]):
            shape = query[:, :, :, rows].shape
            taken = query[:, :, :, rows].flatten(2, 3), key[:, :, keys], value[:, :, keys]
            parts = [part.detach().requires_grad_() for part in taken]
            with torch.enable_grad():
                output = _attended(parts[0], parts[1], parts[2], mask, ctx.scale, ctx.cap)
            found = torch.autograd.grad(output, parts, gradients[0][:, :, :, rows].flatten(2, 3))
            d_query[:, :, :, rows] = found[0].view(shape)
            d_key.index_add_(2, keys, found[1])
            d_value.index_add_(2, keys, found[2])
        return d_query, d_key, d_value, None, None, None


def _attended(
    query: Tensor, key: Tensor, value: Tensor, mask: Tensor, scale: float | None, cap: float | None
) -> Tensor:
    """Attend with a mask, as usual or with scores that do not pass `cap` (Gemma 2: cap * tanh(score / cap))."""
    if cap is None:
        return scaled_dot_product_attention(query, key, value, attn_mask=mask, scale=scale)
    scores = query @ key.transpose(2, 3) * (scale if scale is not None else query.shape[-1] ** -0.5)
    capped = (cap * torch.tanh(scores / cap)).masked_fill(~mask, float("-inf"))
    return capped.softmax(-1, dtype=torch.float32).to(value.dtype) @ value


def _parts(until: Tensor, groups: int) -> Iterator[tuple[slice, Tensor, Tensor]]:
    """Yield, for each block of queries, its rows, the keys it sees some of, and which row of each head sees which."""
    at = torch.arange(len(until), device=until.device)
    filled = torch.nn.functional.pad(until, (0, -len(until) % BLOCK))
    for number, seen in enumerate(seen_blocks(filled, BLOCK)):
        rows = at[number * BLOCK : (number + 1) * BLOCK]
        keys = at[seen.repeat_interleave(BLOCK)[: len(at)]]
        mask = (keys <= rows[:, None]) & (rows[:, None] < until[keys])
        yield slice(number * BLOCK, (number + 1) * BLOCK), keys, mask.repeat(groups, 1)
