"""The command `transfer`."""

from pathlib import Path
from typing import Annotated

import typer

from trainer.console import reported
from trainer.recipe import read_recipe


def command(
    dataset: Annotated[Path, typer.Argument(metavar="DATASET_DIR", help="Folder of an exported dataset.")],
    output: Annotated[Path, typer.Option(help="Folder for adapters and report; the same one again goes on.")],
    recipe: Annotated[
        str | None, typer.Option(help="A TOML file of settings, or the name of a shipped recipe.")
    ] = None,
) -> None:
    """Does it hold elsewhere? Train on each culture and test on each.

    Example: python -m trainer transfer out/dataset --recipe one-gpu-8b --output out/transfer
    """
    with reported("stopped: the same command goes on"):
        from trainer.transfer import lines, transfer

        report = transfer(dataset, output, read_recipe(recipe) if recipe else {})
        typer.echo(f"transfer {output} is written: {report['rows']} held-out rows")
        for line in lines(report):
            typer.echo("".join(f"{cell:<24}" for cell in line).rstrip())
        typer.echo(f"own culture less the others: {report['own less others'].text(3, signed=True)}")
