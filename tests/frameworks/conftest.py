"""A copy of the shipped material that a test may spoil."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gravity.frameworks.loader import DATA

Spoil = Callable[..., None]


@pytest.fixture
def material(tmp_path: Path) -> Path:
    """The shipped material without its bank of scenarios; the gold ones are there."""

    def bank(folder: str, _: list[str]) -> set[str]:
        return {"scenarios"} if Path(folder) == DATA else set()

    return Path(shutil.copytree(DATA, tmp_path / "data", ignore=bank))


@pytest.fixture
def change(material: Path) -> Spoil:
    """Sets or, with None, removes fields of one line (from 1) of a JSON lines file of the copy."""

    def change(name: str, line: int, **fields: Any) -> None:
        path = material / name
        lines = path.read_text(encoding="utf-8").splitlines()
        row = json.loads(lines[line - 1]) | fields
        kept = {field: value for field, value in row.items() if value is not None}
        lines[line - 1] = json.dumps(kept, ensure_ascii=False)
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")

    return change
