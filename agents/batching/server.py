"""The files and batches of one server, through openai's client."""

import asyncio
from collections.abc import Awaitable, Callable, Collection
from typing import TYPE_CHECKING, Any, TypeVar

from gravity.agents.batching.results import ENDPOINT, Completion, State, results
from gravity.agents.endpoint.failure import Failure
from gravity.agents.errors import ModelError
from gravity.agents.rate.pace import pause

if TYPE_CHECKING:
    from gravity.agents.kinds.openai import OpenAISettings

T = TypeVar("T")
# Statuses of servers that do not know what a batch is.
_NO_SUCH_PLACE = frozenset({404, 405, 501})
# Files take longer than answers.
_FILE_SECONDS = 600.0


class UnreachedError(Exception):
    """A step on the way to or from a batch was refused, or got no answer however often it was tried."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.said)
        self.failure = failure

    @property
    def certain(self) -> bool:
        """Whether the server said no, so that nothing can have come of the step."""
        return self.failure.status is not None and self.failure.status < 500


class BatchServer:
    """Each method tries again what passes, and raises UnreachedError for what does not."""

    def __init__(self, client: Callable[[], Any], settings: "OpenAISettings", who: str) -> None:
        self._client = client
        self._settings = settings
        self._who = who

    async def upload(self, lines: Collection[bytes]) -> str:
        """The id of a new input file. Raises ModelError where the server takes none."""

        async def work() -> str:
            file = ("requests.jsonl", b"".join(lines))
            made = await self._client().files.create(file=file, purpose="batch", timeout=_FILE_SECONDS)
            return str(made.id)

        return await self._needed(work, "/files")

    async def begin(self, file: str, new: bool) -> str:
        """The id of the batch of an input file. Unless that is `new` there may be one already, which is found.

        Raises ModelError where the server knows no batches.
        """
        untried = new

        async def work() -> str:
            nonlocal untried
            found = None if untried else await self._find(file)
            untried = False
            if found is not None:
                return found
            made = await self._client().batches.create(input_file_id=file, endpoint=ENDPOINT, completion_window="24h")
            return str(made.id)

        return await self._needed(work, "/batches")

    async def state(self, batch: str) -> State:
        """How a batch stands."""

        async def work() -> State:
            found = await self._client().batches.retrieve(batch)
            files = (found.error_file_id, found.output_file_id)
            errors = (found.errors.data or ()) if found.errors else ()
            told = tuple(error.model_dump(exclude_none=True) for error in errors)
            return State(batch, str(found.status), tuple(filter(None, files)), told)

        try:
            return await self._tried(work)
        except UnreachedError as error:
            if error.failure.status == 404:
                return State(batch, "unknown")
            raise

    async def results(self, state: State) -> dict[str, Completion | Failure]:
        """What came of an ended batch, by the keys of its requests."""

        def work(file: str) -> Callable[[], Awaitable[str]]:
            async def text() -> str:
                return str((await self._client().files.content(file, timeout=_FILE_SECONDS)).text)

            return text

        found: dict[str, Completion | Failure] = {}
        for file in state.files:
            found.update(results(await self._tried(work(file))))
        return found

    async def _find(self, file: str) -> str | None:
        import openai

        try:
            async for batch in self._client().batches.list(limit=100):
                if batch.input_file_id == file:
                    return str(batch.id)
        except openai.APIStatusError as error:
            if error.status_code not in _NO_SUCH_PLACE:
                raise
        return None

    async def _needed(self, work: Callable[[], Awaitable[T]], place: str) -> T:
        try:
            return await self._tried(work)
        except UnreachedError as error:
            failure = error.failure
            if failure.status in _NO_SUCH_PLACE:
                raise ModelError(
                    f"{self._who} has no Batch API (it answers {failure.status} to {place}: {failure.said}): "
                    "leave `batch` out"
                ) from None
            raise

    async def _tried(self, work: Callable[[], Awaitable[T]]) -> T:
        from gravity.agents.endpoint.client_errors import EXPECTED, failure_of

        tries = 0
        while True:
            try:
                return await work()
            except EXPECTED as error:
                failure = failure_of(error, self._settings.timeout)
            wait = pause(tries + 1) if failure.wait is None else failure.wait
            if failure.meaning != "passing" or tries == self._settings.retries or wait > self._settings.max_wait:
                raise UnreachedError(failure)
            await asyncio.sleep(wait)
            tries += 1
