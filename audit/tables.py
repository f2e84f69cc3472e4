"""Tidy tables in Arrow: strings are kept once each, and come back as codes that numpy counts with."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Codes: TypeAlias = npt.NDArray[np.int64]
Flags: TypeAlias = npt.NDArray[np.bool_]
Floats: TypeAlias = npt.NDArray[np.float64]

CHUNK = 20_000


def build(rows: Iterable[Mapping[str, Any]], schema: pa.Schema) -> pa.Table:
    """A table of `rows`, whose memory grows with the distinct strings and not with their repeats."""
    stream, chunks = iter(rows), []
    while chunk := list(islice(stream, CHUNK)):
        chunks.append(_encoded(pa.Table.from_pylist(chunk, schema=schema)))
    return unified(chunks) if chunks else _encoded(schema.empty_table())


def unified(chunks: Sequence[pa.Table]) -> pa.Table:
    """The chunks as one table, each string kept once."""
    return pa.concat_tables(_encoded(chunk) for chunk in chunks).unify_dictionaries().combine_chunks()


def _encoded(table: pa.Table) -> pa.Table:
    for index, field in enumerate(table.schema):
        if pa.types.is_string(field.type) or pa.types.is_large_string(field.type):
            table = table.set_column(index, field.name, table[field.name].dictionary_encode())
    return table


def codes(table: pa.Table, name: str) -> tuple[Codes, list[Any]]:
    """A string column as codes (-1 for null) into its distinct values."""
    column = table[name].combine_chunks()
    if isinstance(column, pa.ChunkedArray):
        column = column.chunk(0) if column.num_chunks else pa.array([], column.type)
    if not pa.types.is_dictionary(column.type):
        column = column.dictionary_encode()
    return column.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64), column.dictionary.to_pylist()


def numbers(table: pa.Table, name: str) -> Floats:
    """A numeric or boolean column as floats, NaN for null."""
    return np.asarray(table[name].cast(pa.float64()).to_numpy(), dtype=np.float64)


def where(table: pa.Table, name: str, *values: str) -> Flags:
    """The rows whose string column `name` has one of `values`."""
    found, known = codes(table, name)
    return np.isin(found, [code for code, value in enumerate(known) if value in values])


def group(*columns: Codes) -> Codes:
    """One code for each combination of codes."""
    combined = columns[0]
    for column in columns[1:]:
        combined = combined * (int(column.max(initial=0)) + 2) + column
    return np.asarray(np.unique(combined, return_inverse=True)[1], dtype=np.int64).reshape(-1)


def pick(table: pa.Table, name: str, rows: Flags | Codes) -> list[Any]:
    """The values of a column in the chosen rows (a mask or positions)."""
    positions = np.flatnonzero(rows) if rows.dtype == np.bool_ else rows
    values: list[Any] = table[name].take(pa.array(positions)).to_pylist()
    return values


def rows_of(table: pa.Table) -> Iterator[dict[str, Any]]:
    """The rows as dictionaries, a chunk at a time."""
    for batch in table.to_batches(max_chunksize=CHUNK):
        yield from batch.to_pylist()
