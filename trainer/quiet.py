"""Keeps the libraries' bars and notices out of logs and pipes."""

import contextlib
import io
import logging
import sys
from collections.abc import Iterator


def on_terminal() -> bool:
    """Say whether somebody may be watching standard error."""
    return sys.stderr.isatty()


@contextlib.contextmanager
def without_notices() -> Iterator[None]:
    """Let transformers and bitsandbytes log errors only inside the block; what else they say nobody here can change."""
    from transformers.utils import logging as transformers_logging

    # Imported where it is installed, by peft; it names a package that it would then fetch code with.
    quantizing = logging.getLogger("bitsandbytes")
    before, quantizing_before = transformers_logging.get_verbosity(), quantizing.level
    transformers_logging.set_verbosity(logging.ERROR)
    quantizing.setLevel(logging.ERROR)
    try:
        yield
    finally:
        transformers_logging.set_verbosity(before)
        quantizing.setLevel(quantizing_before)


@contextlib.contextmanager
def silenced() -> Iterator[None]:
    """Drop, besides notices, all that libraries print to standard error, unless it is a terminal.

    On a terminal their progress bars stay, since loading a GGUF or fetching a model takes long.
    Errors are raised as usual.
    """
    aside = contextlib.nullcontext() if on_terminal() else contextlib.redirect_stderr(io.StringIO())
    with without_notices(), aside:
        yield
