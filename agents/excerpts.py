"""What is shown of a review that is longer than a call has room for."""

from collections.abc import Iterable

from gravity.store.views import AROUND

GAP = " […] "


def excerpt(text: str, chars: int, quotes: Iterable[str] = ()) -> str:
    """At most about `chars` characters of a text: its beginning, or, of one with quotes that would be cut away, the
    parts around them, as many of the first as there is room for."""
    if len(text) <= chars:
        return text
    taken: set[int] = set()
    for start, end in ((text.index(quote), text.index(quote) + len(quote)) for quote in quotes if quote in text):
        more = taken | set(range(max(0, start - AROUND), min(len(text), end + AROUND)))
        if taken and len(more) > chars:
            break
        taken = more
    if not taken:
        return text[:chars]
    # What room is left shows how the text begins.
    taken |= set(range(max(0, chars - len(taken))))
    parts, last = list[str](), -2
    for place in sorted(taken):
        if place != last + 1:
            parts.append("")
        parts[-1] += text[place]
        last = place
    return GAP.join(parts)
