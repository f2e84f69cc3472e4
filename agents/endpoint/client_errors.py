"""What the errors of openai's client and of ChatOpenAI mean."""

import aiohttp
import openai

from gravity.agents.endpoint.failure import Failure, garbled, refused
from gravity.store.responses import line, wait

# The last five are what langchain-openai makes of a web page, an empty list of choices, or a body cut in the middle.
EXPECTED = (openai.APIError, ValueError, TypeError, LookupError, AttributeError)


def failure_of(error: Exception, timeout: float) -> Failure:
    """What an error of a request means, whose answer was waited for `timeout` seconds."""
    if isinstance(error, openai.APIConnectionError):
        # openai's aiohttp transport calls every lost connection a timeout.
        lost = _lost(error)
        if lost is None and isinstance(error, openai.APITimeoutError):
            return Failure("passing", "timeout", f"gave no answer within {timeout:g} s")
        kind, cause = "unreachable" if lost else "network", line(lost or error.__cause__ or error)
        return Failure("passing", kind, f"cannot be reached ({cause}): is it running, and is base_url right?")
    if isinstance(error, openai.APIStatusError):
        return refused(error.status_code, error.response.text, wait(error.response.headers))
    return garbled(error.args[0] if error.args and isinstance(error.args[0], dict) else error)


def _lost(error: BaseException | None) -> BaseException | None:
    """What refused the connection, if it is among the causes."""
    while error is not None and not isinstance(error, aiohttp.ClientConnectorError):
        error = error.__cause__
    return error
