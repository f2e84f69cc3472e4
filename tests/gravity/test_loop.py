"""Work is cancelled for good, whatever it does with the first cancellation."""

import asyncio
import contextlib

import pytest

from gravity import loop


async def test_a_swallowed_cancellation_comes_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop, "_GRACE", 0.01)
    swallowed = 0

    async def stubborn() -> None:
        nonlocal swallowed
        while True:
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                swallowed += 1
                if swallowed == 3:
                    raise

    waiting = asyncio.create_task(loop.cancellable(stubborn()))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(waiting, timeout=5)
    assert swallowed == 3


async def test_a_caller_cancelled_twice_still_waits_for_the_end() -> None:
    ended = False

    async def slow_to_end() -> None:
        nonlocal ended
        try:
            await asyncio.sleep(60)
        finally:
            while not ended:
                with contextlib.suppress(asyncio.CancelledError):
                    await asyncio.sleep(0.05)
                    ended = True

    waiting = asyncio.create_task(loop.cancellable(slow_to_end()))
    for _ in range(3):
        await asyncio.sleep(0.01)
        waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert ended


async def test_the_outcome_is_the_work_s_own() -> None:
    async def seven() -> int:
        return 7

    async def wrong() -> int:
        raise ValueError("wrong")

    assert await loop.cancellable(seven()) == 7
    with pytest.raises(ValueError, match="wrong"):
        await loop.cancellable(wrong())
