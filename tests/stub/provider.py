"""What the played providers have in common: answers from the oracle, faults by script."""

from abc import abstractmethod
from collections import deque
from collections.abc import Iterable
from typing import Any, Literal

from aiohttp import web

from tests.stub.loopback import Loopback
from tests.stub.truth import Oracle

# What a request gets: the oracle's answer as the schema asks, or as text; a refusal; an answer that is cut; nothing;
# or an HTTP error.
Step = Literal["answer", "text", "refuse", "block", "cut", "empty"] | int


class Provider(Loopback):
    """Plays `steps` in turn, and then answers."""

    route: str

    def __init__(self, steps: Iterable[Step] = ()) -> None:
        super().__init__()
        self.oracle = Oracle()
        self.steps = deque(steps)
        self.bodies: list[dict[str, Any]] = []
        self.keys: set[str] = set()

    def routes(self, app: web.Application) -> None:
        """The one address that chats are asked at."""
        app.router.add_post(self.route, self._post)

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

    @abstractmethod
    def fault(self, status: int) -> dict[str, Any]:
        """The body of an HTTP error."""

    @abstractmethod
    def respond(self, step: Step, body: dict[str, Any]) -> dict[str, Any]:
        """The body of a response."""
