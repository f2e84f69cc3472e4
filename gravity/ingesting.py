"""Files into the store, with a count of what became of each row."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from gravity.errors import ConfigError
from gravity.frameworks.loader import Library
from gravity.frameworks.taxonomy import Taxonomy
from gravity.progress import Progress
from gravity.store import importers
from gravity.store.corpus import Corpus, Intake
from gravity.store.records import Book, Refusal


@dataclass(frozen=True)
class Ingested:
    """What became of the rows of each file, in the order readers, items, reviews; and what the store now holds.

    `placed` items have a category of the domain's taxonomy; `unknown` counts the names of categories that it does not
    know, of which an item with no other has the last as its own.
    """

    files: list[Intake]
    store: dict[str, int]
    placed: int
    unknown: Counter[str]


def ingest(
    corpus: Corpus,
    library: Library,
    taxonomy: Taxonomy,
    reviews: Path,
    layout: str,
    items: Path | None,
    readers: Path | None,
    culture: str | None,
    progress: Progress,
) -> Ingested:
    """Takes in readers, then items, then reviews.

    Raises InputError for a file that cannot be read, ConfigError for a culture, LayoutError for a layout nobody knows.
    """
    rows = importers.reviews(reviews, layout)
    books = importers.books(items, layout) if items is not None else None
    known = library.cultures
    if culture is not None and culture not in known:
        raise ConfigError(f"there is no culture '{culture}': known are {', '.join(known)}")
    for path in (reviews, items, readers):
        if path is not None:
            importers.check(path)

    def taken(rows: Iterator[Intake], name: str) -> Intake:
        intake = Intake(name)
        for intake in rows:
            progress(f"{name}: {intake.kept:,} rows kept", intake.read, None)
        return intake

    placed, unknown = 0, Counter[str]()

    def placing(rows: Iterator[Book | Refusal]) -> Iterator[Book | Refusal]:
        nonlocal placed
        for row in rows:
            if isinstance(row, Book):
                name, unplaced = taxonomy.place(row.categories)
                unknown.update(unplaced)
                placed += name is not None and name not in unplaced
            yield row

    files = []
    if readers is not None:
        files.append(taken(corpus.take_readers(readers.name, importers.readers(readers, known)), readers.name))
    if items is not None and books is not None:
        files.append(taken(corpus.take_books(items.name, placing(books)), items.name))
    files.append(taken(corpus.take_reviews(reviews.name, rows, culture), reviews.name))
    return Ingested(files, corpus.counts(), placed, unknown)
