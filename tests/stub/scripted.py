"""A server that gives the answers of a script, one a request, and keeps what it was asked."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from tests.stub.server import Faults, Stub, completion


@dataclass(frozen=True)
class Raw:
    """A response as it stands, with status 200."""

    body: str
    content_type: str = "application/json"


@dataclass(frozen=True)
class Hang:
    """No answer within `seconds`."""

    seconds: float = 30.0


Step = str | int | Raw | Hang


class Scripted(Stub):
    """Plays `steps` in turn, the last one again and again: a text is a model's answer, a number an HTTP error."""

    def __init__(self, steps: Sequence[Step], faults: Faults | None = None) -> None:
        super().__init__(faults=faults)
        self.steps = list(steps)
        self.bodies: list[dict[str, Any]] = []

    def said(self, role: str) -> list[str]:
        """What was said in `role` ("system" or "user") in each request."""
        return ["".join(m["content"] for m in body["messages"] if m["role"] == role) for body in self.bodies]

    async def _respond(self, body: dict[str, Any]) -> web.StreamResponse:
        step = self.steps[min(len(self.bodies), len(self.steps) - 1)]
        self.bodies.append(body)
        if isinstance(step, Hang):
            await asyncio.sleep(step.seconds)
            return web.Response(status=503)
        if isinstance(step, Raw):
            return web.Response(text=step.body, content_type=step.content_type)
        if isinstance(step, int):
            wait = {"Retry-After": f"{self.faults.retry_after:g}"} if step == 429 else {}
            return web.json_response({"error": {"message": f"played {step}"}}, status=step, headers=wait)
        return web.json_response(completion(body["model"], step, 7))
