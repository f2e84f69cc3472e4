"""The margins by which an adapter prefers the chosen answers, beside those of the controls it has to beat."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from gravity.trainer.clusters import Array
from gravity.trainer.dataset.contract import Row
from gravity.trainer.dataset.profile import with_card, without_profile
from gravity.trainer.sharing.scoring import Score

# Scores of the same rows under the adapter and under its base.
Scorer = Callable[[Sequence[Row]], tuple[list[Score], list[Score]]]

CONDITIONS = {
    "adapter": "adapter, reader's own profile: implicit reward",
    "shuffled": "adapter, another reader's profile: implicit reward",
    "no profile": "adapter, no profile: implicit reward",
    "adapter, log-prob": "adapter, reader's own profile: log-probability",
    "base": "base model, reader's own profile: log-probability",
    "length": "length only",
}
# What each difference compares. The base comes twice: against the adapter's implicit reward, and like with like.
DIFFERENCES = {
    "adapter - shuffled": ("adapter", "shuffled"),
    "adapter - no profile": ("adapter", "no profile"),
    "adapter - base": ("adapter", "base"),
    "adapter - base, log-prob": ("adapter, log-prob", "base"),
    "adapter - length": ("adapter", "length"),
}


@dataclass(frozen=True)
class Margins:
    """One entry a row. `by` has an array for each of CONDITIONS: above 0 prefers the chosen answer, NaN is no answer.

    Implicit rewards are DPO's, beta x (log-ratio to the base of chosen less that of rejected), of which the sigmoid
    is the chance that the chosen answer is preferred (Rafailov et al. 2023, equation 5). `longer` is how many tokens
    the chosen answer is longer than the rejected, `tokens` how many the longer of the two has.
    """

    by_condition: dict[str, Array]
    longer: Array
    tokens: Array


def margins(rows: Sequence[Row], cards: Sequence[str | None], scorer: Scorer, beta: float, slope: float) -> Margins:
    """Score the rows three times: as they are, with the other `cards` (None: no control), and without a profile.

    `slope` is what one token of length is worth to the length-only control: see `length_slope`.
    """
    own, base = scorer(rows)
    swapped = [index for index, text in enumerate(cards) if text is not None]
    shuffled = np.full(len(rows), np.nan)
    shuffled[swapped] = _rewards(*scorer([with_card(rows[index], cards[index]) for index in swapped]), beta)
    longer = np.array([one.chosen_tokens - one.rejected_tokens for one in own], dtype=float)
    return Margins(
        by_condition={
            "adapter": _rewards(own, base, beta),
            "shuffled": shuffled,
            "no profile": _rewards(*scorer([without_profile(row) for row in rows]), beta),
            "adapter, log-prob": np.array([one.margin for one in own]),
            "base": np.array([one.margin for one in base]),
            "length": slope * longer,
        },
        longer=longer,
        tokens=np.array([max(one.chosen_tokens, one.rejected_tokens) for one in own], dtype=float),
    )


def rewards(rows: Sequence[Row], scorer: Scorer, beta: float) -> Array:
    """Return the margins of implicit reward alone."""
    return _rewards(*scorer(rows), beta)


def length_slope(longer: Array) -> float:
    """Fit the length-only control on training rows: the logistic regression of being chosen on `longer`, no constant.

    A positive slope prefers the longer answer, a negative one the shorter. A small ridge keeps it finite.
    """
    from scipy.optimize import minimize_scalar

    if not len(longer):
        return 0.0
    scale = float(np.abs(longer).mean()) or 1.0
    fit = minimize_scalar(lambda w: np.logaddexp(0, -w * longer / scale).mean() + 1e-3 * w * w)
    return float(fit.x) / scale


def answer_lengths(tokenizer: Any, rows: Sequence[Row]) -> Array:
    """Return how many tokens the chosen answer of each row is longer than the rejected."""

    def tokens(name: str) -> Array:
        texts = [" ".join(message["content"] for message in row[name]) for row in rows]
        return np.array([len(ids) for ids in tokenizer(texts)["input_ids"]] if texts else [], dtype=float)

    return tokens("chosen") - tokens("rejected")


def _rewards(own: Sequence[Score], base: Sequence[Score], beta: float) -> Array:
    return np.array([beta * (one.margin - ref.margin) for one, ref in zip(own, base, strict=True)], dtype=float)
