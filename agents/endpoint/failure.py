"""What a failure means: who failed, in the server's own words, and whether to ask again."""

import json
import re
from dataclasses import dataclass
from typing import Literal

from gravity.agents.errors import AskError, ModelError, NotAnsweredError, RefusalError
from gravity.store import responses

# passing: the same request may well be answered later. lasting: not soon. model: no request will be answered.
# content: a filter refused what was asked. request: the server refuses the request as it stands.
Meaning = Literal["passing", "lasting", "model", "content", "request"]

PASSING = frozenset({408, 409, 425, 429})
# Statuses with which servers refuse a form of request; some templates fail with a 500.
ABOUT_FORM = frozenset({400, 404, 405, 406, 415, 422, 500, 501})
_QUOTA = (
    r"insufficient[_ ](quota|credit|balance|fund)|exceeded your current quota|billing|out of credits|credit balance"
)
_UNKNOWN_MODEL = (
    r"model_not_found|deploymentnotfound|not_found_error"
    r"|model\b.{0,80}?\b(not found|does(n't| not) exist|not exist|unknown|unavailable)"
    r"|model\b.{0,80}?\b(is|was) (not|n't) (a valid|valid|available|loaded|deployed|found|known|served)"
    r"|(unknown|invalid|no such|unrecogni[sz]ed|unsupported) model\b|not a valid model"
)
_FILTER = r"content[_ ](filter|management|policy)|responsibleaipolicy|flagged|moderation|safety (system|filter)"
_UNSUPPORTED = r"support|unknown|unrecogni[sz]ed|not (allowed|permitted|implemented|enabled)|must|only|extra"
_CONTEXT = r"context[_ ]?(length|window|size)|maximum context|too many (input )?tokens|prompt is too long"


@dataclass(frozen=True)
class Failure:
    """A request that got no answer.

    `kind` is the same for like causes. `said` is the server's own sentence, `text` all that it said without what it
    echoed, `fields` what it points at. `wait` is the pause that it asks for, in seconds;
    `batch` is the batch that failed as a whole.
    """

    meaning: Meaning
    kind: str
    said: str
    text: str = ""
    fields: tuple[str, ...] = ()
    status: int | None = None
    wait: float | None = None
    batch: str = ""

    @property
    def about_form(self) -> bool:
        """Whether another form of the same request could be answered."""
        if self.status not in ABOUT_FORM or self.meaning not in ("passing", "model", "request"):
            return False
        return self.status < 500 or re.search(_UNSUPPORTED, self.text, re.IGNORECASE) is not None

    def error(self, line: str) -> AskError | ModelError:
        """The error with the message `line`."""
        if self.meaning == "model":
            return ModelError(line)
        return RefusalError(line) if self.meaning == "content" else NotAnsweredError(self.kind, line, self.batch)


def refused(status: int, body: str, wait: float | None = None) -> Failure:
    """What an HTTP error means, from its status and its body."""
    content = responses.parsed(body)
    text = " ".join(responses.strings(content))
    meaning, kind = _meaning(status, text)
    return Failure(meaning, kind, responses.said(content), text, tuple(responses.fields(content)), status, wait)


def _meaning(status: int, text: str) -> tuple[Meaning, str]:
    def says(pattern: str) -> bool:
        return re.search(pattern, text, re.IGNORECASE) is not None

    if status == 402 or (status in (403, 429) and says(_QUOTA)):
        return "lasting", "quota"
    if status in (400, 403, 422) and says(_FILTER):
        return "content", "content filter"
    if status in (401, 403):
        return "model", f"HTTP {status}"
    if status in (400, 413, 422) and says(_CONTEXT):
        return "lasting", "context length"
    if status == 404 or (status in (400, 422) and says(_UNKNOWN_MODEL)):
        return "model", "unknown model"
    if status == 429:
        return "passing", "rate limit"
    if status in PASSING or status >= 500:
        return "passing", f"HTTP {status}"
    return "request", f"HTTP {status}"


def garbled(said: object) -> Failure:
    """A body with status 200 that is no chat completion; an error that stands in it means what it would as a status."""
    if isinstance(said, dict):
        code = said.get("code") or said.get("status")
        if isinstance(code, int) and 400 <= code < 600:
            return refused(code, json.dumps(said))
        said = responses.said(said)
    return Failure("passing", "no chat completion", responses.line(said))
