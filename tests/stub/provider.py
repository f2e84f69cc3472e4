"""What the played providers have in common: an app in a thread, answers from the oracle, faults by script."""

import asyncio
import threading
from collections import deque
from collections.abc import Iterable
from typing import Any, Literal, Self

from aiohttp import web

from tests.stub.truth import Oracle

# What a request gets: the oracle's answer as the schema asks, or as text; a refusal; an answer that is cut; nothing;
# or an HTTP error.
Step = Literal["answer", "text", "refuse", "block", "cut", "empty"] | int


class Provider:
    """Plays `steps` in turn, and then answers. Runs in a thread of its own."""

    route: str

    def __init__(self, steps: Iterable[Step] = ()) -> None:
        self.oracle = Oracle()
        self.steps = deque(steps)
        self.bodies: list[dict[str, Any]] = []
        self.keys: set[str] = set()
        self._stop = asyncio.Event()
        self._ready = threading.Event()

    @property
    def url(self) -> str:
        """The base URL for a client."""
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=asyncio.run, args=(self._serve(),), daemon=True)
        self._thread.start()
        self._ready.wait(10)
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Ends it, if it still runs."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._stop.set)
            self._thread.join(10)

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        app = web.Application(client_max_size=8 << 20)
        app.router.add_post(self.route, self._post)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        self.port = runner.addresses[0][1]
        self._ready.set()
        await self._stop.wait()
        await runner.cleanup()

    async def _post(self, request: web.Request) -> web.Response:
        body = await request.json()
        self.bodies.append(body)
        sent = (request.headers.get(name, "") for name in ("x-goog-api-key", "x-api-key", "authorization"))
        self.keys.add("".join(sent).removeprefix("Bearer "))
        step = self.steps.popleft() if self.steps else "answer"
        if isinstance(step, int):
            headers = {"Retry-After": "0.01"} if step == 429 else {}
            return web.json_response(self.fault(step), status=step, headers=headers)
        return web.json_response(self.respond(step, body))

    def fault(self, status: int) -> dict[str, Any]:
        """The body of an HTTP error."""
        raise NotImplementedError

    def respond(self, step: Step, body: dict[str, Any]) -> dict[str, Any]:
        """The body of a response."""
        raise NotImplementedError
