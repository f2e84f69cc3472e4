"""A base in a GGUF is the model that was written there, with the scaling that transformers does not read itself."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gravity.trainer.errors import ModelError
from gravity.trainer.models.gguf_base import _llama3
from gravity.trainer.models.loading import load
from tests.trainer.commands import invoke, refuses
from tests.trainer.conftest import planted_rows, write_base
from tests.trainer.ropes import LLAMA3, ROPE, YARN


def _logps(base: Path) -> np.ndarray:
    import torch

    model, tokenizer = load(str(base))
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if "proj" in name:
                weight.mul_(8)  # so that attention counts
        text = " ".join(message["content"] for row in planted_rows()[:2] for message in row["prompt"])
        ids = torch.tensor([tokenizer(text)["input_ids"]])
        return np.asarray(model(input_ids=ids).logits[0].log_softmax(-1).numpy())


@pytest.mark.parametrize(
    ("model_type", "settings"),
    [
        ("llama", {}),
        ("llama", {"rope_parameters": LLAMA3}),
        ("llama", {"rope_parameters": ROPE | {"rope_type": "linear", "factor": 4.0}}),
        ("llama", {"rope_parameters": YARN}),
        ("qwen2", {"rope_parameters": YARN | {"attention_factor": 1.3}}),
    ],
)
def test_a_gguf_is_the_model_that_it_was_written_from(
    model_type: str, settings: dict[str, Any], tmp_path: Path
) -> None:
    from transformers.models.qwen2.tokenization_qwen2 import PRETOKENIZE_REGEX

    words = PRETOKENIZE_REGEX if model_type == "qwen2" else None
    folder, file = write_base(tmp_path / "base", model_type, words, **settings), tmp_path / "base.gguf"
    assert invoke("gguf", folder, "--output", file).exit_code == 0
    assert _logps(file) == pytest.approx(_logps(folder), abs=1e-5)
    # What is left of the reading in config.json does not stand in the way of another GGUF.
    model, tokenizer = load(str(file))
    model.save_pretrained(tmp_path / "again")
    tokenizer.save_pretrained(tmp_path / "again")
    assert invoke("gguf", tmp_path / "again", "--output", tmp_path / "again.gguf").exit_code == 0
    if settings:
        without = write_base(tmp_path / "without", model_type, words)
        assert np.abs(_logps(file) - _logps(without)).max() > 0.01


@pytest.mark.parametrize(("bias", "name"), [("attention_bias", "attn_q.bias"), ("mlp_bias", "ffn_up.bias")])
def test_biases_that_transformers_does_not_read(bias: str, name: str, dataset: Path, tmp_path: Path) -> None:
    folder, file = write_base(tmp_path / "base", "llama", None, **{bias: True}), tmp_path / "base.gguf"
    assert invoke("gguf", folder, "--output", file).exit_code == 0
    refuses(tmp_path, 4, [name, "in safetensors"], "train", dataset, "--base", file, "--output", tmp_path / "out")


@pytest.mark.parametrize(("head", "factor"), [(128, 8.0), (64, 32.0)])
def test_the_published_scalings_of_llama_3_are_found(head: int, factor: float) -> None:
    """Of Llama 3.1 and 3.3, and of Llama 3.2."""
    from transformers import LlamaConfig

    from gravity.trainer.export.rope import rope_factors

    published = LLAMA3 | {"rope_theta": 500000.0, "factor": factor, "original_max_position_embeddings": 8192}
    config = LlamaConfig(hidden_size=head * 2, num_attention_heads=2, rope_parameters=dict(published))
    slowed_by = rope_factors(config)
    assert slowed_by is not None
    plain = LlamaConfig(hidden_size=head * 2, num_attention_heads=2, rope_parameters={"rope_theta": 500000.0})
    assert (_llama3(slowed_by, plain, Path("base.gguf")) or {}) | {"rope_theta": 500000.0} == published
    assert _llama3(np.ones_like(slowed_by), plain, Path("base.gguf")) is None
    with pytest.raises(ModelError, match=r"rope_freqs.weight.*in safetensors"):
        _llama3(slowed_by**2, plain, Path("base.gguf"))
