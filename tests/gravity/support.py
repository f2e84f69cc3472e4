"""The command line, as a process and within this one, and the configurations that it is given."""

import contextlib
import io
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

from gravity import cli

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Done:
    """How a command ended, and what it printed."""

    code: int
    output: str
    errors: str


def environment(**changes: str) -> dict[str, str]:
    """The environment of a `gravity` process: this one's, less what configures Gravity, and `changes`."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("GRAVITY_", "OPENAI_"))}
    return {**kept, "PYTHONPATH": str(ROOT), "COLUMNS": "200", **changes}


def gravity(folder: Path, *arguments: str, **changes: str) -> Done:
    """Runs `gravity` in `folder` as a process of its own."""
    command = [sys.executable, "-m", "gravity", *arguments]
    process = subprocess.run(
        command, cwd=folder, env=environment(**changes), capture_output=True, text=True, check=False
    )
    return Done(process.returncode, process.stdout, process.stderr)


def here(folder: Path, *arguments: str) -> Done:
    """Runs `gravity` in `folder` within this process, which is quicker."""
    code, output, errors = 0, io.StringIO(), io.StringIO()
    with (
        contextlib.chdir(folder),
        mock.patch.object(sys, "argv", ["gravity", *arguments]),
        contextlib.redirect_stdout(output),
        contextlib.redirect_stderr(errors),
    ):
        try:
            cli.main()
        except SystemExit as stop:
            code = stop.code if isinstance(stop.code, int) else int(stop.code is not None)
    return Done(code, output.getvalue(), errors.getvalue())


def toml(url: str, model: dict[str, Any] | None = None, **sections: dict[str, Any]) -> str:
    """A gravity.toml in which the stub at `url` plays every role and makes the vectors. Readers bring no seeds for
    themselves alone, since each would have scenes of its own."""
    curate = {"own_seeds": 0, "bank": False, **sections.pop("curate", {"seeds": 4, "scenarios_per_seed": 1})}
    judging = {"profiler_votes": True, **sections.pop("judging", {})}
    content = {
        "models.stub": {"kind": "openai", "model": "stub", "base_url": url, "timeout": 30, **(model or {})},
        "roles": {"profiler": "stub", "writer": "stub", "judges": ["stub"], "critics": ["stub"]},
        "embeddings": {"kind": "openai", "model": "hash64", "base_url": url},
        "curate": curate,
        "judging": judging,
        **sections,
    }
    lines = []
    for name, section in content.items():
        lines += [f"[{name}]", *(f"{key} = {json.dumps(value)}" for key, value in section.items()), ""]
    return "\n".join(lines)
