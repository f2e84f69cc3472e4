"""What checkers that answered found in a writing, taken together: how many inventions, and whether it speaks to the
reader."""

from collections.abc import Iterable, Sequence

from gravity.store.comparisons import Examined, Fault


def count(found: Sequence[Examined], text: str, fault: Fault) -> int | None:
    """How many faults of a kind there are in a text, by all checkers that answered; None where nobody answered.

    One checker is enough for a fault. Quotes that overlap in the text are one fault, whoever gave them.
    """
    answered = [one for one in found if one.answered]
    if not answered:
        return None
    return _apart((remark.quote for one in answered for remark in one.remarks if remark.fault == fault), text)


def _apart(quotes: Iterable[str], text: str) -> int:
    known = dict.fromkeys(" ".join(quote.split()) for quote in quotes)
    plain = " ".join(text.split())
    spans = sorted((plain.find(quote), plain.find(quote) + len(quote)) for quote in known if quote in plain)
    apart, end = sum(quote not in plain for quote in known), -1
    for start, stop in spans:
        apart += start >= end
        end = max(end, stop)
    return apart
