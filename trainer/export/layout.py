"""How llama.cpp names and lays out the weights of a decoder, against how transformers does."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch

from gravity.trainer.errors import ModelError


@dataclass(frozen=True)
class Layout:
    """An architecture in llama.cpp: its name, and what llama.cpp does for it.

    `interleaved`: the rows of the query and key projections change places. `rope_factors`: each frequency of the
    rotary embeddings can have a factor of its own. `free_head_size`: heads need not divide the hidden size evenly.
    `output_bias`: the attention's output projection may have a bias.
    """

    architecture: str
    interleaved: bool = False
    rope_factors: bool = False
    free_head_size: bool = True
    output_bias: bool = False

    def __str__(self) -> str:
        """Return the name."""
        return self.architecture


_LLAMA = Layout("llama", interleaved=True, rope_factors=True, output_bias=True)
# By transformers' model_type.
_LAYOUTS = {
    "llama": _LLAMA,
    "mistral": _LLAMA,
    "qwen2": Layout("qwen2", free_head_size=False),
    "qwen3": Layout("qwen3"),
}


def layout_of(config: Any, name: str) -> Layout:
    """Return the layout of a model; raises ModelError, with the model's `name`, where none is known here."""
    layout = _LAYOUTS.get(config.model_type)
    if layout is None:
        raise ModelError(
            f"{name} is of the architecture {config.model_type}: only {', '.join(_LAYOUTS)} can be written as GGUF "
            "here; merge it and use llama.cpp's own converter"
        )
    return layout


def head_size(config: Any) -> int:
    """Return how many features an attention head has."""
    return int(getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads)


def namer(config: Any, layout: Layout) -> Callable[[str], str]:
    """Return the function from a weight's or bias's name in transformers to its name in llama.cpp.

    The function raises ModelError for one that llama.cpp has no name for.
    """
    import gguf

    (architecture,) = (key for key, name in gguf.MODEL_ARCH_NAMES.items() if name == layout.architecture)
    names = gguf.get_tensor_name_map(architecture, config.num_hidden_layers)

    def rename(name: str) -> str:
        found = names.get_name(name, try_suffixes=(".weight", ".bias"))
        if found is None:
            raise ModelError(f"the weight {name} has no name in llama.cpp: it cannot be written as GGUF")
        return found

    return rename


def permuted(name: str, weight: torch.Tensor, config: Any, layout: Layout) -> torch.Tensor:
    """Return a weight (rows are outputs) or bias in llama.cpp's order of rows.

    Rotary embeddings turn pairs of a head's features. transformers pairs feature i with i + half a head. For
    `interleaved` layouts llama.cpp pairs 2i with 2i + 1, so the rows of the query and key projections are interleaved.
    """
    heads = {"q_proj": config.num_attention_heads, "k_proj": config.num_key_value_heads}.get(name.split(".")[-2])
    if heads is None or not layout.interleaved:
        return weight
    half = weight.shape[0] // heads // 2
    return weight.reshape(heads, 2, half, -1).swapaxes(1, 2).reshape(weight.shape)
