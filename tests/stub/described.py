"""A server that has adapters by name and writes descriptions, as vLLM would."""

import asyncio
import re
from collections import Counter
from typing import Any

from aiohttp import web

from tests.stub.cards import Cards
from tests.stub.server import Stub, completion
from tests.stub.tastes import PlayedWriter, written

# What a word in a book's title makes it do.
TITLES = {
    "Thinking": ("<think>What would she like?</think>\n\nA text after thinking. ", "stop"),
    "Silent": ("", "stop"),
    "Filtered": ("", "content_filter"),
    "Endless": ("A text without an end", "length"),
}


class Described(Stub):
    """Writes, for each request, a text that tells what it was asked: the title, the reader's card and the seed.

    After `most` answers it is overloaded until `most` is raised. `asked_for` counts the titles that it answered.
    """

    def __init__(self, models: tuple[str, ...] = ("lora",), most: int | None = None, latency: float = 0.0) -> None:
        super().__init__()
        self.models = models
        self.most = most
        self.latency = latency
        self.asked_for: Counter[str] = Counter()
        self.bodies: list[dict[str, Any]] = []

    async def _respond(self, body: dict[str, Any]) -> web.StreamResponse:
        await asyncio.sleep(self.latency)
        self.bodies.append(body)
        if body["model"] not in self.models:
            said = f"The model `{body['model']}` does not exist."
            return web.json_response({"error": {"message": said, "code": 404}}, status=404)
        if self.most is not None and self.asked_for.total() >= self.most:
            return web.json_response({"error": {"message": "busy"}}, status=400)
        said = "\n".join(message["content"] for message in body["messages"])
        title = re.findall(r"^Title: (.*)$", said, re.MULTILINE)[-1]
        self.asked_for[title] += 1
        text, reason = TITLES.get(title.split()[0], (self._text(body, title, said), "stop"))
        reply = completion(body["model"], text, 7)
        reply["choices"][0]["finish_reason"] = reason
        return web.json_response(reply)

    def _text(self, body: dict[str, Any], title: str, said: str) -> str:
        about = "".join(re.findall(r"About them: (.*)", said))
        return f"{title}, for {about}, by {body['seed']}"


class PlayedWriters(Described):
    """Writes as played writers do, each served under its name: for whom the card in a request is, if it has one, shows
    in the text as `tests.stub.tastes` has it."""

    def __init__(self, *writers: PlayedWriter, most: int | None = None) -> None:
        super().__init__(tuple(writer.name for writer in writers), most)
        self.writers = {writer.name: writer for writer in writers}
        self._cards = Cards()

    def _text(self, body: dict[str, Any], title: str, said: str) -> str:
        return written(self.writers[body["model"]], title, self._cards.reader(said), body.get("seed") or 0)
