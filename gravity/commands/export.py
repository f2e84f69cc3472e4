"""`gravity export`."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gravity.commands.console import console, table
from gravity.commands.options import ConfigOption, JsonOption, RunOption, opened
from gravity.commands.status import print_lots, print_rated
from gravity.exporting import VariantName

if TYPE_CHECKING:
    from gravity.store.dataset import Export

EPILOG = (
    "Example: gravity export out/dataset && gravity-trainer train out/dataset --output out/adapter. Baselines from the "
    "same store: gravity export out/naive --variant naive, gravity export out/group --variant group"
)


def command(
    folder: Annotated[Path, typer.Argument(help="The dataset's folder; it is made.")],
    run: RunOption = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace what is in the folder.")] = False,
    variant: Annotated[
        VariantName | None,
        typer.Option(
            help="A baseline in place of the plain pairs, of the same readers and seeds: naive has each statement "
            "against its opposite and no scenes; group has the plain pairs, each labelled by what most readers of its "
            "culture hold. No model is called."
        ),
    ] = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Writes the vetted pairs as a dataset that datasets loads and TRL, LLaMA-Factory and axolotl train on."""
    with opened(config) as project:
        done = project.run(run).export(folder, overwrite, variant)
    if as_json:
        print(json.dumps(_figures(done)))
    else:
        _print(done)


def _figures(done: "Export") -> dict[str, object]:
    return {
        "folder": str(done.folder),
        "rows": done.rows,
        "left_out": done.left_out,
        "by_culture_and_track": done.by_culture_and_track,
        "unqualified": done.unqualified,
        "lots": [lot.model_dump() for lot in done.lots],
        "rated": [lot.model_dump() for lot in done.rated],
        "variant": done.variant.model_dump() if done.variant else None,
    }


def _print(done: "Export") -> None:
    table("Rows", ["split", "rows"], list(done.rows.items()))
    table("Rows by culture and track", ["culture and track", "rows"], list(done.by_culture_and_track.items()))
    if done.left_out:
        table("Left out", ["reason", "pairs"], list(done.left_out.items()))
    if done.variant:
        rows, differ = sum(done.rows.values()), sum(done.variant.differ.values())
        console.print(f"Variant {done.variant.name}: {differ:,} of {rows:,} labels are not the reader's own")
    else:
        print_lots(done.lots)
        print_rated(done.rated)
    if done.unqualified:
        console.print(
            f"[bold]{done.unqualified:,} rows are marked as unqualified[/]: no model had shown that it can make them"
        )
    console.print(f"The dataset is in {done.folder}")
