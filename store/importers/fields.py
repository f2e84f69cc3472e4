"""What importers make of the fields of a row: clean texts, ids, ratings and times, or why the row is refused."""

import html
import math
import re
from typing import Any

from gravity.store.records import Review, content_id

MAX_TEXT = 20_000  # characters

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufeff\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_BREAK = re.compile(r"<br\s*/?>", re.IGNORECASE)
_NAME = re.compile(r"[^\s\x00-\x1f\x7f-\x9f\ufeff\u202a-\u202e\u2066-\u2069\ud800-\udfff]{1,128}")

Fields = dict[str, Any]


class RefusedError(ValueError):
    """Why a row is not taken: a short reason to count by, and the detail of this row."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.detail = detail


def review(
    where: str, *, reader: str, book: str, rating: float, title: str, text: str, time: int | None = None
) -> Review:
    """A review with an id made from what it says, so that the same one is the same in any file and layout.

    `where` is its file and line, `rating` 1 to 5, `time` seconds since 1970.
    """
    identity = content_id(reader, book, title, text)
    return Review(id=identity, source=where, reader=reader, book=book, rating=rating, title=title, text=text, time=time)


def clean(text: object) -> str:
    """Text without control and direction characters, with line breaks for `<br>` and HTML entities read."""
    unescaped = html.unescape(_BREAK.sub("\n", str(text)))
    return _CONTROL.sub("", unescaped).strip()


def body(row: Fields, field: str) -> str:
    """The clean text of a review. Raises RefusedError where it is missing, no text, empty, or over MAX_TEXT."""
    value = row.get(field)
    if value is None:
        raise RefusedError("missing field", field)
    if not isinstance(value, str):
        raise RefusedError("wrong type", f"{field} is {type(value).__name__}")
    text = clean(value)
    if not text:
        raise RefusedError("empty review")
    if len(text) > MAX_TEXT:
        raise RefusedError("review too long", f"{len(text)} characters, at most {MAX_TEXT}")
    return text


def texts(value: object) -> list[str]:
    """The clean texts of a list, or the one text, that a field holds; what is no text is passed over."""
    parts = value if isinstance(value, list) else [value]
    return [text for part in parts if isinstance(part, str) and (text := clean(part))]


def seconds(value: Any, unit: int) -> int | None:
    """Seconds since 1970 from a time in `unit` a second; None for what is none between 1970 and 2038."""
    return int(value / unit) if _number(value) and 0 <= value < 2**31 * unit else None


def rating(row: Fields, field: str) -> float:
    """A rating from 1 to 5. Raises RefusedError where it is missing, no number, or outside."""
    value = row.get(field)
    if value is None:
        raise RefusedError("missing field", field)
    if not _number(value):
        raise RefusedError("wrong type", f"{field} is {value!r}")
    if not 1 <= value <= 5:
        raise RefusedError("rating out of range", f"{field} is {value}, not 1 to 5")
    return float(value)


def name(value: object, field: str) -> str:
    """An id of at most 128 characters without spaces. Raises RefusedError where `field` holds none."""
    if value is None or value == "":
        raise RefusedError("missing field", field)
    if not isinstance(value, str) or not _NAME.fullmatch(value):
        raise RefusedError("not an id", f"{field} is {str(value)[:60]!r}")
    return value


def _number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < math.inf
