"""Reads review, item and reader files; a row that cannot be taken is a Refusal, never an end.

Reading rows (`rows`) knows files and nothing of what they say; understanding rows knows fields and nothing of files:
`amazon_2023` and `amazon_2014` for reviews and items, `known_readers` for readers. A layout is a module with an
`Importer` and an entry in `layouts`, or an entry point of another package.
"""

from collections.abc import Callable, Container, Iterator
from pathlib import Path
from typing import TypeVar

from gravity.store.errors import LayoutError
from gravity.store.importers.fields import Fields, RefusedError
from gravity.store.importers.importer import Importer
from gravity.store.importers.known_readers import reader
from gravity.store.importers.layouts import find, layouts
from gravity.store.importers.rows import check, read
from gravity.store.records import Book, Reader, Refusal, Review, Row

__all__ = ["Importer", "books", "check", "find", "layouts", "readers", "reviews"]

T = TypeVar("T", bound=Row)


def reviews(path: Path, layout: str) -> Iterator[Review | Refusal]:
    """Reviews of a file, plain or gzipped, in one of the `layouts()`.

    Raises LayoutError at once for an unknown layout, InputError when rows are drawn from a file that cannot be read.
    """
    return _understood(path, find(layout).reviews)


def books(path: Path, layout: str) -> Iterator[Book | Refusal]:
    """Items of a file in a layout. Raises as `reviews` does, and LayoutError where the layout has no items."""
    items = find(layout).items
    if items is None:
        raise LayoutError(f"{path}: the layout {layout} has reviews alone, no items: leave this file out")
    return _understood(path, items)


def readers(path: Path, cultures: Container[str]) -> Iterator[Reader | Refusal]:
    """Readers of a JSONL file with id and, where known, culture (one of `cultures`), gender, age, location."""
    return _understood(path, lambda row, _: reader(row, cultures))


def _understood(path: Path, understand: Callable[[Fields, str], T]) -> Iterator[T | Refusal]:
    for number, row in read(path):
        try:
            if isinstance(row, RefusedError):
                raise row
            yield understand(row, f"{path.name}:{number}")
        except RefusedError as refused:
            yield Refusal(source=path.name, line=number, reason=refused.reason, detail=refused.detail[:200])
