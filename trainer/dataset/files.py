"""Reads an exported dataset and refuses what breaks the contract, with the place where it does."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gravity.trainer.dataset.contract import LEAK_COLUMNS, MESSAGE_COLUMNS, problem
from gravity.trainer.dataset.splits import TEST, TRAIN, Split, split
from gravity.trainer.errors import DatasetError, UsageError, brief
from gravity.trainer.kinds import ADAPTER, MODEL, kind

LABEL_COLUMNS = ("culture", "track")

_MANIFEST = "manifest.json"
_READER = "reader"
_BATCH_ROWS = 1000


@dataclass(frozen=True)
class Preferences:
    """A checked dataset.

    `train` is a pyarrow table with the columns prompt, chosen and rejected and nothing else; `labels` has the
    (culture, track) of each of its rows, "?" where the column is absent; the checksums are SHA-256 in hex.
    """

    folder: Path
    train: Any
    labels: list[tuple[str, str]]
    test_rows: int
    train_sha256: str
    manifest_sha256: str | None

    def rows(self) -> Iterator[dict[str, Any]]:
        """Return the training rows, message lists by column, one after the other."""
        for batch in self.train.to_batches(max_chunksize=_BATCH_ROWS):
            yield from batch.to_pylist()


def read(folder: Path) -> Preferences:
    """Read the train split and, where there is one, the test split, and check every row of both.

    Each is one file, or shards, which count as one. Raises UsageError when the folder is not there, DatasetError for
    everything wrong in it; the message names the file, and the row counted from 1. A reader in both splits is wrong
    too.
    """
    there = kind(folder)
    train_split, test_split, manifest = split(folder, TRAIN), split(folder, TEST), folder / _MANIFEST
    if not folder.is_dir() or (there in (ADAPTER, MODEL) and not train_split.files):
        raise UsageError(f"dataset {folder} is {there or 'not a folder'}: give the folder of an exported dataset")
    if not train_split.files:
        raise DatasetError(
            f"{train_split} is missing: give a folder with {TRAIN}.parquet and {TEST}.parquet, or with their shards in "
            f"data/, {TRAIN}-*.parquet and {TEST}-*.parquet"
        )
    train = _checked(train_split)
    if train.num_rows == 0:
        raise DatasetError(f"{train_split} has no rows: export a dataset whose train split is not empty")
    test = _checked(test_split) if test_split.files else None
    if test is not None:
        _check_apart(folder, train, test)
    return Preferences(
        folder=folder,
        train=train.select(MESSAGE_COLUMNS),
        labels=_labels(train),
        test_rows=test.num_rows if test is not None else 0,
        train_sha256=train_split.sha256(),
        manifest_sha256=_sha256(manifest) if manifest.is_file() else None,
    )


def count(labels: Iterable[tuple[str, str]]) -> list[dict[str, Any]]:
    """Count rows by culture and track, as records sorted by both."""
    counts = Counter(labels)
    return [{"culture": culture, "track": track, "rows": counts[culture, track]} for culture, track in sorted(counts)]


def _sha256(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _checked(split: Split) -> Any:
    import pyarrow as pa
    import pyarrow.parquet as pq

    tables = [_read(file) for file in split.files]
    schema = pq.read_schema(split.files[0])
    other = next((file for file in split.files if not pq.read_schema(file).equals(schema)), None)
    if other is not None:
        raise DatasetError(f"{other} has other columns than {split.files[0]}: shards of a split need the same")
    table = pa.concat_tables(tables)
    checked = [name for name in (*MESSAGE_COLUMNS, *LEAK_COLUMNS) if name in table.column_names]
    number = 0
    for batch in table.select(checked).to_batches(max_chunksize=_BATCH_ROWS):
        for row in batch.to_pylist():
            number += 1
            wrong = problem(row)
            if wrong:
                raise DatasetError(f"{split.place(number)}: {wrong}")
    return table


def _read(file: Path) -> Any:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        parquet = pq.ParquetFile(file)
        wanted = (*MESSAGE_COLUMNS, *LABEL_COLUMNS, *LEAK_COLUMNS, _READER)
        present = [name for name in wanted if name in parquet.schema_arrow.names]
        _check_columns(file, parquet.schema_arrow)
        # The schema's own metadata describes columns that are left behind here.
        return parquet.read(columns=present).replace_schema_metadata(None)
    except (pa.ArrowException, OSError) as error:
        raise DatasetError(f"{file} cannot be read as Parquet ({brief(error)}): export the dataset again") from error


def _check_apart(folder: Path, train: Any, test: Any) -> None:
    if not all(_READER in table.column_names for table in (train, test)):
        return
    known, tested = (set(table.column(_READER).to_pylist()) - {None} for table in (train, test))
    both = sorted(map(str, known & tested))
    if both:
        raise DatasetError(
            f"{folder}: {len(both)} readers are in both splits, such as {both[0]}: export the dataset again, with each "
            "reader in one of them"
        )


def _check_columns(file: Path, schema: Any) -> None:
    for name in MESSAGE_COLUMNS:
        if name not in schema.names:
            raise DatasetError(f"{file} has no column {name}: it needs prompt, chosen and rejected")
        kind = schema.field(name).type
        if not _is_messages(kind):
            raise DatasetError(f"{file} column {name} is {kind}: it must be a list of messages with role and content")


def _is_messages(kind: Any) -> bool:
    from pyarrow import types

    if not (types.is_list(kind) or types.is_large_list(kind)) or not types.is_struct(kind.value_type):
        return False
    fields = {field.name: field.type for field in kind.value_type}
    return all(
        name in fields and (types.is_string(fields[name]) or types.is_large_string(fields[name]))
        for name in ("role", "content")
    )


def _labels(table: Any) -> list[tuple[str, str]]:
    columns = [
        [str(value) if value is not None else "?" for value in table.column(name).to_pylist()]
        if name in table.column_names
        else ["?"] * table.num_rows
        for name in LABEL_COLUMNS
    ]
    return list(zip(*columns, strict=True))
