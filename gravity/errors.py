"""Exit codes, and the error of a configuration."""

USAGE = 2
INPUT = 3
MODEL = 4
STORE = 5
FINDINGS = 6
INTERRUPTED = 130


class ConfigError(Exception):
    """The configuration cannot be read or does not fit together; the message is one line."""


def exit_code(error: BaseException) -> int | None:
    """The documented exit code of an expected error, or None for a bug."""
    from agents.errors import ModelError
    from frameworks.loader import DataError
    from store.errors import InputError, StoreError
    from trainer.errors import TrainerError

    codes: tuple[tuple[type[BaseException], int], ...] = (
        (ConfigError, USAGE),
        (InputError, INPUT),
        (DataError, INPUT),
        (ModelError, MODEL),
        (TrainerError, MODEL),
        (StoreError, STORE),
        (KeyboardInterrupt, INTERRUPTED),
    )
    return next((code for kind, code in codes if isinstance(error, kind)), None)
