"""Runs asynchronous work for callers that are not asynchronous."""

import asyncio
import contextlib
import sys
from collections.abc import Coroutine
from typing import Any, TypeVar

from gravity.errors import ConfigError

T = TypeVar("T")

# Seconds that work has to end once it is cancelled, before it is cancelled again.
_GRACE = 5.0


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


async def cancellable(work: Coroutine[Any, Any, T]) -> T:
    """The outcome of `work`, which ends when its caller is cancelled, even where it swallows a cancellation."""
    task = asyncio.create_task(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        while not task.done():
            task.cancel()
            # The caller may be cancelled again meanwhile; the work is not to be left running for that.
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.wait([task], timeout=_GRACE)
        if not task.cancelled():
            # What went wrong on the way out is of no interest, but asyncio would complain that nobody looked.
            task.exception()
        raise
