"""Bases that are no decoders, that lack weights, or that stay noisy in training; and what an adapter does not reach."""

import functools
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.trainer.architectures import CASES, write_architecture
from tests.trainer.commands import refuses

Refused = Callable[..., None]
Command = Callable[..., Any]
_ONE_STEP = ("--max-steps", "1", "--batch-size", "4")


@pytest.fixture
def refused(dataset: Path, tmp_path: Path) -> Refused:
    """Return a function that sees `train` refuse a base."""

    def see(code: int, words: list[str], base: Path, *options: str) -> None:
        output = tmp_path / "out"
        refuses(tmp_path, code, words, "train", dataset, "--base", base, "--output", output, *_ONE_STEP, *options)

    return see


def _written(name: str, base: Path, folder: Path) -> Path:
    write_architecture(CASES[name], base, folder)
    return folder


def _saved(model: Any, base: Path, folder: Path) -> Path:
    """Save a model with the tiny tokenizer."""
    from transformers import AutoTokenizer

    model.save_pretrained(folder)
    AutoTokenizer.from_pretrained(base).save_pretrained(folder)
    return folder


def test_an_encoder_and_decoder(refused: Refused, base: Path, tmp_path: Path) -> None:
    from transformers import AutoConfig, AutoModelForSeq2SeqLM

    sizes = {"d_model": 32, "d_kv": 8, "d_ff": 64, "num_layers": 1, "num_heads": 4}
    config = AutoConfig.for_model("t5", vocab_size=400, decoder_start_token_id=0, **sizes)
    models: Any = AutoModelForSeq2SeqLM
    model = models.from_config(config)
    refused(4, ["architecture t5", "no causal language model", "use one"], _saved(model, base, tmp_path / "t5"))


def test_a_model_without_a_head(refused: Refused, base: Path, tmp_path: Path) -> None:
    from transformers import AutoModel

    body = AutoModel.from_pretrained(base)
    refused(4, ["lacks 1 of the weights", "lm_head.weight", "use a base"], _saved(body, base, tmp_path / "body"))


def test_a_model_that_reads_both_ways(refused: Refused, base: Path, tmp_path: Path) -> None:
    folder = _written("BERT", base, tmp_path / "bert")
    refused(4, ["from those after it", "no causal language model"], folder, "--attention", "plain")


def test_a_head_that_scores_otherwise_than_the_model_writes(
    refused: Refused, base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from transformers import LlamaForCausalLM

    original = LlamaForCausalLM.forward

    @functools.wraps(original)
    def sharper(self: Any, *arguments: Any, **options: Any) -> Any:
        found = original(self, *arguments, **options)
        found.logits = found.logits * 2
        return found

    monkeypatch.setattr(LlamaForCausalLM, "forward", sharper)
    refused(4, ["does not score a batch of answers as it writes them", "another base"], base)


def test_a_mask_that_lets_something_through(refused: Refused, base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What gets through is too little for the comparison of log-probabilities, and is found all the same."""
    from gravity.trainer.sharing import attention, blocks

    monkeypatch.setattr(attention, "rounding", lambda device: 1.0)
    honest = blocks._parts

    def leaking(until: Any, *rest: Any) -> Any:
        return honest(until + 1, *rest)

    monkeypatch.setattr(blocks, "_parts", leaking)
    refused(4, ["what the attention mask hides reaches", "--attention plain"], base)


def test_chance_that_is_left_shows_before_training_and_at_its_first_step(
    refused: Refused, base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from gravity.trainer.training import session

    folder = _written("OPT", base, tmp_path / "opt")
    monkeypatch.setattr(session, "switch_off_chance", lambda model: None)
    refused(4, ["scores answers otherwise while it trains", "at random", "another base"], folder)
    monkeypatch.setattr(session, "check_decoder", lambda *_: None)
    for loss_type in ("sigmoid", "ipo"):
        refused(7, ["the first step", "nats per token", "at random", "another base"], folder, "--loss-type", loss_type)


@pytest.mark.parametrize("loss_type", ["ipo", "sft"])
def test_other_losses_pass_the_first_step(loss_type: str, command: Command, dataset: Path, tmp_path: Path) -> None:
    result = command(dataset, "--output", tmp_path / "out", "--loss-type", loss_type, *_ONE_STEP)
    assert result.exit_code == 0, result.stderr
    report = json.loads((tmp_path / "out" / "training.json").read_text(encoding="utf-8"))
    assert "drift" not in report["log"][0]


def test_rates_that_are_no_chance_stay(base: Path, tmp_path: Path) -> None:
    """PhiMoE's jitter decides which experts answer, in training or not."""
    from transformers import AutoModelForCausalLM

    from gravity.trainer.training.noise import switch_off_chance

    model: Any = AutoModelForCausalLM.from_pretrained(_written("Phi-3.5 MoE", base, tmp_path / "phimoe"))
    router = model.model.layers[0].mlp.router
    before = router.router_jitter_noise
    switch_off_chance(model)
    assert before > 0
    assert router.router_jitter_noise == before


def test_what_has_no_lora_is_said(command: Command, base: Path, dataset: Path, tmp_path: Path) -> None:
    folder = _written("Qwen2 MoE", base, tmp_path / "mixture")
    result = command(dataset, "--base", folder, "--output", tmp_path / "out", *_ONE_STEP)
    assert result.exit_code == 0, result.stderr
    (line,) = [line for line in result.stderr.splitlines() if "LoRA" in line]
    assert line.startswith("warning: LoRA is on q_proj, k_proj, v_proj, o_proj, ")
    assert "mlp.experts.gate_up_proj, mlp.experts.down_proj (57% of the layers' weights) have none" in line
    report = json.loads((tmp_path / "out" / "training.json").read_text(encoding="utf-8"))
    assert line.removeprefix("warning: ") in report["warnings"]
    lora = report["lora"]
    assert lora["layers"]["q_proj"] == 2
    # 4 experts in 2 blocks: of 32 features to twice 16, and back.
    assert lora["without"]["mlp.experts.gate_up_proj"] == 2 * 4 * 32 * 2 * 16
    assert lora["without"]["mlp.experts.down_proj"] == 2 * 4 * 16 * 32
    card = (tmp_path / "out" / "README.md").read_text(encoding="utf-8")
    assert "Layers with LoRA: q_proj (2), " in card
    assert "mlp.experts.gate_up_proj (8,192 weights)" in card


def test_experts_that_peft_knows_are_trained_reloaded_and_merged(
    command: Command, base: Path, dataset: Path, tmp_path: Path
) -> None:
    from gravity.trainer.export.merge import merge
    from gravity.trainer.models.loading import load
    from tests.trainer.conftest import planted_rows
    from tests.trainer.plain import plain_score

    folder = _written("Mixtral", base, tmp_path / "mixture")
    options = ("--max-steps", "5", "--batch-size", "8", "--learning-rate", "1e-2")
    result = command(dataset, "--base", folder, "--output", tmp_path / "out", *options)
    assert result.exit_code == 0, result.stderr
    assert "LoRA is on" not in result.stderr
    lora = json.loads((tmp_path / "out" / "training.json").read_text(encoding="utf-8"))["lora"]
    assert lora["layers"]["experts.gate_up_proj"] == lora["layers"]["experts.down_proj"] == lora["layers"]["gate"] == 2
    merge(tmp_path / "out", tmp_path / "merged", dtype="float32")
    row = planted_rows()[0]
    plain, adapted, merged = (
        plain_score(*load(*where), row).margin
        for where in ((str(folder),), (None, tmp_path / "out"), (str(tmp_path / "merged"),))
    )
    assert abs(adapted - plain) > 1
    assert merged == pytest.approx(adapted, abs=1e-3)
