"""Errors of models, each a single line that says what is wrong and what to do."""

from gravity.frameworks.errors import GravityError


class ModelError(GravityError):
    """A model cannot be used at all (no such file, refused, not there); the run stops and can go on later."""

    exit_code = 4


class AskError(Exception):
    """One question got no usable answer; what it was for is recorded as failed, and the run goes on."""
