"""Running the trainer's commands in this process."""

from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from gravity.trainer.__main__ import app


def invoke(*arguments: str | Path) -> Any:
    """Run `gravity-trainer` with the arguments."""
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def refuses(folder: Path, code: int, words: list[str], *arguments: str | Path) -> None:
    """See that a command ends with the code and one line on standard error, and leaves the folder as it was."""
    before = sorted(folder.rglob("*"))
    result = invoke(*arguments)
    assert (result.exit_code, result.stdout) == (code, "")
    (line,) = result.stderr.strip().splitlines()
    assert line.startswith("error: ")
    assert all(word in line for word in words), line
    assert sorted(folder.rglob("*")) == before
