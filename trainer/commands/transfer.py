"""The command `transfer`."""

import typer

from gravity.trainer.console import DatasetFolder, ExperimentFolder, RecipeName, reported
from gravity.trainer.recipe import read_recipe


def command(
    dataset: DatasetFolder,
    output: ExperimentFolder,
    recipe: RecipeName = None,
) -> None:
    """Does it hold elsewhere? Train on each culture and test on each.

    Trains one adapter for each culture, all on equally many rows, and tests each on the held-out rows of all.

    Example: gravity-trainer transfer out/dataset --recipe one-gpu-8b --output out/transfer
    """
    with reported("stopped: run the same command again to continue"):
        from gravity.trainer.evaluation.verdict import warnings
        from gravity.trainer.experiments.transfer import table_rows, transfer

        report = transfer(dataset, output, read_recipe(recipe) if recipe else {})
        typer.echo(f"transfer {output} is written: {report['rows']} held-out rows")
        for line in warnings(report["change"]):
            typer.echo(line)
        for cells in table_rows(report):
            typer.echo("".join(f"{cell:<24}" for cell in cells).rstrip())
        typer.echo(f"own culture less the others: {report['own less others'].text(3, signed=True)}")
