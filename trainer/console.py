"""What commands share: arguments and options, and errors as one line with their exit code."""

import contextlib
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from gravity.trainer.errors import TrainerError
from gravity.trainer.recipe import names

EXIT_CODES = (
    "Exit codes: 0 done, 2 usage or path, 3 dataset, 4 model cannot be used, 5 training failed, 130 interrupted."
)

DatasetFolder = Annotated[Path, typer.Argument(metavar="DATASET_DIR", help="Folder of an exported dataset.")]
AdapterFolder = Annotated[Path, typer.Argument(metavar="ADAPTER", help="Folder of a trained adapter.")]
ExperimentFolder = Annotated[Path, typer.Option(help="Folder for adapters and report; the same one again goes on.")]
MovedBase = Annotated[str | None, typer.Option(help="Base model, where it has moved since training.")]
RecipeName = Annotated[
    str | None,
    typer.Option(
        help=f"A TOML file of settings, or one of {', '.join(names())}.", show_default="the defaults of train"
    ),
]

_INTERRUPTED = 130


@contextlib.contextmanager
def reported(interrupted: str = "stopped: nothing was written") -> Iterator[None]:
    """End the command with a line on standard error and a documented exit code where the block fails."""
    # Libraries warning one another of what they will rename: nothing that a user here could change.
    warnings.simplefilter("ignore", FutureWarning)
    try:
        yield
    except TrainerError as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(error.exit_code) from error
    except KeyboardInterrupt as error:
        typer.echo(interrupted, err=True)
        raise typer.Exit(_INTERRUPTED) from error
