"""The gate before a model's address: calls pass as its pace allows, and what came to nothing is asked again."""

import asyncio
import heapq
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import count
from typing import Any, TypeVar
from weakref import WeakValueDictionary

from gravity.agents.errors import NotAnsweredError
from gravity.agents.rate.pace import Pace, Ticket, pause
from gravity.agents.rate.setback import Setback, allowance

# Seconds after which a server that has never answered is given up: it is rather wrongly named than overloaded.
FIRST_STALL = 30.0

T = TypeVar("T")


@dataclass
class Place:
    """One attempt: when it began, whether the model answered, and what passing trouble kept it from that.

    Neither is so where the request itself was refused: that says nothing about load.
    """

    begun: float
    answered: bool = False
    setback: Setback | None = None


class Throttle:
    """Lets the calls to one model at one address through, for all who ask it.

    A call that is asked again goes before new ones. Where nobody there answers anything for `stall` seconds, or where
    the server asks for a longer pause, those who wait are told so by NotAnsweredError; sooner where nobody there has
    answered ever.
    """

    def __init__(self, where: str, most: int, stall: float) -> None:
        self.where = where
        self.stall = stall
        self.pace = Pace(most)
        self._chance = random.Random()
        self._order = count()
        self._waiting: list[tuple[int, int, asyncio.Future[Ticket]]] = []
        self._timer: asyncio.TimerHandle | None = None
        self._present = 0
        self.answered = False  # whether anything was ever answered there
        self._heard = 0.0  # when somebody there last answered, or was first asked after a time without calls

    async def call(
        self, send: Callable[[], Awaitable[T]], retries: int, setback_of: Callable[[Exception], Setback | None]
    ) -> tuple[T, float]:
        """What `send` returns, and the seconds that it took, without those spent waiting here.

        An error that may pass, which `setback_of` tells, is tried again `retries` times; then it is raised as it is.
        Raises NotAnsweredError.
        """
        tries = 0
        while True:
            tries += 1
            async with self.place(tries) as place:
                try:
                    value = await send()
                    place.answered = True
                    return value, time.monotonic() - place.begun
                except Exception as error:
                    place.setback = setback_of(error)
                    if place.setback is None or tries > retries:
                        raise
            await self.rest(tries, place.setback.wait)

    @asynccontextmanager
    async def place(self, tries: int) -> AsyncIterator[Place]:
        """A place for one attempt, the `tries`-th (from 1) of a call; what came of it is to be noted in it.

        Raises NotAnsweredError where nobody there answers for too long.
        """
        if tries == 1 and not self._present:
            self._heard = time.monotonic()
        self._present += 1
        try:
            ticket = await self._enter(tries)
            place = Place(ticket.begun)
            try:
                yield place
            finally:
                self._leave(ticket, place)
        finally:
            self._present -= 1

    async def rest(self, tries: int, wait: float | None) -> None:
        """The pause after an attempt that may be made again: what the server asks for, or longer each time.

        Raises NotAnsweredError where that is too long.
        """
        wait = pause(tries, self._chance) if wait is None else wait
        self._check(wait)
        self._present += 1
        try:
            await asyncio.sleep(wait)
        finally:
            self._present -= 1

    async def heard(self, response: Any) -> None:
        """Takes note of the rate limits in a response's headers; made to be a response hook of httpx."""
        self.note(response.headers)

    def note(self, headers: Mapping[str, str]) -> None:
        """Takes note of the rate limits in headers."""
        if (found := allowance(headers)) is not None:
            self.pace.allow(time.monotonic(), *found)

    def _leave(self, ticket: Ticket, place: Place) -> None:
        now, found = time.monotonic(), place.setback
        if place.answered:
            self._heard, self.answered = now, True
            self.pace.answered(ticket, now)
        elif found is not None and found.overload:
            self.pace.refused(ticket, now, found.wait)
        elif found is not None:
            self.pace.failed(ticket, now)
        self.pace.end()
        self._admit()

    async def _enter(self, tries: int) -> Ticket:
        """Waits for a place."""
        admitted: asyncio.Future[Ticket] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._waiting, (-tries, next(self._order), admitted))
        self._admit()
        try:
            while not admitted.done():
                self._check(self.pace.delay(time.monotonic()) or 0.0)
                left = self._heard + self._patience - time.monotonic()
                await asyncio.wait([admitted], timeout=max(left, 0.01))
            return admitted.result()
        except BaseException:
            if admitted.done() and not admitted.cancelled():
                self.pace.end()
                self._admit()
            admitted.cancel()
            raise

    def _admit(self) -> None:
        """Lets in as many as may enter now, and comes back when the next one may."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        while self._waiting:
            if self._waiting[0][2].done():
                heapq.heappop(self._waiting)
                continue
            now = time.monotonic()
            delay = self.pace.delay(now)
            if delay == 0:
                heapq.heappop(self._waiting)[2].set_result(self.pace.begin(now))
                continue
            if delay is not None:
                self._timer = asyncio.get_running_loop().call_later(delay, self._admit)
            return

    def _check(self, wait: float) -> None:
        """Raises NotAnsweredError where nobody has answered for too long, or is not to be asked for too long."""
        if wait > self.stall:
            raise NotAnsweredError("rate limit", f"{self.where} asks to be left alone for {wait:.0f} s")
        if time.monotonic() - self._heard >= self._patience:
            raise NotAnsweredError("no answer", f"{self.where} answered nobody for {self._patience:g} s")

    @property
    def _patience(self) -> float:
        return self.stall if self.answered else min(self.stall, FIRST_STALL)


_throttles: WeakValueDictionary[tuple[str, str], Throttle] = WeakValueDictionary()


def throttle_of(where: str, model: str, most: int, stall: float) -> Throttle:
    """The gate of a model at an address, one for all who ask it; of several bounds the lowest holds."""
    found = _throttles.get((where, model))
    if found is None:
        found = _throttles[where, model] = Throttle(where, most, stall)
    found.pace.most = min(found.pace.most, most)
    found.stall = min(found.stall, stall)
    return found
