"""What a chat message says: its answer, or why it holds none, and the tokens that it took."""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from langchain_core.messages import BaseMessage

from gravity.agents.chances import Token
from gravity.agents.chat import Reply
from gravity.agents.endpoint.reading import answer_in, said_in

_CUT = frozenset({"length", "max_tokens", "model_length", "max_output_tokens", "model_context_window_exceeded"})
_FILTERED = frozenset({"content_filter", "safety", "refusal", "recitation", "prohibited_content", "blocklist"})
# A count beyond this is no count.
MOST_TOKENS = 10**9


@dataclass(frozen=True)
class Usage:
    """The tokens that a server counted; None where it counted none."""

    tokens_in: int | None
    tokens_out: int | None
    cached: int
    reasoning: int


def read(message: BaseMessage, required: Collection[str] | None, limit: str, seconds: float) -> Reply:
    """The reply that a message is. `required` are the keys of an answer, None where it is a text in no form; `limit` is
    how the token limit is called.

    Raises ValueError for a text that no store can keep.
    """
    usage, text = usage_of(message), _text(message)
    reason = str(_told(message, "finish_reason") or _told(message, "stop_reason") or "").casefold()
    if required is None:
        answer = None if _refusal(message) or reason in _FILTERED else said_in(text) or None
    else:
        answer = _called(message) or answer_in(text, required, finished=reason not in _CUT)
    problem, refused = ("", False) if answer is not None else _problem(message, text, reason, limit, usage)
    said = answer if answer is not None else text
    said.encode()
    return Reply(
        text=said,
        tokens_in=usage.tokens_in,
        tokens_out=usage.tokens_out,
        seconds=seconds,
        tokens_cached=usage.cached,
        tokens_reasoning=usage.reasoning,
        problem=problem,
        refused=refused,
        cut=answer is not None and reason in _CUT,
    )


def tokens_of(message: BaseMessage) -> list[Token]:
    """The tokens of an answer with the chances of the likeliest in their place; none where the server told none."""
    told = _told(message, "logprobs")
    listed = told.get("content") if isinstance(told, Mapping) else None
    return [
        Token(token["token"], {each["token"]: each["logprob"] for each in (token, *(token.get("top_logprobs") or ()))})
        for token in listed or ()
    ]


def _problem(message: BaseMessage, text: str, reason: str, limit: str, usage: Usage) -> tuple[str, bool]:
    """Why a message without an answer has none, and whether the model refused. Nothing for a text that may be read
    otherwise: what is wrong with it is for its schema to say."""
    if refusal := _refusal(message):
        return f"the model refused: {' '.join(str(refusal).split())[:300]}", True
    if reason in _FILTERED:
        return f"a content filter stopped the answer ({reason})", True
    if reason in _CUT:
        thinking = f" ({usage.reasoning} of its tokens were thinking)" if usage.reasoning else ""
        return f"the answer was cut at {limit}{thinking}: raise it", False
    if not text.strip():
        return "the answer was empty" + (f" (finish_reason {reason})" if reason not in ("", "stop") else ""), False
    return "", False


def _refusal(message: BaseMessage) -> Any:
    return message.additional_kwargs.get("refusal") or _part(message, "refusal")


def usage_of(message: BaseMessage) -> Usage:
    """The tokens in the shapes of OpenAI, DeepSeek, Anthropic and LangChain."""
    counted = _told(message, "token_usage") or getattr(message, "usage_metadata", None) or {}
    came = _map(counted, "prompt_tokens_details", "input_tokens_details", "input_token_details")
    went = _map(counted, "completion_tokens_details", "output_tokens_details", "output_token_details")
    cached = (
        _count(came, "cached_tokens", "cache_read")
        or _count(counted, "prompt_cache_hit_tokens", "cache_read_input_tokens")
        or 0
    )
    tokens_in = _count(counted, "prompt_tokens", "input_tokens")
    if tokens_in is not None and "cache_read_input_tokens" in counted and counted.get("prompt_tokens") is None:
        # Anthropic counts what came from its cache, or went there, apart.
        tokens_in += cached + (_count(counted, "cache_creation_input_tokens") or 0)
    return Usage(
        tokens_in=tokens_in,
        tokens_out=_count(counted, "completion_tokens", "output_tokens"),
        cached=cached,
        reasoning=_count(went, "reasoning_tokens", "reasoning") or _count(counted, "reasoning_tokens") or 0,
    )


def _count(counted: Mapping[str, Any], *names: str) -> int | None:
    for name in names:
        value = counted.get(name)
        if isinstance(value, int) and 0 <= value <= MOST_TOKENS:
            return value
    return None


def _map(counted: Mapping[str, Any], *names: str) -> Mapping[str, Any]:
    return next((counted[name] for name in names if isinstance(counted.get(name), Mapping)), {})


def _told(message: BaseMessage, name: str) -> Any:
    return message.response_metadata.get(name)


def _text(message: BaseMessage) -> str:
    """What is said, without the parts that are thinking; or the arguments of a tool call that are no JSON object."""
    if broken := getattr(message, "invalid_tool_calls", None):
        return str(broken[-1]["args"] or "")
    if isinstance(message.content, str):
        return message.content
    parts = (part if isinstance(part, str) else part.get("text") for part in message.content)
    return "".join(part for part in parts if isinstance(part, str))


def _part(message: BaseMessage, kind: str) -> Any:
    if isinstance(message.content, str):
        return None
    return next((p[kind] for p in message.content if isinstance(p, dict) and p.get("type") == kind and kind in p), None)


def _called(message: BaseMessage) -> str | None:
    """What the model put into a call of the tool that it answers by, the last one where there are several."""
    if calls := getattr(message, "tool_calls", None):
        return json.dumps(calls[-1]["args"], ensure_ascii=False)
    return None
