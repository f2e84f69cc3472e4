"""Which of a model's weights an adapter can change, and which it leaves as they are."""

import re
from collections import Counter
from typing import Any


def coverage(model: Any) -> dict[str, Any]:
    """Return what training.json says of an adapted model's layers.

    `layers` counts the layers with LoRA by name. `without` has, by name, the number of weights in matrices that have
    none: PEFT puts it on linear layers, and of a mixture's experts, which are one tensor, only where it knows the
    architecture. `share` is theirs of all weights in matrices, 0 to 1. Embeddings and head are not counted.
    """
    import torch
    from peft.tuners.tuners_utils import BaseTunerLayer

    inner = model.get_base_model()
    tables: list[Any] = [module for module in inner.modules() if isinstance(module, torch.nn.Embedding)]
    apart = {id(module.weight) for module in (*tables, inner.get_output_embeddings())}
    layers = Counter(
        _layer(name, module) for name, module in inner.named_modules() if isinstance(module, BaseTunerLayer)
    )
    without: Counter[str] = Counter()
    total = 0
    for name, weight in inner.named_parameters():
        if weight.ndim < 2 or ".lora_" in name or name.endswith("bias") or id(weight) in apart:
            continue
        total += weight.numel()
        if ".base_layer." not in name:
            without[_kind(name)] += weight.numel()
    return {"layers": dict(layers), "without": dict(without), "share": without.total() / total if total else 0.0}


def uncovered(covered: dict[str, Any]) -> str | None:
    """Say in one line what has no LoRA, None where every matrix has."""
    if not covered["without"]:
        return None
    return (
        f"LoRA is on {', '.join(covered['layers'])} alone: {', '.join(covered['without'])} ({covered['share']:.0%} of "
        "the layers' weights) have none and stay as they are"
    )


def _layer(name: str, module: Any) -> str:
    """Return the last part of a layer's name, and of a tensor in it where LoRA is on that: experts.gate_up_proj."""
    tensor = getattr(module, "parameter_name", "weight")
    layer = name.replace(".base_layer", "").rpartition(".")[2]
    return layer if tensor == "weight" else f"{layer}.{tensor}"


def _kind(name: str) -> str:
    """Return a weight's name within its block: layers.3.mlp.experts.down_proj is mlp.experts.down_proj."""
    return re.sub(r"^.*\.\d+\.", "", name).removesuffix(".weight")
