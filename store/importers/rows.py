"""Reads the rows of a file of JSON lines, plain or gzipped; another kind of file is to be read here as well."""

import gzip
import io
import json
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, cast

from gravity.store.errors import InputError
from gravity.store.importers.fields import Fields, RefusedError

MAX_LINE = 8 * 1024 * 1024  # bytes


def read(path: Path) -> Iterator[tuple[int, Fields | RefusedError]]:
    """The rows of a file with their line from 1; in place of one that holds no fields, why it is refused.

    Raises InputError where the file cannot be read.
    """
    for number, line in _lines(path):
        try:
            yield number, _object(line)
        except RefusedError as refused:
            yield number, refused


def check(path: Path) -> None:
    """Raises InputError where the file cannot be read, before anything is taken from another one."""
    next(_lines(path), None)


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


def _object(line: bytes) -> Fields:
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
