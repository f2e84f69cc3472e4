"""`gravity ingest`."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gravity.commands.console import console, plain, table
from gravity.commands.options import ConfigOption, JsonOption, opened

if TYPE_CHECKING:
    from gravity.ingesting import Ingested
    from gravity.store.corpus import Intake

EPILOG = "Example: gravity ingest reviews.jsonl.gz --format amazon-2023 --items meta.jsonl --culture us"


def command(
    file: Annotated[Path, typer.Argument(help="Reviews as JSON lines, plain or gzipped.")],
    layout: Annotated[
        str,
        typer.Option(
            "--format", help="The layout: amazon-2023, amazon-2014, or one that another installed package brings."
        ),
    ],
    items: Annotated[
        Path | None, typer.Option(help="Metadata of the books; with amazon-2014, too, in the layout of amazon-2023.")
    ] = None,
    readers: Annotated[
        Path | None, typer.Option(help="What is known of readers: id, culture, gender, age, location.")
    ] = None,
    culture: Annotated[str | None, typer.Option(help="The culture of readers of whom nothing else is known.")] = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Takes reviews, books and readers into the store. A bad row is counted and listed, and never ends the run."""
    with opened(config) as project:
        done = project.ingest(file, layout, items, readers, culture)
    if as_json:
        print(
            json.dumps({"files": [_figures(intake) for intake in done.files], "store": done.store, **_categories(done)})
        )
    else:
        _print(done)


def _print(done: "Ingested") -> None:
    table(
        "Rows",
        ["file", "read", "kept", "duplicates", "refused"],
        [[i.source, i.read, i.kept, i.duplicates, i.refused.total()] for i in done.files],
    )
    for intake in done.files:
        _print_refusals(intake)
    if done.unknown:
        title = f"Names of categories that the taxonomy does not know ({len(done.unknown)}; the most frequent)"
        table(title, ["name", "items"], done.unknown.most_common(10))
        console.print(f"{done.placed} items have a category that it knows; a name of its own serves the others.")
    table("In the store", ["what", "count"], list(done.store.items()))
    if done.store["readers without culture"]:
        console.print(
            f"{done.store['readers without culture']} readers have no culture and are left out of curation: "
            "give --culture or --readers."
        )


def _categories(done: "Ingested") -> dict[str, object]:
    return {"placed": done.placed, "unknown_categories": dict(done.unknown.most_common())}


def _figures(intake: "Intake") -> dict[str, object]:
    return {
        "file": intake.source,
        "read": intake.read,
        "kept": intake.kept,
        "duplicates": intake.duplicates,
        "refused": dict(intake.refused),
    }


def _print_refusals(intake: "Intake") -> None:
    if not intake.refused:
        return
    table(f"Refused in {intake.source}", ["reason", "rows"], intake.refused.most_common())
    for row in intake.examples:
        console.print(f"  {plain(row.source)}:{row.line}: {row.reason}: {plain(row.detail)[:100]}")
    if intake.refused.total() > len(intake.examples):
        console.print("  (the first ten; all are in the store's table 'refusals')")
