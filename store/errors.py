"""Errors of the store, each a single line that says what is wrong, where, and what to do."""


class StoreError(Exception):
    """The store cannot be opened, read or written."""


class InputError(Exception):
    """A file given by the user cannot be read at all; single bad rows are refusals and not errors."""
