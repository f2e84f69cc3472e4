"""The server: latency, faults, counts, and answers from the oracle."""

import asyncio
import hashlib
import json
import random
import re
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from tests.stub.batches import Batches
from tests.stub.embedder import HashEmbedder
from tests.stub.loopback import Loopback
from tests.stub.truth import Character, Oracle

IN_WORDS = re.compile(r"\n\n[^\n]*JSON schema[^\n]*\n(\{.*\})\s*$", re.DOTALL)


@dataclass(frozen=True)
class Faults:
    """Shares (0 to 1) of requests that go wrong, and how; `latency` and `retry_after` are in seconds.

    `busy`: 429 with Retry-After; `broken`: 500; `cut`: JSON that ends in the middle; `unfit`: JSON of another
    schema; `hang`: no answer within a minute.
    """

    latency: float = 0.0
    busy: float = 0.0
    broken: float = 0.0
    cut: float = 0.0
    unfit: float = 0.0
    hang: float = 0.0
    retry_after: float = 0.05
    seed: int = 0


@dataclass
class Counts:
    """What the server saw: requests, by the hash of all they hold too, answers by prompt, the most requests at
    a time, the keys sent along, and the texts it embedded."""

    requests: int = 0
    asked: Counter[str] = field(default_factory=Counter)
    keys: set[str] = field(default_factory=set)
    embedded: int = 0
    answered: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    in_flight: int = 0
    most_in_flight: int = 0


class Stub(Loopback):
    """An OpenAI-compatible server on loopback."""

    path = "/v1"

    def __init__(self, character: Character | None = None, faults: Faults | None = None) -> None:
        super().__init__()
        self.oracle = Oracle(character)
        self.faults = faults or Faults()
        self.counts = Counts()
        self._chance = random.Random(self.faults.seed)
        self._embedder = HashEmbedder()
        self.batches = Batches(lambda body: self._respond(body))

    def routes(self, app: web.Application) -> None:
        """Chats, embeddings, batches, and what the server has counted."""
        app.router.add_post("/v1/chat/completions", self._complete)
        app.router.add_post("/v1/embeddings", self._embed)
        app.router.add_get("/counts", self._report)
        self.batches.add_to(app.router)

    async def _report(self, _: web.Request) -> web.Response:
        return web.json_response({"requests": self.counts.requests, "answered": dict(self.counts.answered)})

    async def _complete(self, request: web.Request) -> web.StreamResponse:
        counts = self.counts
        counts.requests += 1
        counts.in_flight += 1
        counts.most_in_flight = max(counts.most_in_flight, counts.in_flight)
        try:
            body = await request.json()
            counts.asked[hashlib.sha256(await request.read()).hexdigest()] += 1
            counts.keys.add(request.headers.get("Authorization", ""))
            await asyncio.sleep(self.faults.latency)
            return await self._respond(body)
        finally:
            counts.in_flight -= 1

    async def _embed(self, request: web.Request) -> web.Response:
        body = await request.json()
        texts = [body["input"]] if isinstance(body["input"], str) else body["input"]
        self.counts.embedded += len(texts)
        self.counts.keys.add(request.headers.get("Authorization", ""))
        data = [
            {"object": "embedding", "index": index, "embedding": vector}
            for index, vector in enumerate(self._embedder.passages(texts).tolist())
        ]
        usage = {"prompt_tokens": 0, "total_tokens": 0}
        return web.json_response({"object": "list", "model": body["model"], "data": data, "usage": usage})

    async def _respond(self, body: dict[str, Any]) -> web.StreamResponse:
        fault = self._fault()
        self.counts.faults[fault] += 1
        if fault == "busy":
            wait = {"Retry-After": f"{self.faults.retry_after:g}"}
            return web.json_response({"error": {"message": "slow down"}}, status=429, headers=wait)
        if fault == "broken":
            return web.json_response({"error": {"message": "out of order"}}, status=500)
        if fault == "hang":
            await asyncio.sleep(60)
        user = asked(body)
        try:
            text = json.dumps(self.oracle.answer(user, schema_of(body), body["model"]), ensure_ascii=False)
        except ValueError as error:
            return web.json_response({"error": {"message": str(error)}}, status=400)
        if fault == "cut":
            text = text[: len(text) // 2]
        if fault == "unfit":
            text = json.dumps({"thought": "I would rather not say"})
        self.counts.answered[user[:80]] += 1
        reply = completion(body["model"], text, len(user) // 4)
        return web.json_response(called(reply) if body.get("tools") else reply)

    def _fault(self) -> str:
        drawn = self._chance.random()
        for name in ("busy", "broken", "cut", "unfit", "hang"):
            share = getattr(self.faults, name)
            if drawn < share:
                return name
            drawn -= share
        return "none"


def asked(body: dict[str, Any]) -> str:
    """The question in a request, without a schema that stands below it."""
    user = next(str(m["content"]) for m in body["messages"] if m["role"] == "user")
    return IN_WORDS.sub("", user)


def schema_of(body: dict[str, Any]) -> dict[str, Any]:
    """The schema that a request asks for, wherever it stands in it."""
    form = body.get("response_format") or {}
    if "json_schema" in form:
        found = form["json_schema"]["schema"]
    elif body.get("tools"):
        found = body["tools"][0]["function"]["parameters"]
    else:
        in_words = IN_WORDS.search(next(str(m["content"]) for m in body["messages"] if m["role"] == "user"))
        found = json.loads(in_words[1]) if in_words else {}
    assert isinstance(found, dict)
    return found


def called(reply: dict[str, Any]) -> dict[str, Any]:
    """A completion whose answer is the call of a tool."""
    message = reply["choices"][0]["message"]
    function = {"name": "answer", "arguments": message["content"]}
    message |= {"content": None, "tool_calls": [{"id": "call", "type": "function", "function": function}]}
    reply["choices"][0]["finish_reason"] = "tool_calls"
    return reply


def completion(model: str, text: str, tokens_in: int) -> dict[str, Any]:
    """A chat completion as OpenAI's API has it."""
    tokens_out = max(1, len(text) // 4)
    return {
        "id": "stub",
        "object": "chat.completion",
        "created": 0,
        "model": model,
        "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": text}}],
        "usage": {
            "prompt_tokens": tokens_in,
            "completion_tokens": tokens_out,
            "total_tokens": tokens_in + tokens_out,
        },
    }
