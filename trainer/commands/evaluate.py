"""The command `evaluate`."""

from pathlib import Path
from typing import Annotated

import typer

from gravity.trainer.console import AdapterFolder, DatasetFolder, MovedBase, reported
from gravity.trainer.errors import UsageError
from gravity.trainer.kinds import ADAPTER, DATASET, kind
from gravity.trainer.models.bases import resolve_base
from gravity.trainer.models.loading import check_adapter


def command(
    adapter: AdapterFolder,
    dataset: DatasetFolder,
    output: Annotated[Path, typer.Option(help="Folder to write the report to; must not exist yet.")],
    base: MovedBase = None,
) -> None:
    """Did it help? Compare an adapter with four controls.

    All are tested on held-out readers and seeds. The controls: the base model, the same adapter with another
    reader's profile, with none, and length alone. Each figure comes with a 95% interval for other
    readers and seeds, and an adapter that hardly differs from its base is told apart first.

    Example: gravity-trainer evaluate out/adapter out/dataset --output out/evaluation
    """
    with reported():
        if (kind(adapter), kind(dataset)) == (DATASET, ADAPTER):
            raise UsageError(f"ADAPTER and DATASET_DIR have changed places: evaluate {dataset} {adapter}")
        check_adapter(adapter)
        if base is not None:
            resolve_base(base)
        from gravity.trainer.evaluation.evaluate import evaluate
        from gravity.trainer.evaluation.report import answers

        report = evaluate(adapter, dataset, output, base)
        typer.echo(f"evaluation {output} is written: {report['rows']} rows")
        for answer in answers(report):
            typer.echo(answer)
