"""Reads review, item and reader files line by line; a row that cannot be taken is a Refusal, never an end."""

import gzip
import html
import io
import json
import math
import re
import zlib
from collections.abc import Callable, Container, Iterator
from pathlib import Path
from typing import Any, BinaryIO, TypeVar, cast

from gravity.store.errors import InputError
from gravity.store.records import Book, Reader, Refusal, Review, Row, content_id

MAX_LINE = 8 * 1024 * 1024
MAX_TEXT = 20_000

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufeff\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_BREAK = re.compile(r"<br\s*/?>", re.IGNORECASE)
_NAME = re.compile(r"[^\s\x00-\x1f\x7f-\x9f\ufeff\u202a-\u202e\u2066-\u2069\ud800-\udfff]{1,128}")

T = TypeVar("T", bound=Row)


class RefusedError(ValueError):
    """Why a row is not taken: a short reason to count by, and the detail of this row."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.detail = detail


def reviews(path: Path, layout: str) -> Iterator[Review | Refusal]:
    """Reviews of a file in `layout` amazon-2023 or amazon-2014, plain or gzipped.

    Raises InputError where the file cannot be read.
    """
    return _rows(path, {"amazon-2023": _amazon_2023, "amazon-2014": _amazon_2014}[layout])


def books(path: Path) -> Iterator[Book | Refusal]:
    """Items of an Amazon 2023 metadata file, plain or gzipped. Raises InputError as `reviews` does."""
    return _rows(path, _item)


def readers(path: Path, cultures: Container[str]) -> Iterator[Reader | Refusal]:
    """Readers of a JSONL file with id and, where known, culture (one of `cultures`), gender, age, location."""

    def parse(row: dict[str, Any], where: str) -> Reader:
        reader = _reader(row)
        if reader.culture is not None and reader.culture not in cultures:
            raise RefusedError("unknown culture", reader.culture)
        return reader

    return _rows(path, parse)


def check(path: Path) -> None:
    """Raises InputError where the file cannot be read, before anything is taken from another one."""
    next(_lines(path), None)


def _rows(path: Path, parse: Callable[[dict[str, Any], str], T]) -> Iterator[T | Refusal]:
    for number, line in _lines(path):
        where = f"{path.name}:{number}"
        try:
            yield parse(_object(line), where)
        except RefusedError as refused:
            yield Refusal(source=path.name, line=number, reason=refused.reason, detail=refused.detail[:200])


def _lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """Numbered lines without their end; blank ones are passed over, overlong ones cut to one byte over."""
    try:
        # Closing the unpacked stream does not close the file below it.
        with path.open("rb") as file, _unpacked(file) as stream:
            number = 0
            while line := stream.readline(MAX_LINE + 1):
                number += 1
                piece = line
                while len(piece) > MAX_LINE and not piece.endswith(b"\n"):
                    piece = stream.readline(MAX_LINE + 1)
                if line.strip():
                    yield number, line
    except (OSError, EOFError, zlib.error) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise InputError(f"cannot read {path}: {reason}") from None


def _unpacked(stream: BinaryIO) -> BinaryIO:
    zipped = stream.read(2) == b"\x1f\x8b"
    stream.seek(0)
    return io.BufferedReader(cast(io.RawIOBase, gzip.GzipFile(fileobj=stream))) if zipped else stream


def _object(line: bytes) -> dict[str, Any]:
    if len(line) > MAX_LINE:
        raise RefusedError("line too long", f"over {MAX_LINE} bytes")
    try:
        row = json.loads(line.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise RefusedError("not UTF-8", str(error)) from None
    except (ValueError, RecursionError) as error:
        raise RefusedError("broken JSON", str(error)) from None
    if not isinstance(row, dict):
        raise RefusedError("not a JSON object", type(row).__name__)
    return row


def _amazon_2023(row: dict[str, Any], where: str) -> Review:
    book = row.get("parent_asin") or row.get("asin")
    return _review(
        where,
        reader=_name(row.get("user_id"), "user_id"),
        book=_name(book, "parent_asin"),
        rating=_rating(row, "rating"),
        title=clean(row.get("title") or ""),
        text=_text(row, "text"),
        time=_seconds(row.get("timestamp"), 1000),
    )


def _amazon_2014(row: dict[str, Any], where: str) -> Review:
    return _review(
        where,
        reader=_name(row.get("reviewerID"), "reviewerID"),
        book=_name(row.get("asin"), "asin"),
        rating=_rating(row, "overall"),
        title=clean(row.get("summary") or ""),
        text=_text(row, "reviewText"),
        time=_seconds(row.get("unixReviewTime"), 1),
    )


def _review(where: str, **fields: Any) -> Review:
    identity = content_id(fields["reader"], fields["book"], fields["title"], fields["text"])
    return Review(id=identity, source=where, **fields)


def _item(row: dict[str, Any], where: str) -> Book:
    author = row.get("author")
    if isinstance(author, dict):
        author = author.get("name")
    title = clean(row.get("title") or "")
    if not title:
        raise RefusedError("missing field", "title")
    return Book(
        id=_name(row.get("parent_asin"), "parent_asin"),
        title=title,
        author=(clean(author) or None) if isinstance(author, str) else None,
        description="\n".join(_texts(row.get("description"))),
        categories=_texts(row.get("categories")),
    )


def _reader(row: dict[str, Any]) -> Reader:
    given = {name: row.get(name) for name in ("culture", "gender", "age", "location")}
    return Reader(
        id=_name(row.get("id"), "id"),
        **{name: clean(value) or None for name, value in given.items() if value is not None},
    )


def clean(text: object) -> str:
    """Text without control and direction characters, with line breaks for `<br>` and HTML entities read."""
    unescaped = html.unescape(_BREAK.sub("\n", str(text)))
    return _CONTROL.sub("", unescaped).strip()


def _text(row: dict[str, Any], field: str) -> str:
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


def _texts(value: object) -> list[str]:
    """The texts of a list, or the one text, that a field of an item holds; what is no text is passed over."""
    parts = value if isinstance(value, list) else [value]
    return [text for part in parts if isinstance(part, str) and (text := clean(part))]


def _seconds(value: Any, unit: int) -> int | None:
    """Seconds from a time in `unit` a second; None for what is none between 1970 and 2038."""
    return int(value / unit) if _number(value) and 0 <= value < 2**31 * unit else None


def _rating(row: dict[str, Any], field: str) -> float:
    value = row.get(field)
    if value is None:
        raise RefusedError("missing field", field)
    if not _number(value):
        raise RefusedError("wrong type", f"{field} is {value!r}")
    if not 1 <= value <= 5:
        raise RefusedError("rating out of range", f"{field} is {value}, not 1 to 5")
    return float(value)


def _number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < math.inf


def _name(value: object, field: str) -> str:
    if value is None or value == "":
        raise RefusedError("missing field", field)
    if not isinstance(value, str) or not _NAME.fullmatch(value):
        raise RefusedError("not an id", f"{field} is {str(value)[:60]!r}")
    return value
