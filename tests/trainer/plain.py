"""What plain forward passes say, one sequence at a time: nothing packed, nothing shared."""

from typing import Any

from gravity.trainer.sharing.scoring import Score


def plain_score(model: Any, tokenizer: Any, row: dict[str, Any]) -> Score:
    """Score a row's two answers, each from a pass of its own."""
    (chosen, chosen_tokens), (rejected, rejected_tokens) = (
        _side(model, tokenizer, row, name) for name in ("chosen", "rejected")
    )
    return Score(chosen, rejected, chosen_tokens, rejected_tokens)


def _side(model: Any, tokenizer: Any, row: dict[str, Any], name: str) -> tuple[float, int]:
    import torch

    prompt = tokenizer.apply_chat_template(row["prompt"], add_generation_prompt=True)["input_ids"]
    ids = tokenizer.apply_chat_template(row["prompt"] + row[name])["input_ids"]
    with torch.no_grad():
        logps = model(input_ids=torch.tensor([ids])).logits[0].log_softmax(-1)
    return sum(logps[at - 1, ids[at]].item() for at in range(len(prompt), len(ids))), len(ids) - len(prompt)
