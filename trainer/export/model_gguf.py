"""A merged model as a GGUF that llama.cpp loads on its own. Weights are streamed and keep their precision.

llama.cpp's own converter is not on PyPI as the project's package, so weights and vocabulary are written with its gguf
library here, for the architectures of `gravity.trainer.export.layout` with a byte-level BPE tokenizer.
"""

import contextlib
import json
import math
from pathlib import Path
from typing import Any

import numpy as np

from gravity.trainer.errors import ModelError, brief
from gravity.trainer.export.layout import Layout, head_size, layout_of, namer, permuted

_BYTES = {"F32": 4, "F16": 2, "BF16": 2}
# llama.cpp's names for ways to cut text into words, by the regular expression and the normalizer of a tokenizer.
# They differ in how many digits are one word.
_WORDS = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{{L}}\p{{N}}]?\p{{L}}+|\p{{N}}{digits}"
    r"| ?[^\s\p{{L}}\p{{N}}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
_PRETOKENIZERS = {
    (_WORDS.format(digits="{1,3}"), None): "llama-bpe",
    (_WORDS.format(digits=""), "NFC"): "qwen2",
}


def write_model(merged: Path, file: Path) -> None:
    """Write a merged model's folder as one GGUF: bfloat16, float16 and float32 stay what they are.

    Raises ModelError where its architecture or its tokenizer is not known here, or it cannot be read.
    """
    import gguf
    from transformers import AutoConfig, AutoTokenizer

    from gravity.trainer.quiet import silenced

    try:
        with silenced():
            config = AutoConfig.from_pretrained(merged, trust_remote_code=False)
            tokenizer = AutoTokenizer.from_pretrained(merged, trust_remote_code=False)
    except Exception as error:  # a damaged file can fail anywhere in transformers
        raise ModelError(f"model {merged} cannot be read: {brief(error)}") from error
    layout = layout_of(config, str(merged))
    writer = gguf.GGUFWriter(file, layout.architecture)
    _add_shape(writer, config, merged.resolve().name)
    _add_vocabulary(writer, config, tokenizer, merged)
    rename = namer(config, layout)
    factors = _rope_factors(config)
    if factors is not None:
        writer.add_tensor_info("rope_freqs.weight", factors.shape, factors.dtype, factors.nbytes)
    with _Weights(merged) as weights:
        for name in weights.names:
            writer.add_tensor_info(rename(name), *weights.layout(name))
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_ti_data_to_file()
        if factors is not None:
            writer.write_tensor_data(factors)
        for name in weights.names:
            writer.write_tensor_data(weights.read(name, config, layout))
    writer.close()


class _Weights:
    """The safetensors files of a folder, of which one weight at a time is read."""

    def __init__(self, folder: Path) -> None:
        from safetensors import safe_open

        self._stack = contextlib.ExitStack()
        self._files: dict[str, Any] = {}
        for file in sorted(folder.glob("*.safetensors")):
            opened = self._stack.enter_context(safe_open(file, framework="pt"))
            self._files |= dict.fromkeys(opened.keys(), opened)
        if not self._files:
            raise ModelError(f"model {folder} has no .safetensors file: give a folder that merge wrote")
        self.names = sorted(self._files)

    def __enter__(self) -> "_Weights":
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def layout(self, name: str) -> tuple[list[int], Any, int, Any]:
        """Return what the header says of a weight: shape, kind of number, bytes, and GGUF's name for the kind."""
        import gguf

        part = self._files[name].get_slice(name)
        shape = list(part.get_shape())
        # llama.cpp wants vectors, which are small, in float32.
        kind = "F32" if len(shape) == 1 else part.get_dtype()
        if kind not in _BYTES:
            raise ModelError(f"the weight {name} is of the kind {kind}: merge with one of {', '.join(_BYTES)}")
        return shape, np.dtype(np.float32), math.prod(shape) * _BYTES[kind], gguf.GGMLQuantizationType[kind]

    def read(self, name: str, config: Any, layout: Layout) -> np.ndarray[Any, Any]:
        """Return a weight's bytes in llama.cpp's order."""
        import torch

        weight = permuted(name, self._files[name].get_tensor(name), config, layout)
        if weight.ndim == 1:
            weight = weight.float()
        return np.asarray(weight.contiguous().view(torch.uint8).numpy())


def _add_shape(writer: Any, config: Any, name: str) -> None:
    head = head_size(config)
    writer.add_name(name)
    writer.add_block_count(config.num_hidden_layers)
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(config.hidden_size)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_head_count(config.num_attention_heads)
    writer.add_head_count_kv(config.num_key_value_heads)
    writer.add_key_length(head)
    writer.add_value_length(head)
    writer.add_rope_dimension_count(head)
    writer.add_rope_freq_base(config.rope_parameters["rope_theta"])
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    writer.add_vocab_size(config.vocab_size)


def _add_vocabulary(writer: Any, config: Any, tokenizer: Any, merged: Path) -> None:
    import gguf

    made = json.loads(tokenizer.backend_tokenizer.to_str())
    words = _pretokenizer(made)
    if words is None or made["model"]["type"] != "BPE":
        raise ModelError(
            f"the tokenizer of {merged} is not supported (only the byte-level BPE of Llama 3, Qwen, SmolLM and GPT-2 "
            "is): write the adapter instead, which needs no tokenizer, or use llama.cpp's own converter"
        )
    by_id = {index: token for token, index in tokenizer.get_vocab().items()}
    added = tokenizer.added_tokens_decoder
    kinds = [
        gguf.TokenType.UNUSED
        if index not in by_id
        else gguf.TokenType.NORMAL
        if index not in added
        else gguf.TokenType.CONTROL
        if added[index].special
        else gguf.TokenType.USER_DEFINED
        for index in range(config.vocab_size)
    ]
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre(words)
    writer.add_token_list([by_id.get(index, f"[PAD{index}]") for index in range(config.vocab_size)])
    writer.add_token_types(kinds)
    writer.add_token_merges([pair if isinstance(pair, str) else " ".join(pair) for pair in made["model"]["merges"]])
    for add, token in (
        (writer.add_bos_token_id, tokenizer.bos_token_id),
        (writer.add_eos_token_id, tokenizer.eos_token_id),
        (writer.add_pad_token_id, tokenizer.pad_token_id),
    ):
        if token is not None:
            add(token)
    begins = tokenizer("a")["input_ids"][:1]
    writer.add_add_bos_token(tokenizer.bos_token_id is not None and begins == [tokenizer.bos_token_id])
    if tokenizer.chat_template is not None:
        writer.add_chat_template(tokenizer.chat_template)


def _pretokenizer(made: dict[str, Any]) -> str | None:
    """Return llama.cpp's name for how a tokenizer cuts text into words, None where it is not known here."""
    steps = made["pre_tokenizer"] or {}
    steps = steps.get("pretokenizers", [steps])
    kinds = [step.get("type") for step in steps]
    if not kinds or kinds[-1] != "ByteLevel" or steps[-1]["add_prefix_space"]:
        return None
    normalizer = (made["normalizer"] or {}).get("type")
    if kinds == ["Split", "ByteLevel"]:
        return _PRETOKENIZERS.get((steps[0]["pattern"].get("Regex"), normalizer))
    if normalizer is None and kinds == ["ByteLevel"] and steps[0]["use_regex"]:
        return "gpt-2"
    if normalizer is None and kinds == ["Digits", "ByteLevel"]:
        return "smollm" if steps[0]["individual_digits"] and steps[1]["use_regex"] else None
    return None


def _rope_factors(config: Any) -> np.ndarray[Any, Any] | None:
    """Return by how much Llama 3.1 slows each frequency of its rotary embeddings, None where it does not.

    Raises ModelError for a scaling that is not known here.
    """
    from transformers.modeling_rope_utils import ROPE_INIT_FUNCTIONS

    kind = config.rope_parameters.get("rope_type", "default")
    if kind == "default":
        return None
    if kind != "llama3":
        raise ModelError(f"the model scales its rotary embeddings by {kind}: only llama3 can be written as GGUF here")
    slowed, _ = ROPE_INIT_FUNCTIONS["llama3"](config, None)
    half = len(slowed)
    plain = config.rope_parameters["rope_theta"] ** -(np.arange(half, dtype=np.float64) / half)
    return np.asarray(plain / slowed.double().numpy(), dtype=np.float32)
