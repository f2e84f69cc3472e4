"""The command `ablate`."""

from typing import Annotated

import typer

from gravity.trainer.console import DatasetFolder, ExperimentFolder, RecipeName, reported
from gravity.trainer.dataset.profile import PARTS
from gravity.trainer.recipe import read_recipe


def command(
    dataset: DatasetFolder,
    output: ExperimentFolder,
    recipe: RecipeName = None,
    without: Annotated[
        list[str] | None,
        typer.Option(
            help=f"Leave out this part only; repeatable. One of {', '.join(PARTS)}.",
            show_default="each that the cards have",
        ),
    ] = None,
) -> None:
    """What does each part of the profile add? Train without it.

    Trains one adapter with the full profile and one without each component and each framework, all with the same
    recipe, and tests them on the same held-out rows: what a part adds is the drop without it.

    Example: gravity-trainer ablate out/dataset --recipe one-gpu-8b --output out/ablation
    """
    with reported("stopped: run the same command again to continue"):
        from gravity.trainer.evaluation.verdict import warnings
        from gravity.trainer.experiments.ablate import ablate, table_rows

        report = ablate(dataset, output, read_recipe(recipe) if recipe else {}, without or ())
        typer.echo(f"ablation {output} is written: {report['rows']} held-out rows")
        for line in warnings(report["change"]):
            typer.echo(line)
        for variant, accuracy, drop in [["variant", "accuracy", "drop"], *table_rows(report)]:
            typer.echo(f"{variant:<24}{accuracy:<24}{drop}".rstrip())
