"""The command `evaluate`."""

from pathlib import Path
from typing import Annotated

import typer

from gravity.trainer.console import AdapterFolder, DatasetFolder, MovedBase, reported


def command(
    adapter: AdapterFolder,
    dataset: DatasetFolder,
    output: Annotated[Path, typer.Option(help="Folder to write the report to; must not exist yet.")],
    base: MovedBase = None,
) -> None:
    """Did it help? Compare an adapter with four controls.

    All are tested on held-out readers and seeds. The controls: the base model, the same adapter with another
    reader's profile, with none, and length alone. Each figure comes with a 95% interval that draws whole seeds.

    Example: gravity-trainer evaluate out/adapter out/dataset --output out/evaluation
    """
    with reported():
        from gravity.trainer.evaluation.evaluate import evaluate
        from gravity.trainer.evaluation.report import answers

        report = evaluate(adapter, dataset, output, base)
        typer.echo(f"evaluation {output} is written: {report['rows']} rows")
        for answer in answers(report):
            typer.echo(answer)
