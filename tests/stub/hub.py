"""A small stand-in for the Hugging Face hub: it serves files of repositories from memory."""

import asyncio
import hashlib
import threading
from collections import Counter
from collections.abc import Mapping
from typing import Self

from aiohttp import web

COMMIT = "0123456789abcdef0123456789abcdef01234567"


class Hub:
    """Serves `files`, by "OWNER/REPO/FILE", at the revisions main, v1 and COMMIT. Runs in a thread of its own."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        self.files = files
        self.served: Counter[str] = Counter()
        self._stop = asyncio.Event()
        self._ready = threading.Event()

    @property
    def url(self) -> str:
        """What HF_ENDPOINT is set to."""
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=asyncio.run, args=(self._serve(),), daemon=True)
        self._thread.start()
        self._ready.wait(10)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(10)

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        app = web.Application()
        app.router.add_get("/{owner}/{repo}/resolve/{revision}/{file:.+}", self._resolve)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        self.port = runner.addresses[0][1]
        self._ready.set()
        await self._stop.wait()
        await runner.cleanup()

    async def _resolve(self, request: web.Request) -> web.Response:
        owner, repo, revision, file = (request.match_info[name] for name in ("owner", "repo", "revision", "file"))
        repository = f"{owner}/{repo}"
        if repository == "o/closed":
            return _missing("GatedRepo", 403)
        if not any(name.startswith(f"{repository}/") for name in self.files):
            return _missing("RepoNotFound", 401)
        if revision not in ("main", "v1", COMMIT):
            return _missing("RevisionNotFound", 404)
        content = self.files.get(f"{repository}/{file}")
        if content is None:
            return _missing("EntryNotFound", 404)
        if request.method == "GET":
            self.served[file] += 1
        digest = hashlib.sha256(content).hexdigest()
        headers = {"X-Repo-Commit": COMMIT, "ETag": f'"{digest}"', "X-Linked-Size": str(len(content))}
        return web.Response(body=content, headers=headers)


def _missing(code: str, status: int) -> web.Response:
    return web.Response(status=status, headers={"X-Error-Code": code, "X-Error-Message": code})
