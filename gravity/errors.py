"""Exit codes, and the error of a configuration."""

from gravity.frameworks.errors import GravityError

USAGE = 2
BAD_ROWS = 3
FINDINGS = 6
NOT_FINISHED = 8
INTERRUPTED = 130


class ConfigError(GravityError):
    """The configuration cannot be read or does not fit together; the message is one line."""

    exit_code = USAGE


_TRAIN = {"accelerate", "gguf", "peft", "safetensors", "torch", "transformers", "trl"}
_AUDIT = {"py3langid", "sklearn", "statsmodels", "vl_convert"}


def missing_package(error: BaseException) -> str | None:
    """What to install, in one line, for the import of another project's package that failed; None for other errors."""
    if not isinstance(error, ModuleNotFoundError) or not error.name:
        return None
    package = error.name.partition(".")[0]
    if package == "gravity":
        return None
    extra = "train" if package in _TRAIN else "audit" if package in _AUDIT else "curate"
    return f"the Python package {package} is not installed: pip install 'gravity-preferences[{extra}]'"


def exit_code(error: BaseException) -> int | None:
    """The documented exit code of an expected error, or None for a bug."""
    if isinstance(error, KeyboardInterrupt):
        return INTERRUPTED
    # The trainer's errors have the same attribute and no base in common with the others.
    code = getattr(error, "exit_code", None)
    return code if isinstance(code, int) else None
