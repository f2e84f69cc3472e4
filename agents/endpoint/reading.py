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
    said, thought = (text, "") if _object(text) is not None else _apart(text)
    found = _chosen(said, required)
    return _chosen(thought, required) if found is None and finished and not said.strip() else found


def said_in(text: str) -> str:
    """What a text says without its thinking, and without space around it; empty where it is all thinking."""
    return _apart(text)[0].strip()


def _apart(text: str) -> tuple[str, str]:
    """What is said, and thinking that does not end. Thinking that ends can begin without a mark: templates open it."""
    spans = [(start, end) for start, end, _ in _objects(text)[0]]

    def marks(pattern: re.Pattern[str]) -> list[re.Match[str]]:
        """The marks that do not stand in a string of an object."""
        found = pattern.finditer(text)
        return [mark for mark in found if not any(start < mark.start() < end for start, end in spans)]

    opening, closing = marks(_OPEN), marks(_CLOSE)
    begin, end = 0, 0
    if closing:
        begin = opening[0].start() if opening and opening[0].start() < closing[0].start() else 0
        end = closing[-1].end()
    unended = next((mark for mark in opening if mark.start() >= end), None)
    said = f"{text[:begin]} {text[end : unended.start() if unended else None]}"
    return said, text[unended.end() :] if unended else ""


def _chosen(text: str, required: Collection[str]) -> str | None:
    whole = _object(text)
    if whole is not None and whole.keys() >= set(required):
        return text.strip()
    found, cut = _objects(text)
    # What stands before an object that is cut off, or in it, is not what the model wanted to say.
    objects = [] if cut else [value for _, _, value in found]
    # Some models wrap the answer once more, as in {"name": "answer", "arguments": {...}}.
    inner = [value for outer in objects for value in outer.values() if isinstance(value, dict)]
    fitting = [value for value in (*inner, *objects) if value.keys() >= set(required)]
    return json.dumps((fitting or objects)[-1], ensure_ascii=False) if objects else None


def _object(text: str) -> dict[str, Any] | None:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _objects(text: str) -> tuple[list[tuple[int, int, dict[str, Any]]], bool]:
    """The objects in a text one after the other, with their places, and whether one is cut off by the end."""
    decoder, found, cut, at = json.JSONDecoder(strict=False), [], False, text.find("{")
    while at >= 0:
        end = at + 1
        try:
            value, end = decoder.raw_decode(text, at)
            found.append((at, end, value))
        except json.JSONDecodeError as error:
            cut = cut or error.pos >= len(text.rstrip()) or error.msg.startswith("Unterminated string")
        except RecursionError:
            return [], True
        at = text.find("{", end)
    return found, cut
