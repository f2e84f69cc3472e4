"""How llama.cpp names and lays out the weights of a Llama, against how transformers does."""

from collections.abc import Callable
from typing import Any

import torch

from trainer.errors import ModelError

ARCHITECTURE = "llama"


def check_llama(config: Any, name: str) -> None:
    """Raise ModelError unless a model is of the architecture that is known here."""
    if config.model_type != ARCHITECTURE:
        raise ModelError(
            f"{name} is of the architecture {config.model_type}: only {ARCHITECTURE} (Llama, SmolLM2) can be written "
            "as GGUF here; merge it and use llama.cpp's own converter"
        )


def head_size(config: Any) -> int:
    """Return how many features an attention head has."""
    return int(getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads)


def namer(config: Any) -> Callable[[str], str]:
    """Return the function from a weight's name in transformers, with or without .weight, to its name in llama.cpp.

    The function raises ModelError for a weight that llama.cpp has no name for.
    """
    import gguf

    names = gguf.get_tensor_name_map(gguf.MODEL_ARCH.LLAMA, config.num_hidden_layers)

    def rename(name: str) -> str:
        found = names.get_name(f"{name.removesuffix('.weight')}.weight", try_suffixes=(".weight",))
        if found is None:
            raise ModelError(f"the weight {name} has no name in llama.cpp: it cannot be written as GGUF")
        return found

    return rename


def permuted(name: str, weight: torch.Tensor, config: Any) -> torch.Tensor:
    """Return a weight (rows are outputs) in llama.cpp's order of rows.

    Rotary embeddings turn pairs of a head's features. transformers pairs feature i with i + half a head, llama.cpp
    2i with 2i + 1, so the rows of the query and key projections are interleaved.
    """
    if name.endswith("q_proj.weight"):
        heads = config.num_attention_heads
    elif name.endswith("k_proj.weight"):
        heads = config.num_key_value_heads
    else:
        return weight
    half = weight.shape[0] // heads // 2
    return weight.reshape(heads, 2, half, -1).swapaxes(1, 2).reshape(weight.shape)
