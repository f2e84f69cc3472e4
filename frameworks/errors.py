"""The base of all errors that are meant for the user, and what a program exits with on each.

One table for both command lines: 0 done, 1 a bug, 2 usage or configuration, 3 input, 4 a model, 5 the store, 6 an
audit's findings, 7 training, 8 not finished (what was not answered waits for the next start), 130 interrupted. The
trainer, which stands alone, has classes of its own with the same codes.
"""


class GravityError(Exception):
    """An expected error; its message is one line that says what is wrong, where, and what to do."""

    exit_code = 1


class DataError(GravityError, ValueError):
    """A data file holds something it should not; the message names file, line and reason."""

    exit_code = 3


class PluginError(GravityError):
    """Another installed package registers what cannot be used; the message names the entry point."""

    exit_code = 2
