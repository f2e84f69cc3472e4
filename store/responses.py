"""What servers say in their errors, whatever the shape: JSON in layers, a list of details, a web page, a plain line."""

import json
import re
import time
from collections.abc import Iterator, Mapping
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

_OPENAI = "https://api.openai.com/v1"
# What servers echo of the request in their errors; it names everything.
_ECHOED = frozenset({"input", "ctx", "url", "request", "body"})


def parsed(body: str) -> Any:
    """The JSON that a body is, or its text without markup."""
    try:
        return json.loads(body)
    except ValueError:
        return re.sub(r"(?s)<(script|style).*?</\1>|<[^>]*>", " ", body)


def said(content: Any) -> str:
    """A parsed error as the server's own sentence, on one line."""
    return line("; ".join(dict.fromkeys(_sentences(content)))) or line(" ".join(strings(content))) or "no reason given"


def line(text: object) -> str:
    """A text on one line of bounded length, without terminal codes."""
    words = " ".join(str(text).split())
    return "".join(character for character in words if character.isprintable())[:300]


def _sentences(content: Any) -> Iterator[str]:
    """The sentences in an error's body, whatever its shape."""
    if isinstance(content, str):
        inner = _inner(content)
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


def strings(content: Any) -> Iterator[str]:
    """All texts in an error's body but those that it echoes."""
    if isinstance(content, str):
        inner = _inner(content)
        if inner is None:
            yield content
        else:
            yield from strings(inner)
    elif isinstance(content, list):
        for part in content:
            yield from strings(part)
    elif isinstance(content, dict):
        for key, value in content.items():
            if key not in _ECHOED:
                yield from strings(value)


def fields(content: Any) -> Iterator[str]:
    """The fields of the request that an error points at."""
    if isinstance(content, str) and (inner := _inner(content)) is not None:
        yield from fields(inner)
    elif isinstance(content, list):
        for part in content:
            yield from fields(part)
    elif isinstance(content, dict):
        if isinstance(content.get("param"), str):
            yield content["param"]
        if isinstance(content.get("loc"), list):
            yield ".".join(str(part) for part in content["loc"])
        for key, value in content.items():
            if key not in _ECHOED:
                yield from fields(value)


def _inner(text: str) -> Any:
    """The JSON object or list that a text is, as gateways wrap the errors of those behind them."""
    if not text.lstrip().startswith(("{", "[")):
        return None
    try:
        return json.loads(text)
    except ValueError:
        return None


def wait(headers: Mapping[str, str]) -> float | None:
    """The seconds that a server asks to wait before the next try, or None."""
    for name, each in (("retry-after-ms", 1_000), ("retry-after", 1)):
        try:
            asked = float(headers.get(name, "")) / each
        except ValueError:
            continue
        return max(0.0, asked) if asked == asked else None
    try:
        return max(0.0, parsedate_to_datetime(headers.get("retry-after", "")).timestamp() - time.time())
    except ValueError:
        return None


def shown(url: str | None) -> str:
    """An address without the user and password that may stand in it; OpenAI's own where none is given."""
    url = url or _OPENAI
    user, at, _ = urlsplit(url).netloc.rpartition("@")
    return url.replace(f"{user}{at}", "", 1) if at else url
