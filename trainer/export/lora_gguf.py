"""An adapter as a LoRA GGUF, which llama.cpp puts on top of the base's own GGUF.

That way the base stays the file that is already there, however it is quantized, and the adapter keeps its float32.
"""

import json
from pathlib import Path
from typing import Any

from gravity.trainer.errors import ModelError, brief
from gravity.trainer.export.known import unlike
from gravity.trainer.export.layout import head_size, layout_of, namer, permuted
from gravity.trainer.models.bases import resolve_base
from gravity.trainer.models.loading import ADAPTER_FILES, check_adapter
from gravity.trainer.models.outline import configuration

_PREFIX = "base_model.model."
# What of PEFT's settings is written, says where the matrices are, which their names say as well, or was for training.
# Each other one changes what the two matrices mean, in a way that llama.cpp's LoRA does not know.
_KNOWN = {
    "auto_mapping",
    "base_model_name_or_path",
    "exclude_modules",
    "inference_mode",
    "layers_pattern",
    "layers_to_transform",
    "lora_alpha",
    "lora_dropout",
    "megatron_core",
    "peft_type",
    "peft_version",
    "r",
    "revision",
    "target_modules",
    "task_type",
}
_USUAL = {"bias": "none", "init_lora_weights": True, "qalora_group_size": 16}
_STARTS = ("gaussian", "orthogonal", "eva")  # first weights that leave the base as it is


def write_lora(adapter: Path, file: Path, base: str | None = None) -> str | None:
    """Write a LoRA GGUF for the base that the adapter was trained on, or that `base` names.

    Returns in what llama.cpp's figures differ from the adapter's all the same, because it computes that base otherwise;
    None where they do not.

    Raises ModelError where the adapter is not a plain LoRA, its base of an unknown architecture or one it does not fit.
    """
    import gguf
    from safetensors.torch import load_file

    check_adapter(adapter)
    try:
        settings = json.loads((adapter / ADAPTER_FILES[0]).read_text(encoding="utf-8"))
        rank, alpha = int(settings["r"]), float(settings["lora_alpha"])
        config = configuration(resolve_base(base or settings["base_model_name_or_path"]))
        weights = load_file(adapter / ADAPTER_FILES[1])
    except (ModelError, ModuleNotFoundError):
        raise
    except Exception as error:  # a damaged file can fail anywhere in json, safetensors or transformers
        raise ModelError(f"adapter {adapter} or its base cannot be read: {brief(error)}") from error
    layout = layout_of(config, str(adapter))
    odd = [name for name, value in settings.items() if name not in _KNOWN and not _plain(name, value)]
    if odd or settings.get("peft_type") != "LORA":
        raise ModelError(f"adapter {adapter} is not a plain LoRA ({', '.join(odd) or 'peft_type'}): merge it instead")
    writer = gguf.GGUFWriter(file, layout.architecture)
    writer.add_type(gguf.GGUFType.ADAPTER)
    writer.add_string(gguf.Keys.Adapter.TYPE, "lora")
    writer.add_float32(gguf.Keys.Adapter.LORA_ALPHA, alpha)
    rename = namer(config, layout)
    for key in sorted(weights):
        module, _, side = key.removeprefix(_PREFIX).removesuffix(".weight").rpartition(".")
        weight = weights[key].float()
        if side not in ("lora_A", "lora_B") or weight.shape[0 if side == "lora_A" else -1] != rank:
            raise ModelError(
                f"adapter {adapter} holds {key}, which is not a matrix of a LoRA of rank {rank}: merge it instead"
            )
        if side == "lora_B":
            _check_size(adapter, module, weight.shape[0], config)
            weight = permuted(f"{module}.weight", weight, config, layout)
        writer.add_tensor(f"{rename(f'{module}.weight')}.{side.lower()}", weight.contiguous().numpy())
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return unlike(config, layout)


def _plain(name: str, value: Any) -> bool:
    usual = _USUAL.get(name)
    return not value or value == usual or (name == "init_lora_weights" and value in _STARTS)


def _check_size(adapter: Path, module: str, outputs: int, config: Any) -> None:
    """See that a matrix has as many outputs as the base's layer, as far as the base's configuration tells."""
    head = head_size(config)
    sizes = {
        "q_proj": head * config.num_attention_heads,
        "k_proj": head * config.num_key_value_heads,
        "v_proj": head * config.num_key_value_heads,
        "o_proj": config.hidden_size,
        "up_proj": config.intermediate_size,
        "gate_proj": config.intermediate_size,
        "down_proj": config.hidden_size,
    }
    layer = module.rpartition(".")[2]
    if sizes.get(layer, outputs) != outputs:
        raise ModelError(
            f"adapter {adapter} does not fit its base: {module} has {outputs} outputs and not {sizes[layer]}, so it "
            "was trained on another base"
        )
