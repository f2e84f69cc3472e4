"""How llama.cpp names and lays out the weights of a decoder, against how transformers does."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch

from gravity.trainer.errors import ModelError


@dataclass(frozen=True)
class Layout:
    """An architecture's name in llama.cpp, and whether the rows of its query and key projections change places."""

    architecture: str
    interleaved: bool


# By transformers' model_type.
_LAYOUTS = {
    "llama": Layout("llama", interleaved=True),
    "mistral": Layout("llama", interleaved=True),
    "qwen2": Layout("qwen2", interleaved=False),
    "qwen3": Layout("qwen3", interleaved=False),
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
