"""comparisons.parquet: every comparison a row, with both texts and all that was said of them."""

import json
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from gravity.compare.evidence import Comparison
from gravity.compare.index import Index
from gravity.compare.study import Study

_TEXT, _YES, _NUMBER = pa.string(), pa.bool_(), pa.float64()
_ROWS = 10_000  # rows that are in memory at once
_OF_CELL = ("culture", "reader", "book", "title", "kind", "family", "language", "age", "gender")

_CHOICES = pa.list_(
    pa.struct(
        {"judge": _TEXT, "order": _TEXT, "prefers": _TEXT, "confidence": _NUMBER, "answered": _YES, "reason": _TEXT}
    )
)
_RATINGS = pa.list_(pa.struct({"judge": _TEXT, "score": pa.int64(), "reason": _TEXT}))
_REMARKS = pa.list_(pa.struct({"checker": _TEXT, "fault": _TEXT, "quote": _TEXT}))
# What stands of each of the two writings. `mark` is JSON, null for the original; `checked` says that a checker
# answered, so that no remarks mean that it found no fault.
_OF_SIDE = {
    "text": _TEXT, "language": _TEXT, "cut": _YES, "mark": _TEXT, "ratings": _RATINGS, "remarks": _REMARKS,
    "checked": _YES,
}  # fmt: skip
# `prefers` is the name of the writer that the judges prefer, null where they are undecided; `ending` says how the
# first writer fared as the figures count it (`index.Ending`). `order` (what was shown as A) and `prefers` of a choice
# are first or second, and null where the judge cannot tell.
SCHEMA = pa.schema(
    {
        "cell": _TEXT, **dict.fromkeys(_OF_CELL, _TEXT), "first": _TEXT, "second": _TEXT, "prefers": _TEXT,
        "ending": _TEXT, "choices": _CHOICES,
        **{f"{side}_{name}": kind for side in ("first", "second") for name, kind in _OF_SIDE.items()},
    }
)  # fmt: skip


def write(study: Study, path: Path) -> None:
    """Writes all comparisons. Raises OSError where the file cannot be written."""
    rows = _rows(study)
    with pq.ParquetWriter(path, SCHEMA) as file:
        while some := list(islice(rows, _ROWS)):
            file.write_table(pa.Table.from_pylist(some, SCHEMA))


def _rows(study: Study) -> Iterator[dict[str, Any]]:
    index = Index(study)
    cells = {cell.id: cell for cell in study.evidence.cells}
    for one in study.evidence.comparisons:
        yield {
            "cell": one.cell,
            **{name: getattr(cells[one.cell], name) for name in _OF_CELL},
            "first": one.first,
            "second": one.second,
            "prefers": one.prefers,
            "ending": index.ending(one),
            "choices": [choice.model_dump(include=set(_CHOICES.value_type.names)) for choice in one.choices],
            **_side("first", one, one.first, index),
            **_side("second", one, one.second, index),
        }


def _side(side: str, comparison: Comparison, writer: str, index: Index) -> dict[str, Any]:
    cell = comparison.cell
    writing = index.writing(cell, writer)
    found = index.found(cell, writer)
    values = {
        "text": writing and writing.text,
        "language": writing and writing.language,
        "cut": writing and writing.cut,
        "mark": json.dumps(dict(writing.mark), ensure_ascii=False, default=str) if writing and writing.mark else None,
        "ratings": [one.model_dump(include={"judge", "score", "reason"}) for one in index.ratings(cell, writer)],
        "remarks": [{"checker": one.checker, **remark.model_dump()} for one in found for remark in one.remarks],
        "checked": bool(found),
    }
    return {f"{side}_{name}": value for name, value in values.items()}
