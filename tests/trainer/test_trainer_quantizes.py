"""QLoRA: training on a base in 4 bits is training on the rounded base, and so are writing, evaluating and merging."""

import json
from pathlib import Path
from typing import Any

import pytest

from gravity.trainer.errors import ModelError
from gravity.trainer.models.loading import fingerprint, load
from gravity.trainer.models.transformers import TransformersWriter
from gravity.trainer.models.writer import Request, write_one
from gravity.trainer.settings import Settings
from gravity.trainer.sharing.scoring import score
from gravity.trainer.training.train import train
from tests.trainer.commands import invoke
from tests.trainer.conftest import TASTES, Rows, write_base

pytest.importorskip("bitsandbytes", reason="load_in_4bit needs the extra `quantized`")

_RUN: dict[str, Any] = {"max_steps": 6, "batch_size": 6, "learning_rate": 1e-2, "max_tokens": 300}
# Kernels sum in another order than the rounded base's plain layers do.
_TOLERANCE = 1e-4
# Nats, of some 105: three times the most by which rounding to 4 bits was seen to change a step's mean log-probability.
_ROUNDING = 1.0
_REQUEST = Request(({"role": "system", "content": "Reader 1."}, {"role": "user", "content": "Describe The Salt Road."}))


@pytest.fixture(scope="module")
def wide_base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A random Llama whose layers have whole blocks of NF4: 64 weights."""
    return write_base(tmp_path_factory.mktemp("wide"), "llama", hidden_size=64)


@pytest.fixture(scope="module")
def rounded_base(wide_base: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same with its weights rounded to NF4 and unpacked by bitsandbytes, which transformers loads as any other."""
    from bitsandbytes.functional import dequantize_4bit
    from transformers import AutoModelForCausalLM

    folder = tmp_path_factory.mktemp("rounded")
    packed, tokenizer = load(str(wide_base), load_in_4bit=True)
    plain: Any = AutoModelForCausalLM.from_pretrained(wide_base)
    changed = 0
    for name, module in packed.named_modules():
        state = getattr(getattr(module, "weight", None), "quant_state", None)
        if state is not None:
            plain.get_submodule(name).weight.data = dequantize_4bit(module.weight.data, state)
            changed += 1
    assert changed == 14  # seven in each of the two layers
    plain.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def four_bit_adapter(wide_base: Path, dataset: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    output = tmp_path_factory.mktemp("four-bit") / "adapter"
    train(Settings(dataset, output, str(wide_base), load_in_4bit=True, **_RUN))
    return output


def _log(output: Path, name: str) -> list[float]:
    return [record[name] for record in json.loads((output / "training.json").read_text())["log"]]


@pytest.mark.parametrize("options", [{}, {"attention": "plain"}, {"gradient_checkpointing": True}], ids=str)
def test_it_trains_as_on_the_rounded_base(
    options: dict[str, Any], wide_base: Path, rounded_base: Path, dataset: Path, tmp_path: Path
) -> None:
    import torch
    from safetensors.torch import load_file

    for name, base, four_bit in (("packed", wide_base, True), ("rounded", rounded_base, False)):
        train(Settings(dataset, tmp_path / name, str(base), load_in_4bit=four_bit, **_RUN, **options))
    for name in ("loss", "grad_norm", "logps/chosen", "rewards/margins"):
        assert _log(tmp_path / "packed", name) == pytest.approx(
            _log(tmp_path / "rounded", name), rel=_TOLERANCE, abs=_TOLERANCE
        ), name
    packed, rounded = (load_file(tmp_path / name / "adapter_model.safetensors") for name in ("packed", "rounded"))
    assert packed.keys() == rounded.keys()
    for name, value in rounded.items():
        assert torch.dist(packed[name], value) < 1e-2 * value.norm(), name


def test_rounding_is_what_it_differs_by(four_bit_adapter: Path, wide_base: Path, dataset: Path, tmp_path: Path) -> None:
    train(Settings(dataset, tmp_path / "full", str(wide_base), **_RUN))
    differences = [
        abs(one - other)
        for one, other in zip(
            _log(four_bit_adapter, "logps/chosen"), _log(tmp_path / "full", "logps/chosen"), strict=True
        )
    ]
    assert 0 < max(differences) < _ROUNDING


def test_the_fingerprint_is_that_of_the_base(four_bit_adapter: Path, wide_base: Path) -> None:
    report = json.loads((four_bit_adapter / "training.json").read_text())
    assert report["base_fingerprint"] == fingerprint(load(str(wide_base))[0])
    assert report["settings"]["load_in_4bit"] is True


def test_what_comes_after_has_the_same_base(four_bit_adapter: Path, rounded_base: Path, rows: Rows) -> None:
    from bitsandbytes.nn.modules import Linear4bit

    model, _ = load(None, four_bit_adapter)
    assert sum(isinstance(module, Linear4bit) for module in model.modules()) == 14
    alone = TransformersWriter(None, four_bit_adapter, max_tokens=12).unadapted()
    rounded = TransformersWriter(str(rounded_base), max_tokens=12)
    assert write_one(alone, _REQUEST) == write_one(rounded, _REQUEST)
    scored = [score(*load(base, four_bit_adapter), rows, max_tokens=500) for base in (None, str(rounded_base))]
    margins = [[one.margin for one in scores] for scores in scored]
    assert margins[0] == pytest.approx(margins[1], rel=_TOLERANCE, abs=_TOLERANCE)


def test_merging_adds_to_the_rounded_weights(four_bit_adapter: Path, rounded_base: Path, tmp_path: Path) -> None:
    import torch

    result = invoke("merge", four_bit_adapter, "--output", tmp_path / "merged", "--dtype", "float32")
    assert result.exit_code == 0, result.stderr
    assert "4 bits" in result.stdout
    merged, tokenizer = load(str(tmp_path / "merged"))
    packed, _ = load(None, four_bit_adapter)
    ids = tokenizer(" ".join(TASTES.values()), return_tensors="pt").input_ids
    with torch.no_grad():
        assert torch.allclose(merged(ids).logits, packed(ids).logits, atol=1e-4)
        assert not torch.allclose(merged(ids).logits, load(str(rounded_base))[0](ids).logits, atol=1e-2)


def test_a_gguf_is_refused(tmp_path: Path) -> None:
    (tmp_path / "base.gguf").write_bytes(b"GGUF")
    with pytest.raises(ModelError, match="is a GGUF, which cannot be loaded in 4 bits: give safetensors"):
        load(str(tmp_path / "base.gguf"), load_in_4bit=True)
