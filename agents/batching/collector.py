"""Gathers requests until no more come, sends them off as a batch, and hands out what comes back."""

import asyncio
import logging
from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from gravity.agents.batching.results import Completion, State, request
from gravity.agents.batching.server import BatchServer, UnreachedError
from gravity.agents.endpoint.failure import Failure
from gravity.store.batches import Batches

if TYPE_CHECKING:
    from gravity.agents.kinds.openai import OpenAISettings

_log = logging.getLogger("gravity")


@dataclass
class Away:
    """A batch on its way: the requests that somebody here waits for, how many it holds, its input file and its id."""

    keys: set[str]
    size: int
    file: str = ""
    batch: str | None = None


class Collector:
    """The requests of one model.

    While a batch is away further requests gather for the next one, unless there are enough for a full one. A request
    that a batch of an earlier process holds is not sent again: that batch is waited for.
    """

    def __init__(self, server: BatchServer, kept: Batches, settings: "OpenAISettings", who: str) -> None:
        self._server = server
        self._kept = kept
        self._settings = settings
        self._who = who
        self._waiting: dict[str, list[asyncio.Future[Completion | Failure]]] = {}
        self._gathered: dict[str, bytes] = {}
        self._bytes = 0
        self._away: list[Away] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._taken: set[str] = set()

    async def ask(self, key: str, body: dict[str, Any]) -> Completion | Failure:
        """What the server answers to `body`. Raises ModelError where it has no Batch API."""
        future: asyncio.Future[Completion | Failure] = asyncio.get_running_loop().create_future()
        others = self._waiting.setdefault(key, [])
        others.append(future)
        if len(others) == 1:
            self._take_up(key, body)
        return await future

    def taken(self, key: str) -> None:
        """Says that an answer has been handed on. It is forgotten later, when whoever asked has kept it."""
        self._taken.add(key)

    async def close(self) -> None:
        """Stops waiting. The batches go on at the server."""
        if self._timer:
            self._timer.cancel()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._forget_taken()

    def _take_up(self, key: str, body: dict[str, Any]) -> None:
        if key in self._taken:
            self._forget_taken()
        kept = self._kept.get(key)
        if kept is None:
            self._gather(key, request(key, body))
        elif kept.answer is not None:
            self._hand_out([key], {key: kept.answer})
        elif away := next((away for away in self._away if away.file == kept.file), None):
            away.keys.add(key)
        else:
            self._begin(Away({key}, self._kept.size(kept.file), kept.file, kept.batch))

    def _gather(self, key: str, line: bytes) -> None:
        self._gathered[key] = line
        self._bytes += len(line)
        full = self._bytes >= self._settings.batch_megabytes * 1e6
        if full or len(self._gathered) >= self._settings.batch_size:
            self._send_off()
        else:
            self._wait_for_quiet()

    def _wait_for_quiet(self) -> None:
        if self._timer:
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_later(self._settings.batch_wait, self._quiet)

    def _quiet(self) -> None:
        if not self._away:
            self._send_off()

    def _send_off(self) -> None:
        """Sends off what has gathered, without what nobody waits for any more."""
        gathered, self._gathered, self._bytes = self._gathered, {}, 0
        lines = {key: line for key, line in gathered.items() if not all(f.done() for f in self._waiting[key])}
        for key in gathered.keys() - lines.keys():
            del self._waiting[key]
        if lines:
            self._forget_taken()
            self._begin(Away(set(lines), len(lines)), lines.values())

    def _begin(self, away: Away, lines: Collection[bytes] = ()) -> None:
        self._away.append(away)
        task = asyncio.get_running_loop().create_task(self._follow(away, lines))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _follow(self, away: Away, lines: Collection[bytes]) -> None:
        """Sees a batch through to its end, and hands out what came of it, or what came between."""
        came: dict[str, Completion | Failure] | Exception
        try:
            came = await self._brought(away, lines)
        except UnreachedError as error:
            # It has been tried often enough, and no form of the requests is at fault.
            failure = replace(error.failure, batch=away.batch or away.file)
            lasting = failure if failure.meaning == "model" else replace(failure, meaning="lasting")
            came = dict.fromkeys(away.keys, lasting)
        except Exception as error:
            came = error
        finally:
            self._away.remove(away)
        self._hand_out(away.keys, came)
        self._wait_for_quiet()

    async def _brought(self, away: Away, lines: Collection[bytes]) -> dict[str, Completion | Failure]:
        """What came of each request that is waited for. Where it is, and what came, is kept at every step."""
        if lines:
            away.file = await self._server.upload(lines)
            self._kept.add(away.file, away.keys)
        if away.batch is None:
            away.batch = await self._begun(away.file, new=bool(lines))
        self._tell_waiting()
        state = await self._ended(away.batch)
        results = await self._server.results(state)
        answers = {key: found for key, found in results.items() if not isinstance(found, Failure)}
        self._kept.ended(away.file, answers)
        _log.info("%s: %s is %s: %s of %s answered", self._who, state.batch, state.status, len(answers), away.size)
        return {key: results.get(key, state.missing) for key in away.keys}

    async def _begun(self, file: str, new: bool) -> str:
        try:
            batch = await self._server.begin(file, new)
        except UnreachedError as error:
            if error.certain:
                self._kept.ended(file, {})
            raise
        self._kept.begun(file, batch)
        return batch

    async def _ended(self, batch: str) -> State:
        pause = self._settings.batch_poll
        while not (state := await self._server.state(batch)).ended:
            await asyncio.sleep(pause)
            pause = min(1.5 * pause, self._settings.batch_poll_max)
        return state

    def _hand_out(self, keys: Collection[str], came: dict[str, Completion | Failure] | Exception) -> None:
        for key in keys:
            for future in self._waiting.pop(key, ()):
                if future.done():
                    continue
                if isinstance(came, Exception):
                    future.set_exception(came)
                else:
                    future.set_result(came[key])

    def _tell_waiting(self) -> None:
        begun = {away.batch: away.size for away in self._away if away.batch}
        many = "batch" if len(begun) == 1 else "batches"
        _log.info(
            "%s: waiting for %s answers from %s %s (%s)",
            self._who,
            sum(begun.values()),
            len(begun),
            many,
            ", ".join(begun),
        )

    def _forget_taken(self) -> None:
        taken, self._taken = self._taken, set()
        self._kept.forget(taken)
