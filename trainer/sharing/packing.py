"""Packs token sequences that begin alike, so that what they share is computed once.

The sequences are laid out as the depth-first walk of their prefix tree: a reader's card, then a question, then
its chosen and its rejected answer, then the next question, and so on, however deep. In that order all that
follows from a token lies together right after it, so one number for each token says who may see it: token i attends to
token j exactly when j <= i < until[j].

Where two sequences part, the last token they share is laid out again for each. So every token has one successor,
which is what it predicts, and the first tokens of a chosen and a rejected answer are predicted by different ones.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Tokens = npt.NDArray[np.int32]
Indices = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Pack:
    """Sequences in one row of tokens.

    `ids`, `positions` (from 0 in each sequence) and `until` have an entry for each token of the pack. `paths` has,
    for each sequence in the order given, the places in the pack of its tokens.
    """

    ids: Indices
    positions: Indices
    until: Indices
    paths: list[Indices]

    def __len__(self) -> int:
        return len(self.ids)


def pack(sequences: Sequence[Tokens]) -> Pack:
    """Lay out sequences of at least one token each, sharing what they begin with."""
    size = sum(map(len, sequences))
    ids, positions, until = (np.zeros(size, dtype=np.int64) for _ in range(3))
    paths: list[Indices] = [np.zeros(0, dtype=np.int64)] * len(sequences)
    previous, path, end = np.zeros(0, dtype=np.int32), np.zeros(0, dtype=np.int64), 0
    for number in sorted(range(len(sequences)), key=lambda number: sort_key(sequences[number])):
        sequence = sequences[number]
        shared = _saved(previous, sequence)
        start, end = end, end + len(sequence) - shared
        # Nothing laid out from here on begins with what the new sequence does not share.
        until[path[shared:]] = start
        ids[start:end] = sequence[shared:]
        positions[start:end] = np.arange(shared, len(sequence))
        path = np.concatenate([path[:shared], np.arange(start, end)])
        paths[number], previous = path, sequence
    until[path] = end
    return Pack(ids[:end], positions[:end], until[:end], paths)


class Size:
    """The number of tokens of a pack that grows, known before it is laid out."""

    def __init__(self) -> None:
        """Begin with no sequence."""
        self.tokens = 0
        self._sorted: list[tuple[bytes, Tokens]] = []

    def with_also(self, sequences: Iterable[Tokens]) -> "Size":
        """Return the size with these sequences too; this one stays as it is."""
        from bisect import bisect_left

        grown = Size()
        grown.tokens, grown._sorted = self.tokens, list(self._sorted)
        for sequence in sequences:
            key = sort_key(sequence)
            at = bisect_left(grown._sorted, key, key=lambda entry: entry[0])
            before = grown._sorted[at - 1][1] if at else None
            after = grown._sorted[at][1] if at < len(grown._sorted) else None
            # Between two neighbours in sorted order it takes over what they shared, and shares with each its own.
            grown.tokens += len(sequence) - _saved(before, sequence) - _saved(sequence, after) + _saved(before, after)
            grown._sorted.insert(at, (key, sequence))
        return grown


def common_prefix(one: Tokens, other: Tokens) -> int:
    """Count the tokens that both begin with."""
    length = min(len(one), len(other))
    differs = one[:length] != other[:length]
    return int(differs.argmax()) if differs.any() else length


def sort_key(sequence: Tokens) -> bytes:
    """Return bytes that sort as the tokens do: big-endian, so that comparing them is left to C."""
    return sequence.astype(">u4").tobytes()


def _saved(one: Tokens | None, other: Tokens | None) -> int:
    if one is None or other is None:
        return 0
    return max(common_prefix(one, other) - 1, 0)
