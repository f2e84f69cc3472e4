"""What an exception of some provider's client means: nobody answered, or the model cannot be used at all."""

import re
from collections.abc import Callable, Iterator
from http import HTTPStatus
from typing import Any

from gravity.agents.errors import AskError, ModelError, NotAnsweredError, UnusableError
from gravity.agents.rate.setback import OVERLOAD, Setback
from gravity.store.responses import wait

# What may pass: too many requests, an overload, a gateway.
PASSING = {408, 409, 425, 429, 500, 502, 503, 504, 529}
_LOST = re.compile("Connect|Network|RemoteProtocol")


def outcome(
    error: Exception, model: str, where: str, line: Callable[[object], str], timeout: float
) -> AskError | ModelError:
    """The error to raise for what a provider's client raised; `line` makes its words fit to be shown."""
    if isinstance(error, AskError | ModelError):
        return error
    status, said = _status(error), line(error)
    if status in (401, 403, 404):
        return ModelError(f"model '{model}': {where} refused with {status}: {said}: check the model's name and its key")
    if status is not None:
        kind = "rate limit" if status == 429 else f"HTTP {status}"
        message = f"{model}: {where} answered {status}: {said}"
        return NotAnsweredError(kind, message)
    names = _names(error)
    if "Timeout" in names:
        return NotAnsweredError("timeout", f"{model}: {where} gave no answer within {timeout:g} s")
    if _LOST.search(names):
        return NotAnsweredError("no connection", f"{model}: {where} cannot be reached: {said}")
    if "OutputParser" in names:
        return UnusableError(f"{model}: {said}")
    return NotAnsweredError(type(error).__name__, f"{model}: {where}: {said}")


def setback_of(error: Exception) -> Setback | None:
    """The setback that a provider's exception tells of; None where asking again would change nothing."""
    status = _status(error)
    if status is not None:
        return Setback(status in OVERLOAD, _pause(error)) if status in PASSING else None
    names = _names(error)
    return Setback(False) if "Timeout" in names or _LOST.search(names) else None


def _names(error: Exception) -> str:
    return " ".join(type(cause).__name__ for cause in _causes(error))


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _status(error: Exception) -> int | None:
    for cause in _causes(error):
        response = getattr(cause, "response", None)
        for value in (getattr(cause, "status_code", None), getattr(cause, "code", None), _of(response)):
            if isinstance(value, int | HTTPStatus) and 400 <= value < 600:
                return int(value)
    return None


def _of(response: Any) -> Any:
    return getattr(response, "status_code", None)


def _pause(error: Exception) -> float | None:
    for cause in _causes(error):
        headers = getattr(getattr(cause, "response", None), "headers", None) or {}
        if (asked := wait(headers)) is not None:
            return asked
    return None
