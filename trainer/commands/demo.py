"""The command `demo`."""

import os
from pathlib import Path
from typing import Annotated

import typer

from gravity.trainer.console import reported


def command(
    output: Annotated[Path, typer.Option(help="Folder for base, dataset, adapter and evaluation; must not exist yet.")],
) -> None:
    """See it learn: a taste planted in readers' cards, a tiny random model, half a minute.

    Makes base and pairs, trains with the defaults, draws the curve, and evaluates on readers and seeds that training
    has not seen, with their own card and with another reader's. Downloads nothing; ends with 7 where it
    does not learn.

    Example: gravity-trainer demo --output out/planted
    """
    # Read when torch is first imported: on a model this small a second thread costs more than it computes.
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    with reported("stopped: remove the folder before you try again"):
        from gravity.trainer.experiments.demo import demo, verdict
        from gravity.trainer.training.curve import CURVE_FILE, lines

        trained, evaluated = demo(output)
        for text in lines(trained["log"]):
            typer.echo(text)
        took = f"{trained['steps']} steps in {trained['train_seconds']:.0f} s"
        typer.echo(f"{took}, drawn in {output / 'adapter' / CURVE_FILE}")
        for text in verdict(evaluated):
            typer.echo(text)
        given = f"{output / 'dataset'} --base {output / 'base'}"
        typer.echo(f"The same by hand: gravity-trainer train {given} --output FOLDER")
