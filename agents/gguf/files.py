"""Finds the GGUF file that a configuration names: a path, a file inside a package, or one on the Hugging Face hub."""

import hashlib
import importlib.util
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from gravity.agents.errors import ModelError
from gravity.agents.gguf.hub import on_the_hub

# llama.cpp writes large models in numbered parts and reads them all when given the first.
_PART = re.compile(r"-(\d{5})-of-(\d{5})\.gguf$")
_CHUNK = 1 << 20


@dataclass(frozen=True)
class ModelFile:
    """A model's file; of one in parts, the first, with all of them in `parts`."""

    path: Path
    parts: Sequence[Path]

    @property
    def fingerprint(self) -> str:
        """A hash over the size, the first and the last MiB: reading many gigabytes at each start takes too long."""
        digest = hashlib.sha256()
        for part in self.parts:
            size = part.stat().st_size
            digest.update(str(size).encode())
            with part.open("rb") as file:
                digest.update(file.read(_CHUNK))
                file.seek(max(0, size - _CHUNK))
                digest.update(file.read())
        return digest.hexdigest()[:16]

    @property
    def size(self) -> int:
        """Its bytes."""
        return sum(part.stat().st_size for part in self.parts)


def locate(spec: str, revision: str | None = None, sha256: str | None = None) -> ModelFile:
    """The file that `spec` names: a path, package:NAME, or hf:OWNER/REPO/FILE.gguf, which is downloaded where the hub's
    cache lacks it, at `revision` if one is given.

    With `sha256` the whole file is read and compared. Raises ModelError in one line for what cannot be had, is no GGUF,
    or has another hash.
    """
    if spec.startswith("hf:"):
        paths = [on_the_hub(spec, name, revision) for name in _parts(spec)]
    elif spec.startswith("package:"):
        paths = [_packaged(spec)]
    else:
        # A name that already ends in a part's number stands for all parts, as on the hub.
        paths = [Path(name).expanduser() for name in _parts(spec)]
    for path in paths:
        _check_magic(path)
    if sha256 is not None:
        _check_hash(paths, sha256)
    return ModelFile(paths[0], paths)


def _parts(name: str) -> list[str]:
    found = _PART.search(name)
    if found is None:
        return [name]
    stem, count = name[: found.start()], int(found[2])
    return [f"{stem}-{number:05}-of-{count:05}.gguf" for number in range(1, count + 1)]


def _packaged(spec: str) -> Path:
    """The one GGUF inside an installed package, for `package:NAME`."""
    try:
        found = importlib.util.find_spec(spec.removeprefix("package:"))
    except (ImportError, ValueError):
        found = None
    places = found.submodule_search_locations if found else None
    files = [file for place in places or () for file in Path(place).rglob("*.gguf")]
    if len(files) != 1:
        raise ModelError(f"'{spec}': no installed package of that name holds one GGUF file")
    return files[0]


def _check_magic(path: Path) -> None:
    try:
        with path.open("rb") as file:
            magic = file.read(4)
    except OSError as error:
        raise ModelError(f"the model file {path} cannot be read: {error.strerror}") from None
    if magic != b"GGUF":
        raise ModelError(f"{path} is not a GGUF file: it begins with {magic!r}")


def _check_hash(paths: Sequence[Path], sha256: str) -> None:
    if len(paths) > 1:
        raise ModelError(f"{paths[0]}: sha256 is for a model in one file, and this one has {len(paths)} parts")
    found = _sha256(paths[0])
    if found != sha256.lower():
        raise ModelError(
            f"{paths[0]} has the SHA-256 {found} and not {sha256}: it is another file than the one meant, or damaged; "
            "delete it to have it downloaded anew, or correct sha256"
        )


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
