"""The gate before an address, with the OpenAI client and HTTP on loopback."""

import asyncio
from typing import Any

import pytest
from aiohttp import web

from gravity.agents.errors import NotAnsweredError
from gravity.agents.kinds import OpenAISettings
from gravity.agents.kinds.openai import OpenAIChat
from tests.stub.scripted import Hang, Scripted
from tests.stub.server import Faults, Stub, completion

GOOD = '{"word": "sea"}'
SCHEMA: dict[str, Any] = {"type": "object"}


class Narrow(Stub):
    """Answers `most` calls at a time and refuses others with 429."""

    def __init__(self, most: int, faults: Faults) -> None:
        super().__init__(faults=faults)
        self.most = most
        self.times: list[tuple[float, bool]] = []

    async def _complete(self, request: web.Request) -> web.StreamResponse:
        full = self.counts.in_flight >= self.most
        self.times.append((asyncio.get_running_loop().time(), full))
        self.counts.requests += 1
        if full:
            return web.json_response({"error": {"message": "slow down"}}, status=429)
        self.counts.in_flight += 1
        try:
            await asyncio.sleep(self.faults.latency)
            return web.json_response(completion("stub", GOOD, 7))
        finally:
            self.counts.in_flight -= 1


def chat(models: list[OpenAIChat], url: str, **settings: Any) -> OpenAIChat:
    models.append(
        OpenAIChat(OpenAISettings.model_validate({"kind": "openai", "model": "m", "base_url": url, **settings}))
    )
    return models[-1]


async def test_a_server_that_bears_four_calls_answers_all(opened: list[OpenAIChat]) -> None:
    with Narrow(4, Faults(latency=0.05)) as server:
        model = chat(opened, server.url, max_in_flight=64)
        await asyncio.gather(*(model.complete("s", f"u{n}", SCHEMA) for n in range(120)))
        refused = [at for at, full in server.times if full]
        assert len(server.times) - len(refused) == 120
        assert 0 < len(refused) < 60


async def test_after_a_refusal_fewer_calls_are_sent(opened: list[OpenAIChat]) -> None:
    with Narrow(100, Faults(latency=0.05)) as server:
        model = chat(opened, server.url, max_in_flight=32, retries=1)
        work = [asyncio.create_task(model.complete("s", f"u{n}", SCHEMA)) for n in range(2000)]
        while server.counts.requests < 500:
            await asyncio.sleep(0.01)
        server.most = 0
        await asyncio.sleep(1.5)
        for task in work:
            task.cancel()
        await asyncio.gather(*work, return_exceptions=True)
        first = min(at for at, full in server.times if full)
        before = sum(first - 1 <= at < first for at, _ in server.times)
        # Those that were under way by then are answered within the latency.
        after = sum(first + 0.1 <= at < first + 1.1 for at, _ in server.times)
        assert before > 40
        assert after < before / 4


async def test_all_who_ask_a_model_at_an_address_share_its_pace(opened: list[OpenAIChat]) -> None:
    with Scripted([429, GOOD], Faults(retry_after=0.5)) as server:
        first, second = (chat(opened, server.url, seed=seed) for seed in (0, 1))
        asking = asyncio.create_task(first.complete("s", "u", SCHEMA))
        while not server.bodies:
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.05)
        loop = asyncio.get_running_loop()
        begun = loop.time()
        await second.complete("s", "u", SCHEMA)
        assert loop.time() - begun > 0.3
        await asking
        assert server.counts.requests == 3


@pytest.mark.parametrize(
    ("wait", "kind"),
    [(600.0, "rate limit"), (0.05, "no answer")],
    ids=["a long pause is asked for", "refused on and on"],
)
async def test_nobody_waits_longer_than_the_limit_on_stalls(opened: list[OpenAIChat], wait: float, kind: str) -> None:
    with Scripted([429], Faults(retry_after=wait)) as server:
        model = chat(opened, server.url, stall=0.5, retries=1000)
        work = (model.complete("s", f"u{n}", SCHEMA) for n in range(40))
        found = await asyncio.gather(*work, return_exceptions=True)
        assert all(isinstance(error, NotAnsweredError) and error.kind == kind for error in found)
        assert all(server.url in str(error) and "\n" not in str(error) for error in found)
        assert server.counts.requests < 40


async def test_a_call_that_is_broken_off_leaves_its_place(opened: list[OpenAIChat]) -> None:
    with Scripted([Hang(5), GOOD]) as server:
        model = chat(opened, server.url, max_in_flight=1)
        hanging = asyncio.create_task(model.complete("s", "u", SCHEMA))
        waiting = asyncio.create_task(model.complete("s", "v", SCHEMA))
        while not server.bodies:
            await asyncio.sleep(0.01)
        hanging.cancel()
        assert (await waiting).text == GOOD


class Allowing(Stub):
    """Says with each answer that no call is taken within the next 0.4 s."""

    async def _respond(self, body: dict[str, Any]) -> web.StreamResponse:
        said = {"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "400ms"}
        return web.json_response(completion("stub", GOOD, 7), headers=said)


async def test_the_rate_limit_in_the_headers_is_kept(opened: list[OpenAIChat]) -> None:
    loop = asyncio.get_running_loop()
    with Allowing() as server:
        model = chat(opened, server.url)
        await model.complete("s", "u", SCHEMA)
        begun = loop.time()
        await model.complete("s", "v", SCHEMA)
        assert loop.time() - begun >= 0.35
