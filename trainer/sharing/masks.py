"""Attention masks of a pack: token i attends to token j exactly when j <= i < until[j]."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor

BLOCK = 128


def seen_blocks(until: "Tensor", block: int = BLOCK, begin: int = 0) -> "Tensor":
    """Say which blocks of queries (rows) see something of which blocks of keys (columns), `block` tokens each.

    It follows from the greatest `until` in a block of keys, so nothing is made that grows with the square of the
    tokens. Their number must be a multiple of `block`. Queries are those from `begin` on, and so are their blocks.
    """
    import torch

    queries = torch.arange(begin, len(until), block, device=until.device)[:, None]
    keys = torch.arange(0, len(until), block, device=until.device)
    return (keys < queries + block) & (until.view(-1, block).amax(1) > queries)


def blockwise(until: "Tensor") -> Any:
    """Return the mask as FlexAttention's BlockMask; the number of tokens must be a multiple of BLOCK."""
    from torch.nn.attention.flex_attention import BlockMask

    queries, keys = _numbered(until, BLOCK)
    full = (keys < queries) & (until.view(-1, BLOCK).amin(1) >= (queries + 1) * BLOCK)
    partial = seen_blocks(until) & ~full

    def visible(batch: "Tensor", head: "Tensor", query: "Tensor", key: "Tensor") -> "Tensor":
        return (key <= query) & (query < until[key])

    return BlockMask.from_kv_blocks(
        *_listed(partial), *_listed(full), BLOCK_SIZE=BLOCK, mask_mod=visible, seq_lengths=(len(until), len(until))
    )


def _numbered(until: "Tensor", block: int) -> tuple["Tensor", "Tensor"]:
    import torch

    numbers = torch.arange(len(until) // block, device=until.device)
    return numbers[:, None], numbers


def _listed(blocks: "Tensor") -> tuple["Tensor", "Tensor"]:
    # For each block of queries, how many blocks of keys and which, those in question first.
    import torch

    count = blocks.sum(-1, dtype=torch.int32)
    which = torch.argsort(blocks.int(), dim=-1, descending=True, stable=True).int()
    return count[None, None].contiguous(), which[None, None].contiguous()
