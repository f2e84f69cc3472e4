"""What transformers leaves out when it reads a GGUF: how rotary embeddings are stretched, and some biases.

Without it an adapter would be trained on another model than the file's. So the scaling is read here, and what cannot be
put back is refused.
"""

import math
import mmap
from pathlib import Path
from typing import Any

from gravity.trainer.errors import ModelError

# Looked for where metadata and names of tensors are, before all weights; the longest vocabularies take some megabytes.
_MARKS = (b".rope.scaling.type", b"rope_freqs.weight", b"rope_factors_", b"attn_q.bias", b"ffn_up.bias")
_HEADER = 1 << 26
_READ = ("llama", "mistral", "qwen2", "qwen3")  # transformers' names of the architectures that are completed here
_LOW, _HIGH = 1.0, 4.0  # llama3's low_freq_factor and high_freq_factor, as all published models have them
_CLOSE = 1e-3


def completed(file: Path) -> Any | None:
    """Return the configuration of a GGUF with what transformers leaves out, None where it leaves out nothing.

    Raises ModelError, which names what is left out, where transformers cannot be told.
    """
    if not _marked(file):
        return None
    from gguf import GGUFReader
    from transformers import AutoConfig

    reader = GGUFReader(file)
    config = AutoConfig.from_pretrained(file.parent, gguf_file=file.name, trust_remote_code=False)
    said = getattr(config, "rope_parameters", None) or {}
    if said.get("rope_type") != "default":
        return None  # an architecture whose scaling transformers knows by its name
    names = {tensor.name for tensor in reader.tensors}
    biases = [name for name in sorted(names) if name.endswith(("attn_q.bias", "ffn_up.bias"))]
    if biases and config.model_type in ("llama", "mistral"):
        raise _left_out(file, biases[0])
    scaling = _scaling(reader, config, file)
    if scaling is None:
        return None
    if config.model_type not in _READ:
        raise _left_out(file, f"the scaling of rotary embeddings by {scaling['rope_type']}")
    config.rope_parameters = {**said, **scaling}
    return config


def _marked(file: Path) -> bool:
    with file.open("rb") as opened, mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ) as bytes_:
        return any(bytes_.find(mark, 0, _HEADER) >= 0 for mark in _MARKS)


def _scaling(reader: Any, config: Any, file: Path) -> dict[str, Any] | None:
    """Return what belongs into transformers' rope_parameters, None where nothing is scaled."""
    architecture = _field(reader, "general.architecture")

    def said(name: str, default: Any = None) -> Any:
        found = _field(reader, f"{architecture}.rope.scaling.{name}")
        return default if found is None else found

    tensors = {tensor.name: tensor for tensor in reader.tensors}
    if "rope_freqs.weight" in tensors:
        return _llama3(tensors["rope_freqs.weight"].data, config, file)
    kind, factor = said("type", "none"), said("factor", 1.0)
    if kind == "none" and not any(name.startswith("rope_factors_") for name in tensors):
        return None
    if kind == "linear":
        return {"rope_type": "linear", "factor": factor}
    if kind != "yarn":
        raise _left_out(file, "the scaling of rotary embeddings by long and short factors")
    return {
        "rope_type": "yarn",
        "factor": factor,
        "original_max_position_embeddings": said("original_context_length", config.max_position_embeddings),
        # llama.cpp multiplies YaRN's own factor by the file's.
        "attention_factor": said("attn_factor", 1.0) * (0.1 * math.log(max(factor, 1.0)) + 1),
        "beta_fast": said("yarn_beta_fast", 32.0),
        "beta_slow": said("yarn_beta_slow", 1.0),
    }


def _llama3(slowed_by: Any, config: Any, file: Path) -> dict[str, Any] | None:
    """Find the parameters from which a converter computed by how much each frequency is slowed, None where none is."""
    import copy

    import numpy as np
    from transformers.modeling_rope_utils import ROPE_INIT_FUNCTIONS

    base, half, factor = config.rope_parameters["rope_theta"], len(slowed_by), round(float(slowed_by.max()), 3)
    lengths = 2 * math.pi * base ** (np.arange(half) / half)
    if np.allclose(slowed_by, 1, rtol=0, atol=_CLOSE):
        return None
    # Between its two ends the scaling depends on the original context, which follows from any frequency there.
    between = (slowed_by > 1 + _CLOSE) & (slowed_by < factor * (1 - _CLOSE))
    if factor > 1 and between.any():
        smooth = (1 / slowed_by[between] - 1 / factor) / (1 - 1 / factor)
        original = round(float(np.median(lengths[between] * (smooth * (_HIGH - _LOW) + _LOW))))
        found = {
            "rope_type": "llama3",
            "factor": factor,
            "low_freq_factor": _LOW,
            "high_freq_factor": _HIGH,
            "original_max_position_embeddings": original,
        }
        tried = copy.deepcopy(config)
        tried.rope_parameters = {**config.rope_parameters, **found}
        again, _ = ROPE_INIT_FUNCTIONS["llama3"](tried, None)
        if np.allclose(again.double().numpy() * slowed_by, 2 * math.pi / lengths, rtol=_CLOSE, atol=0):
            return found
    raise _left_out(file, "the scaling of rotary embeddings in rope_freqs.weight")


def _field(reader: Any, name: str) -> Any:
    field = reader.get_field(name)
    return None if field is None else field.contents()


def _left_out(file: Path, what: str) -> ModelError:
    return ModelError(f"base {file} has {what}, which transformers does not read: give the model in safetensors")
