"""The stub's files and batches: what is put into a batch is answered as it would be live, some time later."""

import asyncio
import json
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

Body = dict[str, Any]
Respond = Callable[[Body], Awaitable[web.StreamResponse]]


class Batches:
    """Plays OpenAI's Batch API.

    `ends` says how the first batches end: `completed`, `partial` (each third request meets a 500), `expired` or
    `cancelled` half way, or `failed` for the reason `fails_for`; later ones are completed. `statuses` are what the
    next requests of a place meet: `files`, `create`, `created` (the batch is made all the same), `retrieve`, `content`.
    While `held` no batch ends.
    """

    def __init__(self, respond: Respond) -> None:
        self.latency = 0.0
        self.held = False
        self.ends: list[str] = []
        self.fails_for: Body = {"code": "invalid_json_line", "message": "This line is not parseable.", "line": 1}
        self.statuses: defaultdict[str, list[int]] = defaultdict(list)
        self.files: dict[str, bytes] = {}
        self.made: dict[str, Body] = {}
        # How often each custom id was in a batch, and what was asked in it last.
        self.asked: Counter[str] = Counter()
        self.bodies: dict[str, Body] = {}
        self.looks = 0
        self._respond = respond
        self._tasks: set[asyncio.Task[None]] = set()

    def add_to(self, router: web.UrlDispatcher) -> None:
        """Enters the addresses."""
        router.add_post("/v1/files", self._upload)
        router.add_get("/v1/files/{id}/content", self._content)
        router.add_post("/v1/batches", self._create)
        router.add_get("/v1/batches", self._list)
        router.add_get("/v1/batches/{id}", self._retrieve)

    @property
    def sizes(self) -> list[int]:
        """How many requests each batch held."""
        return [batch["request_counts"]["total"] for batch in self.made.values()]

    @property
    def away(self) -> int:
        """How many batches have not ended."""
        return sum(batch["status"] in ("validating", "in_progress") for batch in self.made.values())

    def _refusal(self, place: str) -> web.Response | None:
        if not self.statuses[place]:
            return None
        status = self.statuses[place].pop(0)
        return web.json_response({"error": {"message": f"no {place} today"}}, status=status)

    async def _upload(self, request: web.Request) -> web.Response:
        form = await request.post()
        if refusal := self._refusal("files"):
            return refusal
        file = form["file"]
        assert form["purpose"] == "batch" and isinstance(file, web.FileField)
        return web.json_response(self._file(file.file.read()))

    def _file(self, content: bytes) -> Body:
        name = f"file-{len(self.files) + 1}"
        self.files[name] = content
        return {
            "id": name,
            "object": "file",
            "bytes": len(content),
            "created_at": 0,
            "filename": "requests.jsonl",
            "purpose": "batch",
            "status": "processed",
        }

    async def _content(self, request: web.Request) -> web.Response:
        if refusal := self._refusal("content"):
            return refusal
        return web.Response(body=self.files[request.match_info["id"]], content_type="application/octet-stream")

    async def _create(self, request: web.Request) -> web.Response:
        body = await request.json()
        if refusal := self._refusal("create"):
            return refusal
        assert (body["completion_window"], body["endpoint"]) == ("24h", "/v1/chat/completions")
        lines = [json.loads(line) for line in self.files[body["input_file_id"]].splitlines()]
        batch: Body = {
            "id": f"batch_{len(self.made) + 1}",
            "object": "batch",
            "created_at": 0,
            "status": "validating",
            **body,
            "request_counts": {"total": len(lines), "completed": 0, "failed": 0},
        }
        self.made[batch["id"]] = batch
        end = self.ends.pop(0) if self.ends else "completed"
        task = asyncio.get_running_loop().create_task(self._work(batch, lines, end))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return self._refusal("created") or web.json_response(batch)

    async def _list(self, request: web.Request) -> web.Response:
        # A page of two, so that whoever looks for a batch has to turn pages.
        made = list(reversed(self.made.values()))
        after = request.query.get("after")
        at = 1 + [batch["id"] for batch in made].index(after) if after else 0
        page = made[at : at + 2]
        more = at + 2 < len(made)
        return web.json_response({"object": "list", "data": page, "has_more": more, "last_id": page and page[-1]["id"]})

    async def _retrieve(self, request: web.Request) -> web.Response:
        self.looks += 1
        if refusal := self._refusal("retrieve"):
            return refusal
        batch = self.made.get(request.match_info["id"])
        if batch is None:
            return web.json_response({"error": {"message": "No batch found"}}, status=404)
        return web.json_response(batch)

    async def _work(self, batch: Body, lines: list[Body], end: str) -> None:
        await asyncio.sleep(self.latency)
        while self.held:
            await asyncio.sleep(0.01)
        ids = [line["custom_id"] for line in lines]
        models = {line["body"]["model"] for line in lines}
        if end == "failed" or len(set(ids)) < len(ids) or len(models) > 1:
            errors = [self.fails_for] if end == "failed" else [{"code": "invalid", "message": f"{ids} of {models}"}]
            batch |= {"status": "failed", "errors": {"object": "list", "data": errors}}
            return
        batch["status"] = "in_progress"
        self.asked.update(ids)
        self.bodies.update({line["custom_id"]: line["body"] for line in lines})
        done = len(lines) // 2 if end in ("expired", "cancelled") else len(lines)
        good: list[Body] = []
        bad: list[Body] = []
        # What was asked last is answered first.
        for number, line in reversed(list(enumerate(lines))):
            row = {"id": f"batch_req_{number}", "custom_id": line["custom_id"], "response": None, "error": None}
            if number >= done:
                bad.append({**row, "error": {"code": f"batch_{end}", "message": f"This request was {end}."}})
                continue
            response = await self._respond(line["body"])
            assert isinstance(response, web.Response) and isinstance(response.body, bytes)
            status, answer = response.status, json.loads(response.body)
            if end == "partial" and number % 3 == 0:
                status, answer = 500, {"error": {"message": "The server had an error."}}
            row["response"] = {"status_code": status, "request_id": f"req_{number}", "body": answer}
            (good if status == 200 else bad).append(row)
        for name, rows in (("output_file_id", good), ("error_file_id", bad)):
            if rows:
                batch[name] = self._file("".join(json.dumps(row) + "\n" for row in rows).encode())["id"]
        batch["request_counts"] |= {"completed": len(good), "failed": len(bad)}
        batch["status"] = "completed" if end == "partial" else end
