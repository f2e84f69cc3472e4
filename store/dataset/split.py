"""Train and test: readers are split, and so is what pairs are about.

A pair of a train reader about a test seed, or the other way round, would carry over what is to be tested: it belongs
to neither split.
"""

import math
from collections.abc import Iterable

from gravity.store.records import Pair, content_id
from gravity.store.runs import Run

SPLITS = ("train", "test")
MIXED = ("test reader, train seed or item", "train reader, test seed or item")


class Split:
    """Divides the pairs of a run: `test_share` (0 to 1) of the readers of each culture, and of the seeds and items,
    belong to the test split."""

    def __init__(self, run: Run, pairs: Iterable[Pair], test_share: float) -> None:
        self._tracks = {track.name: track for track in run.settings.tracks}
        groups: dict[str, set[tuple[str, str]]] = {}
        for pair in pairs:
            groups.setdefault(f"readers {pair.culture}", set()).add(("reader", pair.reader))
            track = self._tracks[pair.track]
            if track.split_by_subject:
                groups.setdefault(track.subject, set()).add(("subject", pair.subject))
        self._held_out = {member for members in groups.values() for member in _held_out(members, test_share)}

    @property
    def readers(self) -> set[str]:
        """The readers of the test split."""
        return {name for what, name in self._held_out if what == "reader"}

    def place(self, pair: Pair) -> str:
        """The split of a pair, or the one of MIXED that keeps it out of both."""
        reader = ("reader", pair.reader) in self._held_out
        subject = ("subject", pair.subject) in self._held_out
        if not self._tracks[pair.track].split_by_subject or reader == subject:
            return "test" if reader else "train"
        return MIXED[0] if reader else MIXED[1]


def _held_out(members: set[tuple[str, str]], share: float) -> list[tuple[str, str]]:
    ordered = sorted(members, key=lambda member: content_id("split", *member))
    # Someone is held out wherever there are two to choose from.
    count = math.ceil(share * len(ordered)) if len(ordered) > 1 and share > 0 else 0
    return ordered[: min(count, len(ordered) - 1)]
