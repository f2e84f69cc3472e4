"""The probabilities of a model's tokens, and what they say of the answer that it gave."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import exp, log
from typing import Any, Protocol

from gravity.agents.chat import ChatModel
from gravity.agents.errors import ModelError, UnusableError

_ANSWER = re.compile(r'"answer"\s*:\s*"')
# What a token has of an answer: without what stands before it in JSON, and without the quote after it.
_PART = re.compile(r'([^"\s][^"]*?)"?[,}\s]*$')


@dataclass(frozen=True)
class Token:
    """A token that a model chose, and the log-probabilities of the likeliest ones in its place."""

    text: str
    logprobs: Mapping[str, float]


@dataclass(frozen=True)
class Chances:
    """The log-probabilities of the likeliest next tokens, and what it took to ask for them, as in a Reply."""

    logprobs: Mapping[str, float]
    tokens_in: int | None
    tokens_out: int | None
    seconds: float
    tokens_cached: int = 0


class ReadableChat(ChatModel, Protocol):
    """A chat model that can tell how likely its next token is."""

    async def next_token(self, system: str, user: str) -> Chances:
        """The likeliest first tokens of its answer. Raises AskError, or ModelError where it cannot tell."""
        ...


def answers_offered(schema: Mapping[str, Any]) -> list[str]:
    """The answers that a schema offers beside a confidence in them; none where it asks for something else."""
    properties = schema.get("properties", {})
    return list(properties.get("answer", {}).get("enum", ())) if "confidence" in properties else []


def with_confidence(text: str, tokens: Sequence[Token], offered: Sequence[str]) -> str:
    """The answer `text` with the probability of its answer, of those `offered`, in place of the confidence that it
    states; an answer that is none of them, or no JSON object, stays as it is."""
    try:
        answer = json.loads(text)
        given = answer["answer"]
    except (ValueError, TypeError, LookupError):
        return text
    said = "".join(token.text for token in tokens)
    places = list(_ANSWER.finditer(said))
    if given not in offered or not places:
        return text
    logprobs = _token_at(tokens, places[-1].end()).logprobs
    masses = {option: _mass(logprobs, option) for option in offered}
    total = sum(masses.values())
    if not total:
        return text
    return json.dumps({**answer, "confidence": round(100 * masses[given] / total)}, ensure_ascii=False)


def log_odds(logprobs: Mapping[str, float]) -> float:
    """How much likelier Yes is than No as the next token: the logarithm of their odds.

    Where only one of them is among the tokens told, the other is taken to be as likely as the least likely of these,
    which it cannot exceed. Raises UnusableError where neither is.
    """
    least = min(logprobs.values(), default=0.0)
    yes, no = (_words(logprobs, word) for word in ("yes", "no"))
    if not yes and not no:
        likeliest = max(logprobs, key=lambda token: logprobs[token], default="")
        raise UnusableError(f"asked for Yes or No, its next token is neither: the likeliest is '{likeliest.strip()}'")
    return (log(yes) if yes else least) - (log(no) if no else least)


def none_told(model: str, where: str, setting: str) -> ModelError:
    """The error for a server that gives no probabilities of tokens."""
    return ModelError(
        f"model '{model}': {where} gives no probabilities of tokens (logprobs), which {setting} needs: leave that "
        "setting out, or take a server that has them"
    )


def _token_at(tokens: Sequence[Token], place: int) -> Token:
    """The first token that begins at or after a place in the text, or holds what stands there."""
    end = 0
    for token in tokens:
        end += len(token.text)
        if end > place:
            return token
    return tokens[-1]


def _mass(logprobs: Mapping[str, float], option: str) -> float:
    """The probability of the tokens that begin an answer."""
    parts = ((_PART.search(token), logprob) for token, logprob in logprobs.items())
    return sum(exp(logprob) for part, logprob in parts if part and option.startswith(part[1]))


def _words(logprobs: Mapping[str, float], word: str) -> float:
    return sum(exp(logprob) for token, logprob in logprobs.items() if token.strip().casefold() == word)
