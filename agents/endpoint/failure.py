"""What a failure means: who failed, in the server's own words, and whether to ask again."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from gravity.agents.errors import AskError, ModelError, NotAnsweredError, RefusalError

# passing: the same request may well be answered later. lasting: not soon. model: no request will be answered.
# content: a filter refused what was asked. request: the server refuses the request as it stands.
Meaning = Literal["passing", "lasting", "model", "content", "request"]

PASSING = frozenset({408, 409, 425, 429})
# Statuses with which servers refuse a form of request; some templates fail with a 500.
ABOUT_FORM = frozenset({400, 404, 405, 406, 415, 422, 500, 501})
_QUOTA = (
    r"insufficient[_ ](quota|credit|balance|fund)|exceeded your current quota|billing|out of credits|credit balance"
)
_UNKNOWN_MODEL = (
    r"model_not_found|deploymentnotfound|not_found_error"
    r"|model\b.{0,80}?\b(not found|does(n't| not) exist|not exist|unknown|unavailable)"
    r"|model\b.{0,80}?\b(is|was) (not|n't) (a valid|valid|available|loaded|deployed|found|known|served)"
    r"|(unknown|invalid|no such|unrecogni[sz]ed|unsupported) model\b|not a valid model"
)
_FILTER = r"content[_ ](filter|management|policy)|responsibleaipolicy|flagged|moderation|safety (system|filter)"
_UNSUPPORTED = r"support|unknown|unrecogni[sz]ed|not (allowed|permitted|implemented|enabled)|must|only|extra"
_CONTEXT = r"context[_ ]?(length|window|size)|maximum context|too many (input )?tokens|prompt is too long"
# What servers echo of the request in their errors; it names everything.
_ECHOED = frozenset({"input", "ctx", "url", "request", "body"})


@dataclass(frozen=True)
class Failure:
    """A request that got no answer.

    `kind` is the same for like causes. `said` is the server's own sentence, `text` all that it said without what it
    echoed, `fields` what it points at. `wait` is the pause that it asks for, in seconds.
    """

    meaning: Meaning
    kind: str
    said: str
    text: str = ""
    fields: tuple[str, ...] = ()
    status: int | None = None
    wait: float | None = None

    @property
    def about_form(self) -> bool:
        """Whether another form of the same request could be answered."""
        if self.status not in ABOUT_FORM or self.meaning not in ("passing", "model", "request"):
            return False
        return self.status < 500 or re.search(_UNSUPPORTED, self.text, re.IGNORECASE) is not None

    def error(self, line: str) -> AskError | ModelError:
        """The error with the message `line`."""
        if self.meaning == "model":
            return ModelError(line)
        return RefusalError(line) if self.meaning == "content" else NotAnsweredError(self.kind, line)


def refused(status: int, body: str, wait: float | None = None) -> Failure:
    """What an HTTP error means, from its status and its body."""
    try:
        content = json.loads(body)
    except ValueError:
        content = re.sub(r"(?s)<(script|style).*?</\1>|<[^>]*>", " ", body)
    text = " ".join(_strings(content))
    said = line("; ".join(dict.fromkeys(_sentences(content)))) or line(text) or "no reason given"
    meaning, kind = _meaning(status, text)
    return Failure(meaning, kind, said, text, tuple(_fields(content)), status, wait)


def _meaning(status: int, text: str) -> tuple[Meaning, str]:
    def says(pattern: str) -> bool:
        return re.search(pattern, text, re.IGNORECASE) is not None

    if status == 402 or (status in (403, 429) and says(_QUOTA)):
        return "lasting", "quota"
    if status in (400, 403, 422) and says(_FILTER):
        return "content", "content filter"
    if status in (401, 403):
        return "model", f"HTTP {status}"
    if status in (400, 413, 422) and says(_CONTEXT):
        return "lasting", "context length"
    if status == 404 or (status in (400, 422) and says(_UNKNOWN_MODEL)):
        return "model", "unknown model"
    if status == 429:
        return "passing", "rate limit"
    if status in PASSING or status >= 500:
        return "passing", f"HTTP {status}"
    return "request", f"HTTP {status}"


def garbled(said: object) -> Failure:
    """A body with status 200 that is no chat completion; an error that stands in it means what it would as a status."""
    if isinstance(said, dict):
        code = said.get("code") or said.get("status")
        if isinstance(code, int) and 400 <= code < 600:
            return refused(code, json.dumps(said))
        said = "; ".join(dict.fromkeys(_sentences(said)))
    return Failure("passing", "no chat completion", line(said))


def line(text: object) -> str:
    """A text on one line of bounded length."""
    return " ".join(str(text).split())[:300]


def _sentences(content: Any) -> Iterator[str]:
    """The sentences in an error's body, whatever its shape."""
    if isinstance(content, str):
        inner = _parsed(content)
        if inner is None:
            yield content.strip()
        else:
            yield from _sentences(inner)
    elif isinstance(content, list):
        for part in content:
            yield from _sentences(part)
    elif isinstance(content, dict):
        if isinstance(content.get("msg"), str) and isinstance(content.get("loc"), list):
            place = ".".join(str(part) for part in content["loc"] if part != "body")
            yield f"{place}: {content['msg']}"
            return
        for key in ("error", "message", "msg", "detail", "details", "errors", "metadata", "raw", "error_message"):
            if content.get(key):
                yield from _sentences(content[key])


def _strings(content: Any) -> Iterator[str]:
    """All texts in an error's body but those that it echoes."""
    if isinstance(content, str):
        inner = _parsed(content)
        if inner is None:
            yield content
        else:
            yield from _strings(inner)
    elif isinstance(content, list):
        for part in content:
            yield from _strings(part)
    elif isinstance(content, dict):
        for key, value in content.items():
            if key not in _ECHOED:
                yield from _strings(value)


def _fields(content: Any) -> Iterator[str]:
    """The fields of the request that an error points at."""
    if isinstance(content, str) and (inner := _parsed(content)) is not None:
        yield from _fields(inner)
    elif isinstance(content, list):
        for part in content:
            yield from _fields(part)
    elif isinstance(content, dict):
        if isinstance(content.get("param"), str):
            yield content["param"]
        if isinstance(content.get("loc"), list):
            yield ".".join(str(part) for part in content["loc"])
        for key, value in content.items():
            if key not in _ECHOED:
                yield from _fields(value)


def _parsed(text: str) -> Any:
    """The JSON object or list that a text is, as gateways wrap the errors of those behind them."""
    if not text.lstrip().startswith(("{", "[")):
        return None
    try:
        return json.loads(text)
    except ValueError:
        return None
