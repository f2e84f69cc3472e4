"""Environments beside the one that the tests run in, for what has to work where Gravity's own packages are not."""

import os
import subprocess
import sysconfig
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Venv:
    """An environment by its folder."""

    folder: Path

    @property
    def packages(self) -> Path:
        """Its own site-packages."""
        return Path(sysconfig.get_path("purelib", "venv", {"base": str(self.folder), "platbase": str(self.folder)}))

    def call(
        self, command: str, *arguments: str | Path, cwd: Path, unset: tuple[str, ...] = (), **variables: str
    ) -> str:
        """What a command of the environment prints; it has to succeed. Python's and Gravity's variables are not told
        to it, nor those that begin with one of `unset`."""
        hidden = ("PYTHON", "GRAVITY_", *unset)
        told = {name: value for name, value in os.environ.items() if not name.startswith(hidden)} | variables
        path = self.folder / ("Scripts" if os.name == "nt" else "bin") / command
        done = subprocess.run([path, *arguments], cwd=cwd, env=told, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout
