"""What can go wrong, and what the command line exits with on each.

The codes are those of `gravity`'s one table: 0 done, 1 a bug, 2 usage, 3 the dataset, 4 a model, 7 training failed,
130 interrupted. 5 and 6 are a store's and an audit's, which the trainer does not have.
"""

INTERRUPTED = 130


class TrainerError(Exception):
    """Base of all errors meant for the user: one line that says what is wrong, where, and what to do."""

    exit_code = 1


class UsageError(TrainerError):
    """A path or an option that cannot be used as given, or a Python package that is not installed."""

    exit_code = 2


class DatasetError(TrainerError):
    """The dataset folder breaks the contract, or nothing in it can be trained on."""

    exit_code = 3


class ModelError(TrainerError):
    """The base model or the adapter cannot be found or loaded, or cannot do what is asked of it."""

    exit_code = 4


class TrainingError(TrainerError):
    """Training began and failed."""

    exit_code = 7


class DivergedError(TrainingError):
    """The loss or the gradient is no longer a number: the same settings would end there again."""


def missing_package(error: ModuleNotFoundError) -> UsageError | None:
    """Return the error that says what to install for an import that failed; None where the module is our own."""
    package = (error.name or "").partition(".")[0]
    if package in ("", "gravity"):
        return None
    extra = "quantized" if package == "bitsandbytes" else "train"
    return UsageError(f"the Python package {package} is not installed: pip install 'gravity-preferences[{extra}]'")


def brief(error: BaseException) -> str:
    """Return an error of a library as one line: its type and the first line of its message."""
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__
