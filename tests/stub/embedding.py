"""The stub's embeddings with the manners of other servers."""

import asyncio
import json
from typing import Any

from aiohttp import web

from tests.stub.manners import fastapi, openai
from tests.stub.server import Stub

MANNERS = {
    *("small-batch", "silent-batch", "short-texts", "few-tokens-in-all", "no-base64", "no-format", "backwards"),
    *("error-with-200", "too-few", "another-width", "not-a-number", "web-page", "no-vectors"),
    *("unknown-model", "wrong-key", "overloaded", "slow"),
}


class Embeddings(Stub):
    """Plays one manner for the requests of `playing`; `limit` is how many texts, or characters, it takes."""

    def __init__(self, manner: str = "", limit: int = 10, playing: range = range(10**9)) -> None:
        super().__init__()
        assert not manner or manner in MANNERS
        self.manner = manner
        self.limit = limit
        self.playing = playing
        self.sizes: list[int] = []

    async def _embed(self, request: web.Request) -> web.Response:
        body = await request.json()
        texts = [body["input"]] if isinstance(body["input"], str) else body["input"]
        manner = self.manner if len(self.sizes) in self.playing else ""
        self.sizes.append(len(texts))
        refusal = self._refusal(manner, texts, body)
        if refusal is not None:
            return refusal
        if manner == "slow":
            await asyncio.sleep(3)
        reply = await super()._embed(request)
        content: dict[str, Any] = json.loads(reply.text or "")
        data = content["data"]
        if manner == "backwards":
            data.reverse()
        if manner == "too-few":
            data.pop()
        if manner == "no-vectors":
            data[-1]["embedding"] = None
        if manner == "another-width":
            for row in data:
                row["embedding"] = row["embedding"][:7]
        if manner == "not-a-number":
            # Python's JSON writes NaN and reads it.
            data[0]["embedding"][3] = float("nan")
        return web.json_response(content)

    def _refusal(self, manner: str, texts: list[str], body: dict[str, Any]) -> web.Response | None:
        if manner == "small-batch" and len(texts) > self.limit:
            return openai(422, f"batch size {len(texts)} > maximum allowed batch size {self.limit}", type="Validation")
        if manner == "silent-batch" and len(texts) > self.limit:
            return web.Response(status=413, text="Payload Too Large")
        if manner == "short-texts" and max(map(len, texts)) > self.limit:
            return openai(413, f"the model does not take more than {self.limit} tokens. Given: {max(map(len, texts))}")
        if manner == "few-tokens-in-all" and sum(map(len, texts)) > self.limit:
            return openai(400, "maximum request size is exceeded: too many tokens in all")
        if manner == "no-base64" and body.get("encoding_format") == "base64":
            return web.json_response({"object": "list", "data": [], "model": body["model"]})
        if manner == "no-format" and "encoding_format" in body:
            return fastapi("encoding_format")
        played = {
            "error-with-200": web.json_response({"error": {"message": "no model loaded"}}),
            "web-page": web.Response(text="<html>Welcome</html>", content_type="text/html"),
            "unknown-model": openai(404, "The model `hash64` does not exist."),
            "wrong-key": openai(401, "Incorrect API key provided: sk-secret."),
            "overloaded": openai(503, "busy", {"Retry-After": "0.01"}),
        }
        return played.get(manner)
