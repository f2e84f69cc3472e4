"""Scores are sums of log-probabilities as a plain forward pass gives them, with and without an adapter."""

from pathlib import Path
from typing import Any

import pytest

from gravity.trainer.models.loading import load
from gravity.trainer.sharing.scoring import length, score
from tests.trainer.plain import plain_score


@pytest.mark.parametrize("max_tokens", [100, 4096])
def test_scores_are_those_of_a_plain_pass(adapter: Path, rows: list[dict[str, Any]], max_tokens: int) -> None:
    model, tokenizer = load(None, adapter)
    before = model.config._attn_implementation
    done: list[int] = []
    found = score(model, tokenizer, rows, max_tokens=max_tokens, progress=done.append)
    assert sum(done) == len(rows)
    assert model.config._attn_implementation == before
    for row, scores in zip(rows, found, strict=True):
        plain = plain_score(model, tokenizer, row)
        assert (scores.chosen, scores.rejected) == pytest.approx((plain.chosen, plain.rejected), rel=1e-4)
        assert (scores.chosen_tokens, scores.rejected_tokens) == (plain.chosen_tokens, plain.rejected_tokens)
        assert scores.margin == scores.chosen - scores.rejected
    assert length(tokenizer, rows[0]) > found[0].chosen_tokens
    with model.disable_adapter():
        assert score(model, tokenizer, rows[:1], max_tokens=4096)[0].chosen != found[0].chosen


def test_a_model_that_cannot_share_is_scored_plainly(
    adapter: Path, rows: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    from gravity.trainer.sharing import attention

    model, tokenizer = load(None, adapter)
    expected = score(model, tokenizer, rows[:3], max_tokens=4096)
    monkeypatch.setattr(attention, "_window", lambda config: 2)
    for plain, shared in zip(score(model, tokenizer, rows[:3], max_tokens=300), expected, strict=True):
        assert plain.margin == pytest.approx(shared.margin, rel=1e-4)


def test_nothing_to_score(adapter: Path) -> None:
    assert score(*load(None, adapter), [], max_tokens=10) == []
