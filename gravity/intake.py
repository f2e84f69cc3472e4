"""`gravity ingest`: files into the store, with a count of what became of each row."""

import json
from collections.abc import Iterator
from pathlib import Path

from rich.progress import Progress, SpinnerColumn, TextColumn

from gravity.console import console, errors, plain, table
from gravity.store import importers
from gravity.store.corpus import Intake
from gravity.workshop import Workshop


def ingest(
    workshop: Workshop,
    file: Path,
    layout: str,
    items: Path | None,
    readers: Path | None,
    culture: str | None,
    as_json: bool,
) -> None:
    """Takes in readers, then items, then reviews, and prints the counts. Raises InputError for a file that
    cannot be read, ConfigError for a culture nobody knows, LayoutError for a layout nobody knows."""
    reviews = importers.reviews(file, layout)
    books = importers.books(items, layout) if items is not None else None
    known = workshop.library.cultures
    if culture is not None and culture not in known:
        from gravity.errors import ConfigError

        raise ConfigError(f"there is no culture '{culture}': known are {', '.join(known)}")
    corpus = workshop.corpus
    for path in (file, items, readers):
        if path is not None:
            importers.check(path)
    intakes = []
    if readers is not None:
        intakes.append(_watch(corpus.take_readers(readers.name, importers.readers(readers, known)), readers.name))
    if items is not None and books is not None:
        intakes.append(_watch(corpus.take_books(items.name, books), items.name))
    intakes.append(_watch(corpus.take_reviews(file.name, reviews, culture), file.name))
    counts = corpus.counts()
    if as_json:
        print(json.dumps({"files": [_figures(intake) for intake in intakes], "store": counts}))
        return
    table(
        "Rows",
        ["file", "read", "kept", "duplicates", "refused"],
        [[i.source, i.read, i.kept, i.duplicates, i.refused.total()] for i in intakes],
    )
    for intake in intakes:
        _refusals(intake)
    table("In the store", ["what", "count"], list(counts.items()))
    if counts["readers without culture"]:
        console.print(
            f"{counts['readers without culture']} readers have no culture and are left out of curation: "
            "give --culture or --readers."
        )


def _watch(progress: Iterator[Intake], name: str) -> Intake:
    intake = Intake(name)
    columns = SpinnerColumn(), TextColumn("{task.description}")
    with Progress(*columns, console=errors, transient=True, disable=not errors.is_terminal) as bar:
        task = bar.add_task(name)
        for intake in progress:
            bar.update(task, description=f"{name}: {intake.read:,} rows, {intake.kept:,} kept")
    return intake


def _figures(intake: Intake) -> dict[str, object]:
    return {
        "file": intake.source,
        "read": intake.read,
        "kept": intake.kept,
        "duplicates": intake.duplicates,
        "refused": dict(intake.refused),
    }


def _refusals(intake: Intake) -> None:
    if not intake.refused:
        return
    table(f"Refused in {intake.source}", ["reason", "rows"], intake.refused.most_common())
    for row in intake.examples:
        console.print(f"  {plain(row.source)}:{row.line}: {row.reason}: {plain(row.detail)[:100]}")
    if intake.refused.total() > len(intake.examples):
        console.print("  (the first ten; all are in the store's table 'refusals')")
