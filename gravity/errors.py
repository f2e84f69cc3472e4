"""Exit codes, and the error of a configuration."""

USAGE = 2
INPUT = 3
MODEL = 4
STORE = 5
FINDINGS = 6
INTERRUPTED = 130


class ConfigError(Exception):
    """The configuration cannot be read or does not fit together; the message is one line."""


_TRAIN = {"accelerate", "gguf", "peft", "safetensors", "torch", "transformers", "trl"}
_AUDIT = {"py3langid", "sklearn", "statsmodels", "vl_convert"}


def missing_package(error: BaseException) -> str | None:
    """What to install, in one line, for the import of another project's package that failed; None for other errors."""
    if not isinstance(error, ModuleNotFoundError) or not error.name:
        return None
    package = error.name.partition(".")[0]
    if package in {"agents", "audit", "frameworks", "graphs", "gravity", "prompts", "store", "trainer"}:
        return None
    extra = "train" if package in _TRAIN else "audit" if package in _AUDIT else "curate"
    return f"the Python package {package} is not installed: pip install 'gravity-preferences[{extra}]'"


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
