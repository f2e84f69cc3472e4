"""Field by field of config.json: what is written says in llama.cpp what transformers says, all else is refused."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.trainer.commands import invoke, refuses
from tests.trainer.conftest import write_base
from tests.trainer.ropes import LLAMA3, ROPE, YARN

llama_cpp = pytest.importorskip("llama_cpp")

_TEXT = "Reader 3. This reader loves freedom. Describe The Salt Road. She breaks every rule 123 times. " * 2
_CONTEXT = 256  # of the tiny models
_ROUNDED = 3e-3  # llama.cpp keeps keys and values in float16
_WINDOW = {"use_sliding_window": True, "sliding_window": 16, "max_window_layers": 1}


def _written(folder: Path, model_type: str, settings: dict[str, Any]) -> Path:
    """A random model of that configuration, large enough in its weights for each part of it to count."""
    import torch
    from transformers import AutoModelForCausalLM
    from transformers.models.qwen2.tokenization_qwen2 import PRETOKENIZE_REGEX

    words = PRETOKENIZE_REGEX if model_type.startswith("qwen") else None
    write_base(folder, model_type, words, **settings)
    model: Any = AutoModelForCausalLM.from_pretrained(folder)
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if "proj" in name and weight.ndim == 2:
                weight.mul_(8)
            elif "proj" in name or "norm" in name:
                weight.add_(torch.randn_like(weight) / 4)
    model.save_pretrained(folder)
    return folder


def _opened(gguf: Path) -> Any:
    threads = {"n_threads": 1, "n_threads_batch": 1}
    return llama_cpp.Llama(str(gguf), n_ctx=_CONTEXT, logits_all=True, verbose=False, **threads)


def _differing(folder: Path, gguf: Path) -> float:
    """By how much the log-probabilities of all tokens at each place of a text differ at most."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    model: Any = AutoModelForCausalLM.from_pretrained(folder)
    ids = AutoTokenizer.from_pretrained(folder)(_TEXT)["input_ids"]
    assert 48 < len(ids) <= _CONTEXT
    with torch.inference_mode():
        expected = model(input_ids=torch.tensor([ids])).logits[0].log_softmax(-1).numpy()
    assert expected.std(0).max() > 0.1  # what came before counts
    opened = _opened(gguf)
    opened.eval(ids)
    found = torch.tensor(np.array(opened.scores[: len(ids)])).log_softmax(-1).numpy()
    return float(np.abs(found - expected).max())


@pytest.mark.parametrize(
    ("model_type", "settings"),
    [
        ("llama", {"attention_bias": True}),
        ("llama", {"mlp_bias": True}),
        ("llama", {"head_dim": 16, "tie_word_embeddings": True}),
        ("llama", {"hidden_act": "swish", "rms_norm_eps": 1e-2}),
        ("llama", {"rope_parameters": ROPE | {"rope_type": "linear", "factor": 4.0}}),
        ("llama", {"rope_parameters": YARN}),
        ("llama", {"rope_parameters": YARN | {"mscale": 0.5, "mscale_all_dim": 1.0}}),
        ("mistral", {"sliding_window": _CONTEXT, "rope_parameters": LLAMA3}),
        ("qwen2", {"sliding_window": 16, "rope_parameters": {"rope_type": "default", "rope_theta": 500.0}}),
        ("qwen2", _WINDOW | {"max_window_layers": 2, "rope_parameters": YARN | {"attention_factor": 1.3}}),
        ("qwen3", {"head_dim": 16, "rope_parameters": ROPE | {"rope_type": "linear", "factor": 4.0}}),
        ("qwen3", {"head_dim": 16, "rope_parameters": YARN, "tie_word_embeddings": True}),
    ],
)
def test_what_is_written_is_right(model_type: str, settings: dict[str, Any], tmp_path: Path) -> None:
    model = _written(tmp_path / "model", model_type, settings)
    result = invoke("gguf", model, "--output", tmp_path / "model.gguf")
    assert (result.exit_code, result.stderr) == (0, "")
    assert _differing(model, tmp_path / "model.gguf") < _ROUNDED


@pytest.mark.parametrize(
    ("model_type", "settings", "words"),
    [
        ("mistral", {"sliding_window": 16}, ["windows of 16", "max_position_embeddings to 16", "vLLM"]),
        ("qwen2", _WINDOW | {"layer_types": None}, ["windows of 16"]),
        ("qwen3", _WINDOW | {"layer_types": None}, ["windows of 16"]),
        ("llama", {"hidden_act": "gelu"}, ["hidden_act is gelu"]),
        ("qwen2", {"head_dim": 16}, ["head_dim is 16 and not 8"]),
        ("qwen3", {"attention_bias": True}, ["attention_bias"]),
        ("qwen2", {"rope_parameters": LLAMA3}, ["llama3", "for qwen2"]),
        ("llama", {"rope_parameters": ROPE | {"rope_type": "dynamic", "factor": 4.0}}, ["dynamic"]),
        ("llama", {"rope_parameters": YARN | {"beta_fast": 8.0}}, ["beta_fast = 8"]),
        ("llama", {"rope_parameters": YARN | {"truncate": False}}, ["truncate = False"]),
        ("llama", {"rope_parameters": ROPE | {"partial_rotary_factor": 0.5}}, ["partial_rotary_factor = 0.5"]),
        ("llama", {"rope_parameters": ROPE | {"mrope_section": [1, 1]}}, ["mrope_section"]),
        ("llama", {"attention_multiplier": 0.5}, ["attention_multiplier = 0.5", "not known", "take it out"]),
        ("llama", {"adapter_notes": "line\n" * 99}, ["adapter_notes = line line"]),
        ("llama", {"logit_scale": 0.5}, ["logit_scale = 0.5"]),
        ("qwen2", {"final_logit_softcapping": 30.0}, ["final_logit_softcapping = 30.0"]),
        ("mistral", {"num_local_experts": 8}, ["num_local_experts = 8"]),
        ("llama", {"quantization_config": {"quant_method": "fp8"}}, ["quantization_config"]),
    ],
)
def test_what_would_say_something_else_is_refused(
    model_type: str, settings: dict[str, Any], words: list[str], tmp_path: Path
) -> None:
    folder = write_base(tmp_path / "model", model_type, sliding_window=None)
    _change(folder, **settings)
    refuses(tmp_path, 4, ["cannot be written as GGUF", *words], "gguf", folder, "--output", tmp_path / "model.gguf")


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"num_hidden_layers": 3}, ["the weight model.layers.2.", "is missing"]),
        ({"intermediate_size": 96}, ["has the shape (64, 32) and not (96, 32)"]),
    ],
)
def test_weights_of_another_model_are_refused(
    settings: dict[str, Any], words: list[str], base: Path, tmp_path: Path
) -> None:
    shutil.copytree(base, tmp_path / "model")
    _change(tmp_path / "model", **settings)
    refuses(tmp_path, 4, [*words, "one save"], "gguf", tmp_path / "model", "--output", tmp_path / "model.gguf")


@pytest.mark.parametrize("whole", [False, True])
def test_a_word_that_no_merge_makes(whole: bool, tmp_path: Path) -> None:
    """Llama 3's tokenizer takes a word of the vocabulary as it is, and llama.cpp knows that by its name alone."""
    from transformers import AutoTokenizer

    from gravity.trainer.export.model_gguf import _WORDS

    folder = write_base(tmp_path / "model", "llama", _WORDS.format(digits="{1,3}"))
    made = json.loads((folder / "tokenizer.json").read_text("utf-8"))
    vocabulary, merges = made["model"]["vocab"], made["model"]["merges"]
    last = max(vocabulary, key=vocabulary.get)
    vocabulary["glad"] = vocabulary.pop(last)
    kept = [pair for pair in merges if "".join(pair) != last and last not in pair]
    model = made["model"] | {"merges": kept, "ignore_merges": whole}
    _change(folder, "tokenizer.json", normalizer=None, model=model)
    output = tmp_path / "model.gguf"
    if not whole:
        refuses(tmp_path, 4, ["ignore_merges = false", "llama-bpe"], "gguf", folder, "--output", output)
        return
    assert invoke("gguf", folder, "--output", output).exit_code == 0
    ids = AutoTokenizer.from_pretrained(folder)("glad")["input_ids"]
    assert ids == [vocabulary["glad"]]
    assert _opened(output).tokenize(b"glad", add_bos=False, special=True) == ids


def test_fields_that_change_nothing_are_no_hindrance(base: Path, tmp_path: Path) -> None:
    folder = tmp_path / "model"
    shutil.copytree(base, folder)
    _change(folder, attention_dropout=0.1, use_cache=False, use_mrope=False, sliding_window=16, unsloth_version="1")
    assert invoke("gguf", folder, "--output", tmp_path / "model.gguf").exit_code == 0


def test_only_what_transformers_loads_is_written(base: Path, tmp_path: Path) -> None:
    """A repository can hold its weights a second time under other names, as Mistral's do."""
    from safetensors.torch import load_file, save_file

    folder = tmp_path / "model"
    shutil.copytree(base, folder)
    weights = load_file(folder / "model.safetensors")
    unused = {"model.layers.0.self_attn.rotary_emb.inv_freq": weights["lm_head.weight"][0].clone()}
    save_file(weights | unused, folder / "model.safetensors", metadata={"format": "pt"})
    save_file({name: weight * 2 for name, weight in weights.items()}, folder / "zzz.safetensors")
    assert invoke("gguf", folder, "--output", tmp_path / "model.gguf").exit_code == 0
    assert _differing(base, tmp_path / "model.gguf") < _ROUNDED


def test_a_lora_for_a_base_with_a_window_says_where_llama_cpp_differs(tmp_path: Path) -> None:
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    folder = write_base(tmp_path / "base", "mistral", sliding_window=16)
    model: Any = AutoModelForCausalLM.from_pretrained(folder)
    get_peft_model(model, LoraConfig(r=4, target_modules="all-linear")).save_pretrained(str(tmp_path / "adapter"))
    result = invoke("gguf", tmp_path / "adapter", "--output", tmp_path / "lora.gguf")
    assert result.exit_code == 0
    (line,) = result.stderr.strip().splitlines()
    assert line.startswith("warning: ")
    assert "windows of 16" in line
    _change(folder, sliding_window=_CONTEXT)
    result = invoke("gguf", tmp_path / "adapter", "--output", tmp_path / "again.gguf")
    assert (result.exit_code, result.stderr) == (0, "")


@pytest.mark.parametrize(
    ("settings", "word"),
    [
        ({"init_lora_weights": "pissa"}, "init_lora_weights"),
        ({"layer_replication": [[0, 2], [1, 2]]}, "layer_replication"),
        ({"bias": "lora_only"}, "bias"),
        ({"trainable_token_indices": [3]}, "trainable_token_indices"),
        ({"of_a_later_peft": True}, "of_a_later_peft"),
    ],
)
def test_what_a_lora_cannot_say_is_refused(settings: dict[str, Any], word: str, adapter: Path, tmp_path: Path) -> None:
    shutil.copytree(adapter, tmp_path / "adapter")
    _change(tmp_path / "adapter", "adapter_config.json", **settings)
    refuses(tmp_path, 4, [word, "merge"], "gguf", tmp_path / "adapter", "--output", tmp_path / "lora.gguf")


def _change(folder: Path, name: str = "config.json", **settings: Any) -> None:
    file = folder / name
    file.write_text(json.dumps(json.loads(file.read_text("utf-8")) | settings), encoding="utf-8")
