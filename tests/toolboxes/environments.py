"""Environments with other projects' packages, each made once with pip and kept in the user's cache.

Environments stand on one another, so that torch is there once: one sees the packages of the one below.
"""

import hashlib
import os
import platform
import re
import site
import subprocess
import sys
import venv
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock

from tests.venvs import Venv

ROOT = Path(__file__).parents[2]
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "gravity-tests"


@dataclass(frozen=True)
class Recipe:
    """What pip installs over the environment `below`: `packages` with what they need, and `alone` without.

    A package without a version has that of constraints.txt. `stubs` are empty modules in the place of packages that
    are imported and, on text, never used. `here` shows the packages of the environment that runs the tests.
    """

    packages: tuple[str, ...]
    alone: tuple[str, ...] = ()
    below: str | None = None
    stubs: tuple[str, ...] = ()
    here: bool = False


# For LLaMA-Factory and axolotl: the newest releases, and of what their loaders import the versions that they ask for.
RECIPES = {
    "torch": Recipe(("torch",)),
    "peft": Recipe(("transformers", "peft"), below="torch"),
    "gguf": Recipe(("gguf",), below="peft"),
    "trl": Recipe(("trl", "datasets"), below="peft"),
    "llamafactory": Recipe(
        (
            "transformers==5.6.0",
            "datasets==4.0.0",
            "accelerate==1.11.0",
            "peft==0.18.1",
            "trl==0.24.0",
            "omegaconf==2.4.0",
        ),
        alone=("llamafactory==0.9.5",),
        below="torch",
        # It is for resampling sound, and has no build for this torch without CUDA.
        stubs=("torchaudio",),
    ),
    "axolotl": Recipe(
        (
            "transformers==5.16.1",
            "datasets==4.8.4",
            "accelerate==1.13.0",
            "peft==0.20.0",
            "trl==1.9.0",
            "pydantic==2.12.5",
            "addict==2.4.0",
            "colorama==0.4.6",
            "numba==0.68.1",
            "pillow==13.0.0",
            "posthog==6.7.11",
        ),
        alone=("axolotl==0.19.0",),
        below="torch",
    ),
    "trackers": Recipe(("tensorboard==2.21.0", "wandb==0.31.0", "mlflow-skinny==3.17.2"), here=True),
}


class Environment(Venv):
    """An environment that has its packages and nothing of Gravity."""

    def run(self, command: str, *arguments: str | Path, cwd: Path, **variables: str) -> str:
        """What a command of the environment prints; it has to succeed. It has no GPU, no Hub, and reports to nobody."""
        told = {"HF_HUB_OFFLINE": "1", "HF_HOME": str(cwd / "hf"), "CUDA_VISIBLE_DEVICES": "", "OMP_NUM_THREADS": "1"}
        told |= {"DO_NOT_TRACK": "1", "AXOLOTL_DO_NOT_TRACK": "1", **variables}
        return self.call(command, *arguments, cwd=cwd, unset=("HF_",), **told)


def environment(name: str) -> Environment:
    """The environment of that name, made where it is not there or was made by another recipe."""
    recipe = RECIPES[name]
    below = environment(recipe.below) if recipe.below else None
    packages = [pinned(package) for package in recipe.packages]
    told = (sys.version, platform.platform(), below and below.folder.name, packages, recipe)
    folder = CACHE / f"{name}-{hashlib.sha256(repr(told).encode()).hexdigest()[:12]}"
    made, done = Environment(folder), folder / "complete"
    CACHE.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{folder}.lock"):
        if not done.exists():
            venv.create(folder, clear=True, symlinks=os.name != "nt")
            seen = ([str(below.packages), *_paths(below)] if below else []) + (
                site.getsitepackages() if recipe.here else []
            )
            (made.packages / "below.pth").write_text("\n".join(seen), encoding="utf-8")
            _install(folder, packages)
            if recipe.alone:
                _install(folder, ["--no-deps", *recipe.alone])
            for stub in recipe.stubs:
                (made.packages / f"{stub}.py").touch()
            done.touch()
    return made


def pinned(package: str) -> str:
    """The package with a version: the one that constraints.txt has, where none is given."""
    if "==" in package:
        return package
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    (found,) = [line for line in lines if re.fullmatch(rf"{re.escape(package)}==.+", line, re.IGNORECASE)]
    return found


def _paths(below: Environment) -> list[str]:
    # Python does not follow the .pth files of a folder that a .pth file names.
    return (below.packages / "below.pth").read_text(encoding="utf-8").splitlines()


def _install(folder: Path, arguments: list[str]) -> None:
    pip = [sys.executable, "-m", "pip", "--python", str(folder), "--disable-pip-version-check", "install", "--quiet"]
    done = subprocess.run([*pip, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
