"""The splits of a dataset on disk: a file each, or shards as the Hub lays them out, in the folder or in its `data`."""

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gravity.trainer.errors import DatasetError

TRAIN, TEST = "train", "test"

_DATA = "data"
_SHARD = re.compile(r"-(\d+)-of-(\d+)$")
_BATCH_ROWS = 1000


@dataclass(frozen=True)
class Split:
    """The files of a split in their order; none where the dataset does not have it. Its rows count on through them."""

    folder: Path
    name: str
    files: tuple[Path, ...]

    @property
    def file_name(self) -> str:
        """The name of the file, or a pattern for those of shards."""
        if len(self.files) > 1:
            return f"{self.name}-*.parquet"
        return self.files[0].name if self.files else f"{self.name}.parquet"

    def __str__(self) -> str:
        """Name the split in an error, with its path."""
        return str((self.files[0].parent if self.files else self.folder) / self.file_name)

    def place(self, number: int) -> str:
        """Say where the row is that has this number, counted from 1 through all files."""
        import pyarrow.parquet as pq

        if len(self.files) == 1:
            return f"{self.files[0]} row {number}"
        seen = 0
        for file in self.files:
            seen += pq.read_metadata(file).num_rows
            if number <= seen:
                break
        return f"{file} row {number}, counted through all shards"

    def names(self) -> list[str]:
        """Return the columns."""
        import pyarrow.parquet as pq

        return list(pq.read_schema(self.files[0]).names)

    def batches(self, columns: Sequence[str] | None = None) -> Iterator[Any]:
        """Read the rows as record batches, of those `columns` alone where they are given."""
        import pyarrow.parquet as pq

        for file in self.files:
            yield from pq.ParquetFile(file).iter_batches(_BATCH_ROWS, columns=columns)

    def sha256(self) -> str:
        """Return the checksum in hex of the files, one after the other: of one file its own."""
        digest = hashlib.sha256()
        for file in self.files:
            with file.open("rb") as stream:
                while block := stream.read(1 << 20):
                    digest.update(block)
        return digest.hexdigest()


def split(folder: Path, name: str) -> Split:
    """Find a split: NAME.parquet or NAME-*.parquet, in the folder or in its `data`, shards in the order of their names.

    Raises DatasetError where it is there twice, or shards are missing.
    """
    places = [
        place / pattern for place in (folder, folder / _DATA) for pattern in (f"{name}.parquet", f"{name}-*.parquet")
    ]
    found = [(place, files) for place in places if (files := sorted(place.parent.glob(place.name)))]
    if len(found) > 1:
        raise DatasetError(f"{found[0][0]} and {found[1][0]} are both there: keep one of them, since each is the split")
    files = found[0][1] if found else []
    whole = {int(shard[2]) for file in files if (shard := _SHARD.search(file.stem))}
    if whole and whole != {len(files)}:
        raise DatasetError(
            f"{found[0][0]} has {len(files)} of {max(whole)} shards: fetch the others, or export the dataset again"
        )
    return Split(folder, name, tuple(files))
