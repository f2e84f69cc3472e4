"""A small stand-in for the Hugging Face hub: it serves files of repositories from memory."""

import hashlib
from collections import Counter
from collections.abc import Mapping

from aiohttp import web

from tests.stub.loopback import Loopback

COMMIT = "0123456789abcdef0123456789abcdef01234567"


class Hub(Loopback):
    """Serves `files`, by "OWNER/REPO/FILE", at the revisions main, v1 and COMMIT."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        super().__init__()
        self.files = files
        self.served: Counter[str] = Counter()

    def routes(self, app: web.Application) -> None:
        """The files of all repositories."""
        app.router.add_get("/{owner}/{repo}/resolve/{revision}/{file:.+}", self._resolve)

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
