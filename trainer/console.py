"""What commands share: arguments and options, and errors as one line with their exit code."""

import contextlib
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from gravity.trainer.errors import INTERRUPTED, TrainerError, missing_package
from gravity.trainer.recipe import names

EXIT_CODES = (
    "Exit codes: 0 done, 1 a bug, 2 usage or a package that is not installed, 3 the dataset cannot be used, "
    "4 a model cannot be used, 7 training failed, 130 interrupted."
)

DatasetFolder = Annotated[Path, typer.Argument(metavar="DATASET_DIR", help="Folder of an exported dataset.")]
AdapterFolder = Annotated[Path, typer.Argument(metavar="ADAPTER", help="Folder of a trained adapter.")]
ExperimentFolder = Annotated[
    Path, typer.Option(help="Folder for adapters and report; give the same one again to continue.")
]
MovedBase = Annotated[str | None, typer.Option(help="Where the base model is now, if it has moved since training.")]
RecipeName = Annotated[
    str | None,
    typer.Option(
        help=f"A TOML file of settings, or one of {', '.join(names())}.", show_default="the defaults of train"
    ),
]


@contextlib.contextmanager
def reported(interrupted: str = "stopped: nothing was written") -> Iterator[None]:
    """End the command with a line on standard error and a documented exit code where the block fails."""
    # Libraries warning one another of what they will rename: nothing that a user here could change.
    warnings.simplefilter("ignore", FutureWarning)
    try:
        yield
    except TrainerError as error:
        raise _ended(error) from error
    except ModuleNotFoundError as error:
        missing = missing_package(error)
        if missing is None:
            raise
        raise _ended(missing) from error
    except KeyboardInterrupt as error:
        typer.echo(interrupted, err=True)
        raise typer.Exit(INTERRUPTED) from error


def _ended(error: TrainerError) -> typer.Exit:
    typer.echo(f"error: {error}", err=True)
    return typer.Exit(error.exit_code)
