"""What all commands share: errors as one line with their exit code."""

import contextlib
import warnings
from collections.abc import Iterator

import typer

from trainer.errors import TrainerError

EXIT_CODES = (
    "Exit codes: 0 done, 2 usage or path, 3 dataset, 4 model cannot be loaded, 5 training failed, 130 interrupted."
)

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
