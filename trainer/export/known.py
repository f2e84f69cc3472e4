"""What of a model's configuration a GGUF can say, what changes no figure, and what llama.cpp would compute otherwise.

A field of config.json that is neither written nor known to change nothing is refused, so that llama.cpp never says
something else than transformers does without anybody being told.
"""

import textwrap
from typing import Any

from gravity.trainer.errors import ModelError
from gravity.trainer.export.layout import Layout, head_size
from gravity.trainer.export.rope import unwritten_rope

# Written as metadata, told by the weights, or looked at below.
_WRITTEN = {
    "attention_bias",
    "head_dim",
    "hidden_act",
    "hidden_size",
    "intermediate_size",
    "layer_types",
    "max_position_embeddings",
    "max_window_layers",
    "mlp_bias",
    "num_attention_heads",
    "num_hidden_layers",
    "num_key_value_heads",
    "rms_norm_eps",
    "rope_parameters",
    "sliding_window",
    "tie_word_embeddings",
    "use_sliding_window",
    "vocab_size",
}
# For training, for other tasks, for other programs, or told by the tokenizer as well.
_HARMLESS = {
    "_attn_implementation_autoset",
    "_model_name_or_path",
    "_name_or_path",
    "architectures",
    "attention_dropout",
    "auto_map",
    "bos_token_id",
    "dtype",
    "eos_token_id",
    "id2label",
    "initializer_range",
    "is_llama_config",
    "label2id",
    "model_max_length",
    "original_max_position_embeddings",
    "output_attentions",
    "output_hidden_states",
    "pad_token_id",
    "pretraining_tp",
    "problem_type",
    "return_dict",
    "tokenizer_class",
    "transformers.js_config",
    "transformers_version",
    "unk_token_id",
    "unsloth_fixed",
    "unsloth_version",
    "use_cache",
}
_ACTIVATIONS = ("silu", "swish")  # two names of one function, the only one that llama.cpp has for these layouts


def check_config(config: Any, layout: Layout, name: str) -> None:
    """Raise ModelError, with the model's `name`, where a GGUF would compute something else than transformers does."""
    reason, instead = unlike(config, layout), "use transformers or vLLM"
    window = _window(config)
    if window is not None:
        instead += f", or, for texts no longer than that, set max_position_embeddings to {window} in its config.json"
    if reason is None:
        reason, instead = unwritten_rope(config, layout), "use llama.cpp's own converter"
    if reason is None:
        reason = _unknown(config)
        instead = "take it out if transformers computes the same without, else use llama.cpp's own converter"
    if reason is not None:
        raise ModelError(f"{name} cannot be written as GGUF: {reason}: {instead}")


def unlike(config: Any, layout: Layout) -> str | None:
    """Say what llama.cpp computes otherwise than transformers for a model, whoever writes its GGUF, or None."""
    window = _window(config)
    if window is not None:
        return (
            f"it looks back over windows of {window} tokens, and llama.cpp for {layout} over all of a text, so that "
            "they differ on longer texts"
        )
    if config.hidden_act not in _ACTIVATIONS:
        return f"its hidden_act is {config.hidden_act}, and llama.cpp has silu alone for {layout}"
    head, even = head_size(config), config.hidden_size / config.num_attention_heads
    if head != even and not layout.free_head_size:
        return f"its head_dim is {head} and not {even:g}, which llama.cpp does not load for {layout}"
    if getattr(config, "attention_bias", False) and not layout.output_bias:
        return f"its attention_bias is true, which llama.cpp does not load for {layout}"
    return None


def _window(config: Any) -> int | None:
    """Return over how many tokens some layer looks back, None where each sees all of the longest text there can be."""
    kinds = getattr(config, "layer_types", None)
    window: int | None = getattr(config, "sliding_window", None)
    # Llama's code knows no window, whatever its configuration has.
    if config.model_type == "llama" or window is None or (kinds is not None and "sliding_attention" not in kinds):
        return None
    return window if window < config.max_position_embeddings else None


def _unknown(config: Any) -> str | None:
    """Name a field that nobody here knows and that is not as the architecture has it by default."""
    usual = type(config)().to_dict()
    for key, value in config.to_dict().items():
        if key in _WRITTEN | _HARMLESS or value == usual.get(key) or (key not in usual and not value):
            continue
        return f"its config.json has {key} = {textwrap.shorten(str(value), 60)}, which is not known here"
    return None
