"""Rotary embeddings in a GGUF: their base, and how a model stretches them to longer texts."""

import math
from typing import Any

import numpy as np

from gravity.trainer.export.layout import Layout

# What each kind of transformers' rope_parameters may say here, beside its base.
_KEYS = {
    "default": set[str](),
    "linear": {"factor"},
    "llama3": {"factor", "low_freq_factor", "high_freq_factor", "original_max_position_embeddings"},
    "yarn": {
        "factor",
        "original_max_position_embeddings",
        "attention_factor",
        "mscale",
        "mscale_all_dim",
        "beta_fast",
        "beta_slow",
        "truncate",
    },
}
_ALWAYS = {"rope_type", "type", "rope_theta", "partial_rotary_factor"}
# llama-cpp-python overrides what a file says of the first two, and llama.cpp knows no other value of the others.
_FIXED = {"beta_fast": 32, "beta_slow": 1, "truncate": True, "partial_rotary_factor": 1}


def unwritten_rope(config: Any, layout: Layout) -> str | None:
    """Say which part of a model's rotary embeddings cannot be written here, None where all can."""
    said = config.rope_parameters
    kind = said.get("rope_type", "default")
    known = [name for name in _KEYS if name != "llama3" or layout.rope_factors]
    if kind not in known:
        return f"it scales its rotary embeddings by {kind}, and only {', '.join(known)} can be written for {layout}"
    for key, value in said.items():
        if key not in _KEYS[kind] | _ALWAYS or (value is not None and value != _FIXED.get(key, value)):
            return f"rope_parameters in its config.json has {key} = {value}, which cannot be written"
    return None


def add_rope(writer: Any, config: Any) -> None:
    """Write base and scaling as a GGUF's metadata, all but llama3's, which is a tensor."""
    import gguf
    from transformers.modeling_rope_utils import ROPE_INIT_FUNCTIONS

    said = config.rope_parameters
    writer.add_rope_freq_base(said["rope_theta"])
    if said["rope_type"] == "linear":
        writer.add_rope_scaling_type(gguf.RopeScalingType.LINEAR)
        writer.add_rope_scaling_factor(said["factor"])
    if said["rope_type"] == "yarn":
        original = said["original_max_position_embeddings"]
        factor = said.get("factor") or config.max_position_embeddings / original
        _, attention = ROPE_INIT_FUNCTIONS["yarn"](config, None)
        writer.add_rope_scaling_type(gguf.RopeScalingType.YARN)
        writer.add_rope_scaling_factor(factor)
        writer.add_rope_scaling_orig_ctx_len(original)
        # llama.cpp multiplies YaRN's own factor, 0.1 ln(factor) + 1, by this one.
        writer.add_rope_scaling_attn_factors(attention / (0.1 * math.log(max(factor, 1.0)) + 1))


def rope_factors(config: Any) -> np.ndarray[Any, Any] | None:
    """Return by how much Llama 3.1 slows each frequency of its rotary embeddings, None where it does not."""
    from transformers.modeling_rope_utils import ROPE_INIT_FUNCTIONS

    said = config.rope_parameters
    if said["rope_type"] != "llama3":
        return None
    slowed, _ = ROPE_INIT_FUNCTIONS["llama3"](config, None)
    half = len(slowed)
    plain = said["rope_theta"] ** -(np.arange(half, dtype=np.float64) / half)
    return np.asarray(plain / slowed.double().numpy(), dtype=np.float32)
