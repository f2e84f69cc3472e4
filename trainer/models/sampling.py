"""How the next token is drawn: by temperature and nucleus, in the same way whatever computed the logits."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from gravity.trainer.models.writer import TEMPERATURE, TOP_P, Request

# The likeliest tokens, among which the nucleus nearly always lies: sorting a whole vocabulary takes ten times as long.
_LIKELIEST = 512


class Draws:
    """The random numbers of one text, which depend on its request alone."""

    def __init__(self, request: Request) -> None:
        """Begin; a request without a seed draws nothing."""
        self._random = None if request.seed is None else np.random.default_rng(request.draws)

    def next(self) -> float | None:
        """Return the next one, from 0 up to 1; None means the likeliest token."""
        return None if self._random is None else float(self._random.random())


def choose(logits: torch.Tensor, drawn: Sequence[float | None]) -> torch.Tensor:
    """Return a token for each row of logits (rows, vocabulary), by the number that was drawn for it.

    The tokens of the nucleus, which is the fewest that have at least TOP_P of the probability at TEMPERATURE, are laid
    out from the likeliest on, each as wide as it is likely; the number says how far along them to look (Holtzman et
    al., 2020, and inversion). Rows do not affect one another.
    """
    rows = logits.float()
    likeliest = rows.argmax(-1)
    if all(number is None for number in drawn):
        return likeliest
    chances = torch.softmax(rows / TEMPERATURE, -1)
    ordered, tokens = chances.topk(min(_LIKELIEST, chances.shape[-1]), dim=-1)
    if bool((ordered.sum(-1) < TOP_P).any()):
        ordered, tokens = chances.sort(dim=-1, descending=True)
    # In double precision, or the sums of two devices part sooner than they must.
    reached = ordered.double().cumsum(-1)
    nucleus = (reached < TOP_P).sum(-1, keepdim=True).clamp(max=ordered.shape[-1] - 1)
    wanted = torch.tensor([[number or 0.0] for number in drawn], dtype=torch.float64, device=rows.device)
    place = (reached <= wanted * reached.gather(-1, nucleus)).sum(-1, keepdim=True).minimum(nucleus)
    sampled = tokens.gather(-1, place).squeeze(-1)
    greedy = torch.tensor([number is None for number in drawn], device=rows.device)
    return torch.where(greedy, likeliest, sampled)


def processor(requests: Sequence[Request]) -> Any:
    """Return a logits processor for `generate` without sampling, which leaves each row the token drawn for it alone."""
    from transformers import LogitsProcessor

    draws = [Draws(request) for request in requests]

    class Drawn(LogitsProcessor):
        def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
            tokens = choose(scores, [each.next() for each in draws])
            return torch.full_like(scores, float("-inf")).scatter(-1, tokens.unsqueeze(-1), 0.0)

    return Drawn()
