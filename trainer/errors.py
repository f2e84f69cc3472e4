"""What can go wrong, each with the exit code that the command line documents."""


class TrainerError(Exception):
    """Base of all errors meant for the user: one line that says what is wrong, where, and what to do."""

    exit_code = 1


class UsageError(TrainerError):
    """A path or an option that cannot be used as given."""

    exit_code = 2


class DatasetError(TrainerError):
    """The dataset folder breaks the contract, or nothing in it can be trained on."""

    exit_code = 3


class ModelError(TrainerError):
    """The base model or the adapter cannot be found or loaded, or cannot do what is asked of it."""

    exit_code = 4


class TrainingError(TrainerError):
    """Training began and failed."""

    exit_code = 5


class DivergedError(TrainingError):
    """The loss or the gradient is no longer a number: the same settings would end there again."""


def brief(error: BaseException) -> str:
    """Return an error of a library as one line: its type and the first line of its message."""
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__
