"""Training rows that are set aside to see how training goes: their readers and their seeds are in no other row."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from gravity.trainer.dataset.contract import SUBJECTS, subject
from gravity.trainer.dataset.profile import card
from gravity.trainer.dataset.splits import TRAIN, Split, split
from gravity.trainer.errors import DatasetError
from gravity.trainer.settings import Settings

_READER = "reader"
_ROWS = 100  # are wanted; more tell little more and cost time at each evaluation
_LEAST, _MOST = 0.05, 0.2  # of readers and of seeds

Indices = npt.NDArray[np.int64]
# Whose row it is, and what its pair is about, None where no column says.
Key = tuple[str, str | None]


@dataclass(frozen=True)
class HoldOut:
    """Indices of the rows to train on and of those `held` out. Rows with one of a held-out reader and seed are in
    neither: the other of the two would have been seen.
    """

    train: Indices
    held: Indices
    readers: int
    subjects: int

    def record(self, rows: int) -> dict[str, int]:
        """Return, of so many `rows`, what was set aside, as training.json holds it."""
        return {
            "rows": len(self.held),
            "readers": self.readers,
            "seeds": self.subjects,
            "left_out": rows - len(self.train) - len(self.held),
        }


def set_aside(settings: Settings, kept: Sequence[int]) -> HoldOut | None:
    """Hold out of the `kept` rows of a run's train split what early stopping needs, None where it is off."""
    if settings.early_stopping_patience is None:
        return None
    whose = keys(split(settings.dataset, TRAIN))
    return hold_out([whose[row] for row in kept], settings.seed)


def keys(source: Split) -> list[Key]:
    """Read whose each row is and what it is about. Without a column `reader` a card stands for its reader."""
    present = source.names()
    columns = [name for name in (_READER, *SUBJECTS) if name in present]
    if _READER not in present:
        columns.append("prompt")
    return [_key(row) for batch in source.batches(columns) for row in batch.to_pylist()]


def _key(row: dict[str, Any]) -> Key:
    if _READER in row:
        return str(row[_READER]), subject(row)
    return card(row) or str(row["prompt"]), subject(row)


def hold_out(rows: Sequence[Key], seed: int, most: float = _MOST) -> HoldOut:
    """Draw readers and seeds and set aside the rows that are of both; `seed` fixes the draw.

    Of each a share is drawn that makes about _ROWS rows, but no more than `most`. Seeds that only drawn readers have
    come on top, since nobody else could train on them. Rows about nothing are held out with their reader.

    Raises DatasetError where there are no two readers, or nothing would be left to train on.
    """
    share = float(np.clip(np.sqrt(_ROWS / len(rows)), _LEAST, most))
    random = np.random.default_rng(seed)
    people = sorted({reader for reader, _ in rows})
    if len(people) < 2:
        raise DatasetError(
            "there are no two readers, so none can be held out: leave out --early-stopping-patience and --find-lr"
        )
    readers = _drawn(people, share * len(people), random)
    of_theirs = {about for reader, about in rows if reader in readers and about is not None}
    of_others = {about for reader, about in rows if reader not in readers and about is not None}
    subjects = _drawn(sorted(of_theirs & of_others), share * len(of_theirs | of_others), random)
    subjects |= of_theirs - of_others
    mine = np.array([reader in readers for reader, _ in rows])
    about = np.array([one in subjects for _, one in rows])
    unsaid = np.array([one is None for _, one in rows])
    train, held = np.flatnonzero(~mine & ~about), np.flatnonzero(mine & (about | unsaid))
    if not len(train) or not len(held):
        raise DatasetError(
            f"no readers and seeds can be held out of {len(rows)} rows: leave out "
            "--early-stopping-patience and --find-lr"
        )
    return HoldOut(train, held, len(readers), len(subjects))


def _drawn(names: list[str], count: float, random: np.random.Generator) -> set[str]:
    """Draw about `count` names, one at least, where there are any; all but one at most."""
    size = min(max(1, round(count)), max(len(names) - 1, 1), len(names))
    return {names[index] for index in random.choice(len(names), size, replace=False)} if names else set()
