"""Scores are sums of log-probabilities as a plain forward pass gives them, with and without an adapter."""

from pathlib import Path
from typing import Any

import pytest

from trainer.models import load
from trainer.scoring import length, score


def _by_hand(model: Any, tokenizer: Any, row: dict[str, Any], name: str) -> tuple[float, int]:
    import torch

    prompt = tokenizer.apply_chat_template(row["prompt"], add_generation_prompt=True)["input_ids"]
    ids = tokenizer.apply_chat_template(row["prompt"] + row[name])["input_ids"]
    with torch.no_grad():
        logps = model(input_ids=torch.tensor([ids])).logits[0].log_softmax(-1)
    return sum(logps[at - 1, ids[at]].item() for at in range(len(prompt), len(ids))), len(ids) - len(prompt)


@pytest.mark.parametrize("max_tokens", [100, 4096])
def test_scores_are_those_of_a_plain_pass(adapter: Path, rows: list[dict[str, Any]], max_tokens: int) -> None:
    model, tokenizer = load(None, adapter)
    before = model.config._attn_implementation
    done: list[int] = []
    found = score(model, tokenizer, rows, max_tokens=max_tokens, progress=done.append)
    assert sum(done) == len(rows)
    assert model.config._attn_implementation == before
    for row, scores in zip(rows, found, strict=True):
        for name in ("chosen", "rejected"):
            logps, tokens = _by_hand(model, tokenizer, row, name)
            assert getattr(scores, name) == pytest.approx(logps, rel=1e-4)
            assert getattr(scores, f"{name}_tokens") == tokens
        assert scores.margin == scores.chosen - scores.rejected
    assert length(tokenizer, rows[0]) > found[0].chosen_tokens
    with model.disable_adapter():
        assert score(model, tokenizer, rows[:1], max_tokens=4096)[0].chosen != found[0].chosen


def test_a_model_that_cannot_share_is_scored_plainly(
    adapter: Path, rows: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    from trainer import attention

    model, tokenizer = load(None, adapter)
    expected = score(model, tokenizer, rows[:3], max_tokens=4096)
    monkeypatch.setattr(attention, "_window", lambda config: 2)
    for plain, shared in zip(score(model, tokenizer, rows[:3], max_tokens=300), expected, strict=True):
        assert plain.margin == pytest.approx(shared.margin, rel=1e-4)


def test_nothing_to_score(adapter: Path) -> None:
    assert score(*load(None, adapter), [], max_tokens=10) == []
