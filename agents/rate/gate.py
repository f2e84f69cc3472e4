"""The gate before a model's address: calls pass as its pace allows, and what came to nothing is asked again."""

import asyncio
import heapq
import random
import time
from collections.abc import Awaitable, Callable, Mapping
from itertools import count
from typing import Any, TypeVar
from weakref import WeakValueDictionary

from gravity.agents.errors import NotAnsweredError
from gravity.agents.rate.pace import Pace, Ticket, pause
from gravity.agents.rate.setback import Setback, allowance, setback_of

T = TypeVar("T")


class Gate:
    """Lets the calls to one model at one address through, for all who ask it.

    A call that is asked again goes before new ones. Where nobody there answers anything for `stall` seconds, or where
    the server asks for a longer pause, those who wait are told so by NotAnsweredError.
    """

    def __init__(
        self, where: str, most: int, stall: float, said: Callable[[Exception], Setback | None] = setback_of
    ) -> None:
        self.where = where
        self.stall = stall
        self.pace = Pace(most)
        self._setback = said
        self._chance = random.Random()
        self._order = count()
        self._waiting: list[tuple[int, int, asyncio.Future[Ticket]]] = []
        self._timer: asyncio.TimerHandle | None = None
        self._callers = 0
        self._heard = 0.0  # when somebody there last answered, or was first asked after a time without calls

    async def call(self, send: Callable[[], Awaitable[T]], retries: int) -> tuple[T, float]:
        """What `send` returns, and the seconds that it took, without those spent waiting here.

        An error that may pass is tried again `retries` times; then it is raised as it is. Raises NotAnsweredError.
        """
        if not self._callers:
            self._heard = time.monotonic()
        self._callers += 1
        try:
            tries = 0
            while True:
                tries += 1
                ticket = await self._enter(tries)
                try:
                    return await self._attempt(send, ticket)
                except Exception as error:
                    found = self._setback(error)
                    if found is None or tries > retries:
                        raise
                    wait = pause(tries, self._chance) if found.wait is None else found.wait
                self._check(wait)
                await asyncio.sleep(wait)
        finally:
            self._callers -= 1

    async def heard(self, response: Any) -> None:
        """Takes note of the rate limits in a response's headers; made to be a response hook of httpx."""
        self.note(response.headers)

    def note(self, headers: Mapping[str, str]) -> None:
        """Takes note of the rate limits in headers."""
        if (found := allowance(headers)) is not None:
            self.pace.allow(time.monotonic(), *found)

    async def _attempt(self, send: Callable[[], Awaitable[T]], ticket: Ticket) -> tuple[T, float]:
        try:
            value = await send()
        except Exception as error:
            now, found = time.monotonic(), self._setback(error)
            if found is None:
                # A refusal of this request is an answer of the server's all the same.
                self._heard = now
            elif found.overload:
                self.pace.refused(ticket, now, found.wait)
            else:
                self.pace.failed(ticket, now)
            raise
        else:
            now = self._heard = time.monotonic()
            self.pace.answered(ticket, now)
            return value, now - ticket.begun
        finally:
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
                left = self._heard + self.stall - time.monotonic()
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
        if time.monotonic() - self._heard >= self.stall:
            raise NotAnsweredError("no answer", f"{self.where} answered nobody for {self.stall:g} s")


_gates: WeakValueDictionary[tuple[str, str], Gate] = WeakValueDictionary()


def gate_of(where: str, model: str, most: int, stall: float) -> Gate:
    """The gate of a model at an address, one for all who ask it; of several bounds the lowest holds."""
    found = _gates.get((where, model))
    if found is None:
        found = _gates[where, model] = Gate(where, most, stall)
    found.pace.most = min(found.pace.most, most)
    found.stall = min(found.stall, stall)
    return found
