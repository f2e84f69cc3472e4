"""A merged model as a GGUF that llama.cpp loads on its own. Weights are streamed and keep their precision.

llama.cpp's own converter is not on PyPI as the project's package, so weights and vocabulary are written with its gguf
library here, for the architectures of `gravity.trainer.export.layout` with a byte-level BPE tokenizer.
"""

import json
from pathlib import Path
from typing import Any

from gravity.trainer.errors import ModelError, brief
from gravity.trainer.export.known import check_config
from gravity.trainer.export.layout import head_size, layout_of, namer
from gravity.trainer.export.rope import add_rope, rope_factors
from gravity.trainer.export.weights import Weights

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

# Those for which llama.cpp takes a word that is in the vocabulary as it is, whatever the merges make of it.
_WHOLE_WORDS = ("llama-bpe",)


def write_model(merged: Path, file: Path) -> None:
    """Write a merged model's folder as one GGUF: bfloat16, float16 and float32 stay what they are.

    Raises ModelError where its architecture, a field of its configuration or its tokenizer is not known here, llama.cpp
    would compute something else, or it cannot be read.
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
    name = f"model {merged}"
    layout = layout_of(config, name)
    check_config(config, layout, name)
    writer = gguf.GGUFWriter(file, layout.architecture)
    _add_shape(writer, config, merged.resolve().name)
    _add_vocabulary(writer, config, tokenizer, merged)
    rename = namer(config, layout)
    factors = rope_factors(config)
    if factors is not None:
        writer.add_tensor_info("rope_freqs.weight", factors.shape, factors.dtype, factors.nbytes)
    with Weights(merged, config) as weights:
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
    add_rope(writer, config)
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
    whole = bool(made["model"].get("ignore_merges"))
    if whole != (words in _WHOLE_WORDS):
        raise ModelError(
            f"the tokenizer of {merged} has ignore_merges = {str(whole).lower()}, and llama.cpp takes the opposite for "
            f"{words}, so that it would cut some words otherwise: write the adapter instead, which needs no tokenizer"
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
