"""Texts of models read as people would: the one JSON object in them that is the answer, thinking left out."""

import json
import re
from collections.abc import Collection
from typing import Any

_THINKING = r"think|thinking|thought|reasoning|scratchpad"
_OPEN = re.compile(rf"<({_THINKING})>|\[THINK\]", re.IGNORECASE)
_CLOSE = re.compile(rf"</({_THINKING})>|\[/THINK\]", re.IGNORECASE)


def answer_in(text: str, required: Collection[str], finished: bool = True) -> str | None:
    """The JSON text of the object in `text` that has the `required` keys, or else of the last object; None where there
    is none. Where a text is not `finished`, thinking that does not end holds no answer."""
    said, thought = _apart(text)
    found = _chosen(said, required)
    return _chosen(thought, required) if found is None and finished and not said.strip() else found


def _apart(text: str) -> tuple[str, str]:
    """What is said, and thinking that does not end. Thinking that ends can begin without a mark: templates open it."""
    if _object(text) is not None:
        return text, ""
    closing = list(_CLOSE.finditer(text))
    if closing:
        first = _OPEN.search(text)
        before = text[: first.start()] if first and first.start() < closing[0].start() else ""
        text = f"{before} {text[closing[-1].end() :]}"
    opening = _OPEN.search(text)
    return (text[: opening.start()], text[opening.end() :]) if opening else (text, "")


def _chosen(text: str, required: Collection[str]) -> str | None:
    whole = _object(text)
    if whole is not None and whole.keys() >= set(required):
        return text.strip()
    objects = [whole] if whole is not None else _objects(text)
    # Some models wrap the answer once more, as in {"name": "answer", "arguments": {...}}.
    inner = [value for found in objects for value in found.values() if isinstance(value, dict)]
    fitting = [found for found in (*inner, *objects) if found.keys() >= set(required)]
    if not objects:
        return None
    return json.dumps((fitting or objects)[-1], ensure_ascii=False)


def _object(text: str) -> dict[str, Any] | None:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _objects(text: str) -> list[dict[str, Any]]:
    """The objects in a text, one after the other. One that is cut off by the end means that there is no answer: what
    stands before or in it is not what the model wanted to say."""
    decoder, found, at = json.JSONDecoder(strict=False), [], text.find("{")
    while at >= 0:
        try:
            value, end = decoder.raw_decode(text, at)
            found.append(value)
        except json.JSONDecodeError as error:
            if error.pos >= len(text.rstrip()) or error.msg.startswith("Unterminated string"):
                return []
            end = at + 1
        except RecursionError:
            return []
        at = text.find("{", end)
    return found
