"""Writes the audit: report.html (one file, no request to a network), report.md, audit.json, a page a culture, rows."""

import json
import re
import shutil
from pathlib import Path

from gravity.audit.examine import Audit
from gravity.audit.page import Pages
from gravity.store.errors import StoreError
from gravity.store.records import content_id


def write(audit: Audit, folder: Path) -> list[Path]:
    """Writes all files to `folder`, each whole or not at all, and returns the main ones.

    Raises StoreError where the folder cannot be written.
    """
    pages = Pages(audit, {name: _file(name) for name in audit.study.cultures})
    try:
        (folder / "rows").mkdir(parents=True, exist_ok=True)
        for old in [*(folder / "rows").glob("F*.jsonl"), *folder.glob("culture-*.html")]:
            old.unlink()
        for found in audit.findings:
            if found.rows:
                lines = (json.dumps({"finding": found.id, "row": row}, ensure_ascii=False) for row in found.rows)
                _put(folder / "rows" / f"{found.id}.jsonl", "\n".join(lines) + "\n")
        for culture, name in pages.culture_files.items():
            _put(folder / name, pages.culture(culture))
        report, plain, figures = folder / "report.html", folder / "report.md", folder / "audit.json"
        _put(plain, pages.markdown())
        _put(figures, json.dumps(audit.as_json(), indent=1, ensure_ascii=False, allow_nan=False) + "\n")
        _put(report, pages.report())
    except OSError as error:
        raise StoreError(
            f"cannot write the report to {folder}: {error.strerror or error}; name another folder with --output"
        ) from None
    return [report, plain, figures]


def _put(path: Path, text: str) -> None:
    waiting = path.with_name(f".{path.name}.writing")
    waiting.write_text(text, encoding="utf-8")
    shutil.move(waiting, path)


def _file(culture: str) -> str:
    """A file name for a culture's page: its letters and digits, told apart by a hash where others are lost."""
    plain = re.sub(r"[^A-Za-z0-9]+", "-", culture)
    mark = "" if plain == culture else f"-{content_id(culture)[:6]}"
    return f"culture-{plain}{mark}.html"
