"""Perplexity on plain text in four languages: whether a model still writes after it was taught to prefer.

The texts in `texts/` were written for this purpose: twelve paragraphs a language, about everyday things.
"""

from pathlib import Path
from typing import Any

import numpy as np

from gravity.trainer.clusters import Array, Clusters
from gravity.trainer.intervals import Estimate, mean
from gravity.trainer.models.loading import context

LANGUAGES = {"en": "English", "pt": "Portuguese", "ja": "Japanese", "hi": "Hindi"}

_TEXTS = Path(__file__).parent / "texts"


def perplexities(model: Any, tokenizer: Any) -> dict[str, dict[str, Estimate]]:
    """Return, by language, the perplexity of the `adapter` and the `base`, and their `ratio` (1: no change).

    Perplexity is per token, so compare it between models and not between languages. A paragraph is a
    cluster.
    """
    return {language: _compared(model, tokenizer, paragraphs(language)) for language in LANGUAGES}


def paragraphs(language: str) -> list[str]:
    """Return the paragraphs of one of LANGUAGES."""
    return (_TEXTS / f"{language}.txt").read_text(encoding="utf-8").strip().split("\n\n")


def _compared(model: Any, tokenizer: Any, texts: list[str]) -> dict[str, Estimate]:
    adapted = [_losses(model, tokenizer, text) for text in texts]
    with model.disable_adapter():
        plain = [_losses(model, tokenizer, text) for text in texts]
    clusters = Clusters.of(paragraphs=[str(number) for number, losses in enumerate(plain) for _ in losses])
    one, other = np.concatenate(adapted), np.concatenate(plain)
    return {
        "adapter": _exponential(mean(one, clusters)),
        "base": _exponential(mean(other, clusters)),
        "ratio": _exponential(mean(one - other, clusters)),
    }


def _losses(model: Any, tokenizer: Any, text: str) -> Array:
    """Return the negative log-probability of each token but the first, cut to what the model attends to."""
    import torch

    ids = tokenizer(text, return_tensors="pt")["input_ids"][:, : context(model)]
    ids = ids.to(model.device)
    with torch.inference_mode():
        logps = model(input_ids=ids).logits[0, :-1].float().log_softmax(-1)
    return np.asarray(-logps.gather(1, ids[0, 1:, None])[:, 0].double().cpu().numpy())


def _exponential(one: Estimate) -> Estimate:
    if one.value is None or one.low is None or one.high is None:
        return one
    value, low, high = (float(np.exp(x)) for x in (one.value, one.low, one.high))
    return Estimate(value, low, high, one.rows, one.clusters)
