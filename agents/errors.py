"""Errors of models, each a single line that says what is wrong and what to do.

A question has one of three outcomes beside an answer, and they are never mixed: nobody answered, so nothing may be
concluded and the question stays open; the model answered and no answer fits; the model refused to answer.
"""

from gravity.frameworks.errors import GravityError


class ModelError(GravityError):
    """A model cannot be used at all (no such file, refused, not there); the run stops and can go on later."""

    exit_code = 4


# The kind of a question that was not put, since the run's budget is spent; the run then stops.
BUDGET = "budget"


class AskError(Exception):
    """One question got no answer that can be used."""


class NotAnsweredError(AskError):
    """Nobody answered: the network, a limit, an overload, or a server that refuses the request itself.

    `kind` says so in a few words that are the same for like causes, such as "rate limit" or "HTTP 503". `batch` names
    the batch whose failure this is, where many questions share one.
    """

    def __init__(self, kind: str, message: str, batch: str = "") -> None:
        super().__init__(message)
        self.kind = kind
        self.batch = batch


class UnusableError(AskError):
    """The model answered, and after the bounded number of tries no answer fits."""


class RefusalError(AskError):
    """The model, or a content filter before it, refused to answer."""
