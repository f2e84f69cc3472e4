"""Runs asynchronous work for callers that are not asynchronous."""

import asyncio
import sys
from collections.abc import Coroutine
from typing import Any, TypeVar

from gravity.errors import ConfigError

T = TypeVar("T")


def run(work: Coroutine[Any, Any, T]) -> T:
    """The outcome of `work`, on the quickest event loop that the system has.

    Raises ConfigError where an event loop is running already, as in a notebook.
    """
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        pass
    else:
        work.close()
        raise ConfigError(
            "an event loop is running already, as in a notebook: await the method whose name ends in _async instead"
        )
    if sys.platform == "win32":
        return asyncio.run(work)
    import uvloop

    return uvloop.run(work)
