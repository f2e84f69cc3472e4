"""Writing through an OpenAI-compatible address that serves an adapter by its name, as vLLM does."""

import asyncio
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from gravity.agents.breaker import Breaker
from gravity.agents.endpoint.chat import OpenAIChat
from gravity.agents.errors import NotAnsweredError, RefusalError, UnusableError
from gravity.agents.kinds.openai import OpenAISettings
from gravity.loop import run
from gravity.store.responses import shown
from gravity.trainer.models.loading import check_adapter, trained_card_in
from gravity.trainer.models.writer import TOP_P, Heard, Request, Text, Unwritten, adapter_id
from gravity.trainer.placing import placed


class AddressWriter:
    """A model behind an address. As many texts at a time as the server bears, up to the model's `max_in_flight`."""

    by: Mapping[str, Any]

    def __init__(self, settings: OpenAISettings, max_tokens: int, refusals: int, adapter: Path | None = None) -> None:
        """Nothing is sent yet. `adapter` is the folder of the adapter that the server has, where it is at hand: where
        the card stands is read from it. After `refusals` like failures in a row nobody is asked any more.

        Raises the trainer's ModelError for a folder that is no adapter.
        """
        self._settings = settings.model_copy(update={"max_tokens": max_tokens})
        self._chat = OpenAIChat(self._settings)
        self._refusals = refusals
        if adapter is not None:
            check_adapter(adapter)
        self._card_in = trained_card_in(adapter) if adapter is not None else "system"
        self._extra = {"top_p": TOP_P} | settings.extra_body
        self.by = {
            "kind": "address",
            "address": shown(settings.base_url),
            "model": settings.model,
            "adapter": adapter_id(adapter) if adapter is not None else None,
            "card_in": self._card_in,
            "temperature": None if "temperature" in settings.leave_out else settings.temperature,
            **({"reasoning_effort": settings.reasoning_effort} if settings.reasoning_effort else {}),
            **self._extra,
            "max_tokens": None if "max_tokens" in settings.leave_out else max_tokens,
        }

    def unadapted(self) -> None:
        """There is none: an address has a name of its own for the base."""
        return

    def write(self, requests: Sequence[Request], heard: Heard) -> None:
        """Asks for all texts side by side. Raises ModelError where the model cannot be used."""
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            run(self._write(requests, heard))
        else:
            # As in a notebook, which waits here as it does for a model in the process.
            with ThreadPoolExecutor(1) as thread:
                thread.submit(run, self._write(requests, heard)).result()

    async def _write(self, requests: Sequence[Request], heard: Heard) -> None:
        breaker = Breaker(self._refusals)
        asking = [
            asyncio.ensure_future(self._one(place, request, heard, breaker)) for place, request in enumerate(requests)
        ]
        try:
            await asyncio.gather(*asking)
        finally:
            for one in asking:
                one.cancel()
            await asyncio.gather(*asking, return_exceptions=True)
            await self._chat.close()

    async def _one(self, place: int, request: Request, heard: Heard, breaker: Breaker) -> None:
        said = {"system": "", "user": ""}
        for message in placed([dict(message) for message in request.messages], self._card_in):
            said[message["role"]] = message["content"]
        sampled = {"temperature": 0} if request.seed is None else {"seed": request.draws}
        wished = {name: value for name, value in sampled.items() if name not in self._settings.leave_out}
        try:
            reply = await self._chat.text(said["system"], said["user"], {**self._extra, **wished})
        except NotAnsweredError as error:
            breaker.not_answered(self._settings.model, error)
            heard(place, Unwritten(str(error), pending=True))
        except (UnusableError, RefusalError) as error:
            breaker.answered(self._settings.model)
            heard(place, Unwritten(str(error)))
        else:
            breaker.answered(self._settings.model)
            heard(place, Unwritten(reply.problem) if reply.problem else Text(reply.text, reply.cut))
