"""A text cut into pieces by the quotes that show faults in it."""

from collections.abc import Sequence
from dataclasses import dataclass

from gravity.store.comparisons import Fault, Remark


@dataclass(frozen=True)
class Piece:
    """A piece of a text, and the fault that it shows, if any."""

    text: str
    fault: Fault | None = None


def pieces(text: str, remarks: Sequence[Remark]) -> tuple[list[Piece], list[Remark]]:
    """The whole text in pieces, and the remarks whose quotes are not in it, each once.

    Where quotes overlap, an invention is shown before words to the reader.
    """
    faults: list[Fault | None] = [None] * len(text)
    lost: list[Remark] = []
    for remark in sorted(remarks, key=lambda one: one.fault == "invention"):
        start = text.find(remark.quote) if remark.quote else -1
        if start >= 0:
            faults[start : start + len(remark.quote)] = [remark.fault] * len(remark.quote)
        elif remark not in lost:
            lost.append(remark)
    made: list[Piece] = []
    start = 0
    for end in range(1, len(text) + 1):
        if end == len(text) or faults[end] != faults[start]:
            made.append(Piece(text[start:end], faults[start]))
            start = end
    return made, lost
