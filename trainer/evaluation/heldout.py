"""The rows that figures are made on: readers and seeds that training has not seen."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gravity.trainer.clusters import Clusters
from gravity.trainer.dataset.contract import MESSAGE_COLUMNS, SUBJECTS, Row, subject
from gravity.trainer.dataset.files import read
from gravity.trainer.dataset.splits import TEST, TRAIN, Split, split
from gravity.trainer.errors import DatasetError

_NEEDED = ("reader", "culture", "track")
_OPTIONAL = ("id", "framework", "profile", *SUBJECTS)


@dataclass(frozen=True)
class HeldOut:
    """A dataset opened for evaluation: `rows` is its test split, `train_sha256` the checksum of the other, `train`."""

    folder: Path
    train: Split
    rows: list[dict[str, Any]]
    train_sha256: str


def held_out(folder: Path) -> HeldOut:
    """Read the test split, check it, and see that it shares no reader, seed or item with the train split.

    Raises UsageError where there is no such folder, and DatasetError where a column is missing, the split is
    empty, a row names no subject, or something stands in both splits.
    """
    checked = read(folder)
    train, test = split(folder, TRAIN), split(folder, TEST)
    if not test.files:
        raise DatasetError(f"{test} is missing: evaluation needs a test split, export with a test share")
    rows = list(rows_of(test))
    if not rows:
        raise DatasetError(f"{test} has no rows: evaluation needs a test split, export with a test share")
    for number, row in enumerate(rows, 1):
        for name in _NEEDED:
            if row[name] is None:
                raise DatasetError(f"{test.place(number)}: {name} is null: every row needs one for the figures")
        if subject(row) is None:
            raise DatasetError(
                f"{test.place(number)}: it names no seed, item, book or category: every row needs one for the intervals"
            )
    _check_apart(train, rows)
    return HeldOut(folder, train, rows, checked.train_sha256)


def rows_of(split: Split, columns: Sequence[str] | None = None) -> Iterator[dict[str, Any]]:
    """Read the rows of a split, those columns of ours that it has.

    Raises DatasetError where a needed one is missing.
    """
    present = split.names()
    missing = [name for name in _NEEDED if name not in present]
    if not set(SUBJECTS) & set(present):
        missing.append("seed (nor item, nor book)")
    if missing:
        raise DatasetError(
            f"{split} has no column {missing[0]}: figures are computed by reader, culture, track and seed"
        )
    wanted = columns or (*MESSAGE_COLUMNS, *_NEEDED, *_OPTIONAL)
    for batch in split.batches([name for name in wanted if name in present]):
        yield from batch.to_pylist()


def clusters_of(rows: Sequence[Row]) -> Clusters:
    """Return which rows share a reader, and which a subject."""
    return Clusters.of(readers=[str(row["reader"]) for row in rows], subjects=[str(subject(row)) for row in rows])


def _check_apart(train: Split, rows: list[dict[str, Any]]) -> None:
    # Readers are `read`'s to check. A book may stand in both: there it is the reader who has not been seen.
    names = ("seed", "item")
    tested = {name: {row[name] for row in rows if row.get(name)} for name in names}
    for row in rows_of(train, names):
        for name in names:
            if row.get(name) in tested[name]:
                raise DatasetError(
                    f"{train.folder}: {name} {row[name]} is in both splits, so its rows are not held out: "
                    "export the dataset again"
                )
