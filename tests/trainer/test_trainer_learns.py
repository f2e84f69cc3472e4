"""A trained adapter holds what was planted, and can be read back."""

import json
from pathlib import Path
from typing import Any

import pytest

from gravity.trainer.models.loading import load
from tests.trainer.plain import plain_score


@pytest.fixture(scope="module")
def report(adapter: Path) -> dict[str, Any]:
    return dict(json.loads((adapter / "training.json").read_text(encoding="utf-8")))


def test_the_loss_falls_and_the_margins_grow(report: dict[str, Any]) -> None:
    assert report["first"]["loss"] == pytest.approx(0.6931, abs=1e-3)
    assert report["first"]["rewards/margins"] == pytest.approx(0, abs=1e-4)
    assert report["last"]["loss"] < 0.3
    assert report["last"]["rewards/margins"] > 1
    assert report["last"]["rewards/accuracies"] > 0.9


def test_the_report_has_every_step_and_what_was_trained_on(report: dict[str, Any], base: Path) -> None:
    assert [record["step"] for record in report["log"]] == list(range(1, 51))
    assert report["steps"] == 50
    assert report["final_loss"] == report["log"][-1]["loss"]
    assert report["base"] == str(base)
    assert report["settings"]["lora_r"] == 16
    assert sum(entry["rows"] for entry in report["dataset"]["counts"]) == report["dataset"]["rows"] == 32
    assert {entry["culture"] for entry in report["dataset"]["counts"]} == {"us", "jp"}
    assert report["dataset"]["test_rows"] == 4
    # Each row's two sides, about 80 tokens each, and what was computed in their place.
    assert report["unshared_tokens"] > 50 * 8 * 2 * 30
    assert report["trained_tokens"] < 0.6 * report["unshared_tokens"]


def test_it_prefers_what_each_reader_prefers(adapter: Path, base: Path, rows: list[dict[str, Any]]) -> None:
    model, tokenizer = load(str(base), adapter)
    after = [plain_score(model, tokenizer, row).margin for row in rows]
    with model.disable_adapter():
        before = [plain_score(model, tokenizer, row).margin for row in rows]
    # Both texts are chosen equally often, so only one who reads the card can be right about more than half.
    assert sum(score > 0 for score in before) == len(rows) / 2
    assert all(now > then for now, then in zip(after, before, strict=True))
    assert sum(score > 0 for score in after) > 0.9 * len(rows)


def test_the_files_are_whole_and_hold_no_pickle(adapter: Path) -> None:
    names = {path.name for path in adapter.iterdir()}
    assert names == {
        "README.md",
        "adapter_config.json",
        "adapter_model.safetensors",
        "chat_template.jinja",
        "met.json",
        "tokenizer.json",
        "tokenizer_config.json",
        "training.png",
        "training.json",
    }
    assert list(adapter.parent.iterdir()) == [adapter]
    # A server that runs as another user reads the weights as well as the rest.
    assert {path.stat().st_mode & 0o777 for path in adapter.iterdir()} == {adapter.stat().st_mode & 0o666}


def test_peft_alone_reads_the_adapter_to_the_same_logits(adapter: Path) -> None:
    import torch
    from peft import AutoPeftModelForCausalLM

    ours, tokenizer = load(None, adapter)
    theirs = AutoPeftModelForCausalLM.from_pretrained(adapter)
    ids = tokenizer("This reader loves freedom.", return_tensors="pt")["input_ids"]
    with torch.no_grad():
        assert torch.equal(ours(input_ids=ids).logits, theirs(input_ids=ids).logits)


def test_the_card_is_one_the_hub_reads(adapter: Path, base: Path) -> None:
    from huggingface_hub import ModelCard

    card = ModelCard.load(adapter / "README.md")
    assert card.data.base_model == str(base)
    assert card.data.library_name == "peft"
    assert card.data.license == "unknown"
    assert {"dpo", "lora"} <= set(card.data.tags)
    assert "| jp | interests | 6 |" in card.text
    # SHA-256 of the manifest, which is the two bytes {}.
    assert "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a" in card.text
