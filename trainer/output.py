"""Outputs that appear whole or not at all: they grow under a hidden name beside their place and are renamed last."""

import contextlib
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from gravity.trainer.errors import UsageError, brief


@contextlib.contextmanager
def atomic_folder(output: Path) -> Iterator[Path]:
    """Give a hidden folder to write to, which becomes `output` when the block ends without an error.

    Raises UsageError where `output` is taken or cannot be made.
    """
    check_free(output)
    growing = _hidden(output)
    _remove(growing)
    try:
        make_folder(growing, output)
        yield growing
        publish(growing, output)
    finally:
        _remove(growing)


@contextlib.contextmanager
def atomic_file(output: Path) -> Iterator[Path]:
    """Give a hidden file to write to, which becomes `output` when the block ends without an error.

    Raises UsageError where `output` is there already or cannot be made.
    """
    check_makeable(output)
    if output.exists():
        raise UsageError(f"output {output} is there already: give another name or remove it")
    growing = _hidden(output)
    try:
        make_folder(growing.parent, output)
        yield growing
        growing.rename(output)
    finally:
        growing.unlink(missing_ok=True)


def publish(growing: Path, output: Path) -> None:
    """Rename a folder that is whole to `output`, which may be an empty folder. Raises OSError."""
    for file in growing.rglob("*"):
        if file.is_file():
            # Who may read the folder may read its files: safetensors makes them for their owner alone.
            file.chmod(growing.stat().st_mode & 0o666)
    if output.is_dir():
        output.rmdir()
    growing.rename(output)


def check_free(output: Path, hint: str = "") -> None:
    """Raise UsageError where `output` cannot be made, is a file, or a folder that is not empty.

    `hint` says more of the latter.
    """
    check_makeable(output)
    if output.exists() and not output.is_dir():
        raise UsageError(f"output {output} is a file: give a folder that does not exist yet")
    if output.is_dir() and any(output.iterdir()):
        raise UsageError(f"output {output} is not empty{hint}: give another folder or remove it")


def check_makeable(output: Path) -> None:
    """Raise UsageError where nothing can be made at `output`, a folder with something in it excepted.

    Asked before hours of work and not after them. Nothing is left behind.
    """
    try:
        if output.is_dir() and any(output.iterdir()):
            return
        if output.is_mount():
            raise UsageError(f"output {output} is a mount point, which cannot be replaced: give a folder inside it")
        place = _hidden(output)
        nearest = next(folder for folder in place.parents if folder.exists())
        for name in place.relative_to(nearest).parts:
            # A name that is too long would show only once the folders before it are made.
            with contextlib.suppress(FileNotFoundError):
                (nearest / name).lstat()
        tempfile.TemporaryDirectory(prefix=".", dir=nearest).cleanup()
    except OSError as error:
        raise UsageError(f"output {output} cannot be made ({error.strerror}): give another") from error


def make_folder(folder: Path, output: Path) -> None:
    """Make a folder that `output` needs. Raises UsageError, which names `output`, where it cannot be made."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"output {output} cannot be made ({brief(error)}): give another") from error


def _hidden(output: Path) -> Path:
    place = output.resolve()
    return place.with_name(f".{place.name}.building")


def _remove(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
