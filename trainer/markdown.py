"""Reports: tables, and a report as Markdown and as JSON."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from gravity.trainer.intervals import Estimate

COUNTS = ("rows", "readers", "seeds")


def table(head: Iterable[str], rows: Iterable[Iterable[Any]]) -> str:
    """Return a Markdown table."""
    columns = list(head)
    laid_out = [columns, ["---"] * len(columns), *rows]
    return "\n".join("| " + " | ".join(str(cell).replace("|", "\\|") for cell in cells) + " |" for cells in laid_out)


def counts(one: Estimate) -> list[int]:
    """Return what a figure rests on, as the columns COUNTS of a table."""
    return [one.rows, one.clusters["readers"], one.clusters["subjects"]]


def write_report(report: Any, parts: Iterable[str], folder: Path) -> None:
    """Write report.md, of those parts, and report.json, in which figures are what has a `record`.

    A number that JSON does not know is an error.
    """
    text = json.dumps(report, indent=2, ensure_ascii=False, allow_nan=False, default=_record)
    (folder / "report.md").write_text("\n\n".join(parts) + "\n", encoding="utf-8")
    (folder / "report.json").write_text(text + "\n", encoding="utf-8")


def _record(value: Any) -> Any:
    if hasattr(value, "record"):
        return value.record()
    raise TypeError(f"{type(value).__name__} does not belong into a report")
