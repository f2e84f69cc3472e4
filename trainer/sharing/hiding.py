"""Whether what the mask of a pack hides from a token stays hidden: a prefix can be shared only then."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from gravity.trainer.sharing.logps import Batch, Scored, answer_logps
from gravity.trainer.sharing.packing import pack

_ATTENTION = {"attention", "full_attention", "sliding_attention", "chunked_attention"}
# What a mask hides adds an exact zero: nothing changes but the grouping of tokens by a mixture's experts.
_ROUNDING = {"cpu": 1e-5, "cuda": 2e-2}


def leaks(changed: float, device: Any) -> bool:
    """Say whether a change that `seen_through` found is more than rounding."""
    return not changed <= _ROUNDING.get(device.type, _ROUNDING["cpu"])


def seen_through(model: Any, batch: Batch, sequences: Sequence[Scored]) -> float:
    """Return by how much, per token, a sequence's log-probability changes with the tokens that it may not see.

    `batch` is a pack of the sequences. The sequence that lies last in it is looked at.
    """
    import torch

    packed = pack([sequence.tokens for sequence in sequences])
    last = max(range(len(sequences)), key=lambda number: int(packed.paths[number][-1]))
    hidden = torch.ones(batch.inputs["input_ids"].shape[1], dtype=torch.bool)
    hidden[packed.paths[last]] = False
    ids = batch.inputs["input_ids"].clone()
    ids[0, hidden] = (ids[0, hidden] + 1) % model.get_input_embeddings().weight.shape[0]
    changed = replace(batch, inputs={**batch.inputs, "input_ids": ids})
    with torch.no_grad():
        before, after = (answer_logps(model, one)[last] for one in (batch, changed))
    return float((before - after).abs()) / (len(sequences[last].tokens) - sequences[last].start)


def state(model: Any) -> str | None:
    """Name the kinds of layers that carry a state from token to token, past any mask; None where there is none."""
    import torch

    config = model.config.get_text_config()
    named = (getattr(config, name, None) for name in ("layer_types", "layers_block_type", "block_types"))
    kinds = sorted({kind for kinds in named for kind in kinds or () if kind not in _ATTENTION})
    if not kinds and any(isinstance(module, torch.nn.Conv1d) for module in model.modules()):
        kinds = ["convolution"]
    return ", ".join(kinds) or None
