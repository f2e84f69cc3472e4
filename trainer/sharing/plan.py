"""Which pairs make a step and which of them share a forward pass: all of it follows from the seed."""

from collections.abc import Callable, Iterable, Iterator, Sequence

import numpy as np
import numpy.typing as npt

from gravity.trainer.sharing.packing import Size, Tokens, common_prefix, sort_key
from gravity.trainer.sharing.tokens import Pair

Rows = npt.NDArray[np.int64]
Sides = Callable[[int], Sequence[Tokens]]

# A row joins its neighbour's group where they share at least half of the shorter prompt, and at least four fifths
# of what the group shares so far: pairs with one card do, whatever their questions have in common. This decides
# only what lies together, and so how much is saved.
_OF_PROMPT = 0.5
_OF_GROUP = 0.8


def groups(pairs: Sequence[Pair]) -> list[Rows]:
    """Gather the rows whose prompts begin with the same card, found by their tokens; each row is in one group."""
    order = sorted(range(len(pairs)), key=lambda row: sort_key(pairs[row].prompt))
    found: list[list[int]] = []
    common = 0
    for row in order:
        if found:
            prompt, before = pairs[row].prompt, pairs[found[-1][-1]].prompt
            shared = common_prefix(prompt, before)
            if shared >= max(_OF_PROMPT * min(len(prompt), len(before)), _OF_GROUP * common):
                found[-1].append(row)
                common = min(common, shared) if len(found[-1]) > 2 else shared
                continue
        found.append([row])
        common = 0
    return [np.array(group, dtype=np.int64) for group in found]


class Schedule:
    """The rows of every step, from the number of the step alone, so that a resumed run meets the same ones."""

    def __init__(self, groups: list[Rows], batch_size: int, pairs_per_prefix: int, seed: int) -> None:
        """Plan steps of `batch_size` pairs, with up to `pairs_per_prefix` pairs of one group side by side."""
        self._groups = groups
        self._batch_size = batch_size
        self._together = pairs_per_prefix
        self._seed = seed
        self._epoch: tuple[int, Rows] = (-1, np.zeros(0, dtype=np.int64))
        self.steps_an_epoch = -(-sum(map(len, groups)) // batch_size)

    def rows(self, step: int) -> Rows:
        """Return the rows of a step, counted from 0 through all epochs; the last of an epoch can have fewer."""
        epoch, place = divmod(step, self.steps_an_epoch)
        if self._epoch[0] != epoch:
            self._epoch = (epoch, self._order(epoch))
        return self._epoch[1][place * self._batch_size : (place + 1) * self._batch_size]

    def _order(self, epoch: int) -> Rows:
        random = np.random.default_rng([self._seed, epoch])
        pieces: list[Rows] = []
        for group in self._groups:
            shuffled = random.permutation(group)
            pieces += [shuffled[at : at + self._together] for at in range(0, len(group), self._together)]
        return np.concatenate([pieces[place] for place in random.permutation(len(pieces))])


def shared_packs(sides: Sides, rows: Iterable[int], budget: int) -> Iterator[list[int]]:
    """Split rows, in their order, into packs of at most `budget` tokens; a row that is larger is one alone."""
    current: list[int] = []
    size = Size()
    for row in rows:
        grown = size.with_also(sides(row))
        if current and grown.tokens > budget:
            yield current
            current, grown = [], Size().with_also(sides(row))
        current.append(row)
        size = grown
    if current:
        yield current


def padded_packs(sides: Sides, rows: Iterable[int], budget: int) -> Iterator[list[int]]:
    """Split rows into batches of at most `budget` tokens, padding included, those of like length together."""
    widths = {row: max(map(len, sides(row))) for row in rows}
    current: list[int] = []
    for row in sorted(widths, key=lambda row: widths[row]):
        # The newest is the longest, so its length is the width of all.
        if current and len(sides(row)) * (len(current) + 1) * widths[row] > budget:
            yield current
            current = []
        current.append(row)
    if current:
        yield current
