"""Finding the entries of a word list in a text."""

import re
from collections.abc import Iterable


def any_of(entries: Iterable[str]) -> re.Pattern[str]:
    """A pattern of any of the entries as whole words, the longest first, matched as written: "Rio" is not "rio"."""
    listed = "|".join(map(re.escape, sorted(entries, key=len, reverse=True)))
    # No \b: an entry such as "Washington, D.C." ends in what is no part of a word.
    return re.compile(rf"(?<!\w)(?:{listed})(?!\w)")
