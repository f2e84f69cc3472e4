"""Writes the report on writers: report.html (one file, no request to a network), report.md, compare.json and
comparisons.parquet."""

import json
from pathlib import Path
from tempfile import TemporaryDirectory

from gravity.compare import parquet
from gravity.compare.examine import Compared
from gravity.compare.page import Pages
from gravity.store.errors import StoreError


def write(made: Compared, folder: Path) -> list[Path]:
    """Writes all files to `folder` and returns them, the page that a person opens first.

    None is put in its place before all of them are written. Raises StoreError where the folder cannot be written.
    """
    pages = Pages(made)
    texts = {
        "report.html": pages.report(),
        "report.md": pages.markdown(),
        "compare.json": json.dumps(made.as_json(), indent=1, ensure_ascii=False, allow_nan=False) + "\n",
    }
    rows = "comparisons.parquet"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(prefix=".writing-", dir=folder) as waiting:
            for name, text in texts.items():
                Path(waiting, name).write_text(text, encoding="utf-8")
            parquet.write(made.study, Path(waiting, rows))
            return [Path(waiting, name).replace(folder / name) for name in (*texts, rows)]
    except OSError as error:
        raise StoreError(
            f"cannot write the report to {folder}: {error.strerror or error}; name another folder with --output"
        ) from None
