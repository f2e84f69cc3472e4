"""What a layout of reviews consists of."""

from collections.abc import Callable
from dataclasses import dataclass

from gravity.store.importers.fields import Fields
from gravity.store.records import Book, Review


@dataclass(frozen=True)
class Importer:
    """How the rows of one layout are understood.

    `name` is what `gravity ingest --format` takes. `reviews` makes a review from the fields of a row and the row's
    file and line; `items` makes an item of the domain, where the layout has a file of these. Both raise RefusedError
    for a row that cannot be taken.
    """

    name: str
    reviews: Callable[[Fields, str], Review]
    items: Callable[[Fields, str], Book] | None = None
