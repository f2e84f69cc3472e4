"""What llama.cpp knows of each token before it chooses one."""

from typing import Any

import numpy as np

from gravity.agents.chances import Token

LIKELIEST = 20


class LogitsTap:
    """A logits processor that changes nothing and keeps the likeliest tokens of each step, and the one chosen.

    It stands before the grammar and before sampling. llama-cpp-python's own logprobs need memory for the whole
    vocabulary at every place of the context.
    """

    def __init__(self, model: Any) -> None:
        self._model = model
        self._steps: list[dict[int, float]] = []
        self._chosen: list[int] = []
        self._latest: Any = None

    def __call__(self, input_ids: Any, scores: Any) -> Any:
        """Called before each token: `input_ids` (n,) ends with the latest choice, `scores` (vocabulary,) are logits."""
        if self._latest is not None:
            choice = int(input_ids[-1])
            self._chosen.append(choice)
            self._steps[-1].setdefault(choice, float(self._latest[choice]))
        logits = np.asarray(scores, dtype=np.float64)
        most = logits.max()
        self._latest = logits - most - np.log(np.exp(logits - most).sum())
        best = np.argpartition(self._latest, -LIKELIEST)[-LIKELIEST:]
        self._steps.append({int(token): float(self._latest[token]) for token in best})
        return scores

    @property
    def tokens(self) -> list[Token]:
        """The chosen tokens but the last, which ends the answer, each with the likeliest in its place."""
        steps = zip(self._chosen, self._steps, strict=False)
        return [Token(self._text(choice), self._named(step)) for choice, step in steps]

    @property
    def first(self) -> dict[str, float]:
        """The log-probabilities of the likeliest first tokens."""
        return self._named(self._steps[0])

    def _named(self, step: dict[int, float]) -> dict[str, float]:
        named: dict[str, float] = {}
        for token, logprob in step.items():
            text = self._text(token)
            # Tokens of one text, such as parts of a character, are one here.
            named[text] = float(np.logaddexp(named[text], logprob)) if text in named else logprob
        return named

    def _text(self, token: int) -> str:
        return str(self._model.detokenize([token]).decode(errors="replace"))
