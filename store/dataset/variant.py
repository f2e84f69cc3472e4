"""A variant of a dataset: the pairs that the plain export has, with other texts or other labels. What it makes of a
pair, the layer above says."""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass

from gravity.store.records import Pair, Row

# What becomes of a pair that is in train or test: the pair as the variant has it, or why it is left out.
Remake = Callable[[Pair], Pair | str]


@dataclass(frozen=True)
class Variant:
    """A `name`, and a `definition` for the dataset's card. `begin` is given the pairs that may leave and the readers
    that are held out for the test split, and returns what makes the rows. `own_labels` says whether labels stay those
    of the reader, so that what the reader's reviews and the checks say of them holds."""

    name: str
    definition: str
    own_labels: bool
    begin: Callable[[Iterable[Pair], Collection[str]], Remake]


class Varied(Row):
    """What a variant came to: how many of its labels are not the reader's own (`differ`), by culture and track."""

    name: str
    definition: str
    differ: dict[str, int]


def differs(made: Pair, plain: Pair) -> bool:
    """Whether a label is not the one that the plain export has."""
    return made.takes != plain.takes if plain.takes else made.chosen == plain.rejected
