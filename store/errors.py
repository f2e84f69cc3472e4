"""Errors of the store, each a single line that says what is wrong, where, and what to do."""

from gravity.frameworks.errors import GravityError


class StoreError(GravityError):
    """The store cannot be opened, read or written."""

    exit_code = 5


class InputError(GravityError):
    """A file given by the user cannot be read at all; single bad rows are refusals and not errors."""

    exit_code = 3


class LayoutError(GravityError):
    """Nobody knows the layout that a file is said to have, or the layout does not have such files."""

    exit_code = 2
