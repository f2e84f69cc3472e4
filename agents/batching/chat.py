"""A chat model whose questions gather into batches and wait for their answers; all else is as when it is asked live."""

import asyncio
from dataclasses import replace
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

from gravity.agents.batching.collector import Collector
from gravity.agents.batching.server import BatchServer
from gravity.agents.chat import Reply
from gravity.agents.endpoint.chat import Heard, OpenAIChat
from gravity.agents.endpoint.failure import Failure
from gravity.agents.endpoint.request import Messages
from gravity.agents.rate.pace import pause
from gravity.store.answers import question_key
from gravity.store.batches import Batches

if TYPE_CHECKING:
    from gravity.agents.kinds.openai import OpenAISettings


class BatchChat(OpenAIChat):
    """The model of the same settings without `batch`, by its identity too: only the way to it differs.

    What the server refuses for its form is asked again in another form, and what expired as it was, each in the next
    batch. What a model can do is still asked live.
    """

    def __init__(self, settings: "OpenAISettings") -> None:
        super().__init__(settings)
        self._kept: Batches | None = None

    def keep_in(self, kept: Batches) -> None:
        """Where it keeps what is away; to be said before it is asked."""
        self._kept = kept

    @cached_property
    def _collector(self) -> Collector:
        assert self._kept is not None
        server = BatchServer(lambda: self._client.root_async_client, self.settings, self._who)
        return Collector(server, self._kept, self.settings, self._who)

    async def complete(self, system: str, user: str, schema: dict[str, Any]) -> Reply:
        """One answer, when the batch that the question goes into is back."""
        # The key that the answer will be kept under, so that the same question is known again in another process.
        key = question_key(self.identity, system, user, schema)
        return await self._answer(system, user, schema, partial(self._send_in_batch, key))

    async def _send_in_batch(
        self, key: str, asked: Messages, sent: dict[str, Any], schema: dict[str, Any] | None, tries: int
    ) -> Heard | Failure:
        from gravity.agents.endpoint.client_errors import EXPECTED, failure_of

        came = await self._collector.ask(key, self._client.body(asked, extra_body=sent))
        if isinstance(came, Failure):
            # Gathering anew is pause enough, but for a queue that is full.
            full = came.kind == "rate limit"
            wait = min(self.settings.batch_poll_max, self.settings.max_wait) if full else 0.0
            return self._without_key(replace(came, wait=wait))
        # Nobody is told how long a request in a batch took.
        try:
            answer = self._read(self._client.message(came), schema, seconds=0.0)
        except EXPECTED as error:
            answer = failure_of(error, self.settings.timeout)
        self._collector.taken(key)
        return answer

    async def _rest(self, tries: int, wait: float | None) -> None:
        """The pause before another try: gathering anew is mostly pause enough."""
        await asyncio.sleep(pause(tries) if wait is None else wait)

    async def close(self) -> None:
        """Leaves the batches to the server, to be picked up when the same is asked again."""
        if collector := self.__dict__.pop("_collector", None):
            await collector.close()
        await super().close()
