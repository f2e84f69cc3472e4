"""The lines of a batch's files: requests on their way out, completions and failures on their way back."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from gravity.agents.endpoint.failure import Failure, garbled, refused

# A chat completion as the server wrote it.
Completion = dict[str, Any]

ENDPOINT = "/v1/chat/completions"
_ENDED = frozenset({"completed", "failed", "expired", "cancelled", "unknown"})


@dataclass(frozen=True)
class State:
    """How a batch stands: its status, `unknown` where the server does not know it any more, the files that hold what
    came of it, and what was wrong with its input."""

    batch: str
    status: str
    files: tuple[str, ...] = ()
    errors: tuple[dict[str, Any], ...] = ()

    @property
    def ended(self) -> bool:
        """Whether nothing more will come."""
        return self.status in _ENDED

    @property
    def missing(self) -> Failure:
        """What became of a request that the files say nothing of."""
        if self.status == "failed":
            # A full queue empties; whatever else is wrong with the input is a refusal.
            full = any("limit_exceeded" in str(error.get("code")) for error in self.errors)
            failure = refused(429 if full else 400, json.dumps({"errors": self.errors}))
            if failure.meaning == "request" and not failure.fields:
                # No form of the requests is at fault where no parameter is pointed at.
                failure = replace(failure, meaning="lasting", kind="batch failed", status=None)
            return replace(failure, said=f"batch {self.batch} failed: {failure.said}", batch=self.batch)
        if self.status == "cancelled":
            return Failure("lasting", "batch cancelled", f"batch {self.batch} was cancelled", batch=self.batch)
        said = {"expired": "expired before it came to this", "unknown": "is not known any more"}
        told = said.get(self.status, "says nothing of this")
        return Failure("passing", f"batch {self.status}", f"batch {self.batch} {told}", batch=self.batch)


def request(key: str, body: dict[str, Any]) -> bytes:
    """A request as a line of an input file."""
    line = {"custom_id": key, "method": "POST", "url": ENDPOINT, "body": body}
    return json.dumps(line, ensure_ascii=False).encode() + b"\n"


def results(text: str) -> Iterator[tuple[str, Completion | Failure]]:
    """What the lines of an output or error file say, by the keys of the requests, in whichever order they come."""
    # Answers may hold line separators that str.splitlines knows and JSON does not.
    for line in text.split("\n"):
        try:
            row = json.loads(line)
        except ValueError:
            continue
        if isinstance(row, dict) and isinstance(row.get("custom_id"), str):
            yield row["custom_id"], _result(row)


def _result(row: dict[str, Any]) -> Completion | Failure:
    response = row.get("response")
    if isinstance(response, dict):
        status, body = response.get("status_code"), response.get("body")
        if status == 200 and isinstance(body, dict):
            return body
        if isinstance(status, int) and status != 200:
            return refused(status, body if isinstance(body, str) else json.dumps(body))
    error = row.get("error")
    code = str(error.get("code")) if isinstance(error, dict) else ""
    failure = garbled(error or row)
    if code == "batch_cancelled":
        return replace(failure, meaning="lasting", kind="batch cancelled")
    return replace(failure, kind="batch expired") if code == "batch_expired" else failure
