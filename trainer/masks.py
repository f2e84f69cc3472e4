"""Attention masks of a pack: token i attends to token j exactly when j <= i < until[j]."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor

BLOCK = 128


def dense(until: "Tensor") -> "Tensor":
    """Return the mask as booleans of shape (1, 1, n, n), for scaled_dot_product_attention."""
    import torch

    at = torch.arange(len(until), device=until.device)
    return ((at <= at[:, None]) & (at[:, None] < until))[None, None]


def blockwise(until: "Tensor") -> Any:
    """Return the mask as FlexAttention's BlockMask; the number of tokens must be a multiple of BLOCK.

    What a block of keys shows to a block of queries follows from the least and the greatest `until` in it, so
    nothing is made that grows with the square of the tokens.
    """
    import torch
    from torch.nn.attention.flex_attention import BlockMask

    blocks = until.view(-1, BLOCK)
    least, greatest = blocks.amin(1), blocks.amax(1)
    keys = torch.arange(len(blocks), device=until.device)
    queries = keys[:, None]
    full = (keys < queries) & (least >= (queries + 1) * BLOCK)
    partial = (keys == queries) | ((keys < queries) & (greatest > queries * BLOCK) & ~full)

    def visible(batch: "Tensor", head: "Tensor", query: "Tensor", key: "Tensor") -> "Tensor":
        return (key <= query) & (query < until[key])

    return BlockMask.from_kv_blocks(
        *_listed(partial), *_listed(full), BLOCK_SIZE=BLOCK, mask_mod=visible, seq_lengths=(len(until), len(until))
    )


def _listed(blocks: "Tensor") -> tuple["Tensor", "Tensor"]:
    # For each block of queries, how many blocks of keys and which, those in question first.
    import torch

    count = blocks.sum(-1, dtype=torch.int32)
    which = torch.argsort(blocks.int(), dim=-1, descending=True, stable=True).int()
    return count[None, None].contiguous(), which[None, None].contiguous()
