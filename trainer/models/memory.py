"""Whether a base model's weights fit into this machine's memory, asked before they are fetched or loaded.

Only without CUDA: there every weight becomes a float32, whatever the file holds, and a recipe for a GPU meets a machine
with little memory. Training takes more than the weights, so what is let through may still run out.
"""

import math
import os
import sys
from dataclasses import dataclass
from pathlib import Path

from gravity.trainer.errors import ModelError
from gravity.trainer.models.bases import Base, weight_files
from gravity.trainer.models.room import free, meminfo

_FLOAT32 = 4
_MOST_A_BYTE = 8  # weights in a byte of a GGUF: more than llama.cpp's coarsest kind has
_GIB = 1 << 30
_LIMIT = Path("/sys/fs/cgroup/memory.max")  # of the container


@dataclass(frozen=True)
class Memory:
    """Bytes: all that this machine or container has, swap included, and what of it is free."""

    total: int
    free: int


def check_memory(base: Base, weights: int | None) -> None:
    """Warn on standard error where a base needs more memory than is free; None weights are not known.

    Raises ModelError where it needs more than there is.
    """
    if weights is None:
        return
    needed, memory = weights * _FLOAT32, _memory()
    if needed <= memory.free:
        return
    said = f"base {base.name} has {weights / 1e9:.3g} billion weights, {_gib(needed)} in float32 without CUDA"
    if needed > memory.total:
        raise ModelError(
            f"{said}, and this machine has {_gib(memory.total)} of memory: take a smaller base, or a machine with an "
            "NVIDIA GPU"
        )
    left = f"{_gib(memory.free)} of memory are free: end other programs, or take a smaller base"
    print(f"warning: {said}, and {left}", file=sys.stderr)


def local_weights(base: Base) -> int | None:
    """Count a base's weights from the headers of its files, None where it is not on this machine or unreadable."""
    try:
        if base.gguf is not None:
            return _in_gguf(Path(base.location) / base.gguf)
        folder = _cached(base.name) if base.on_hub else Path(base.location)
        return None if folder is None else _in_safetensors(folder)
    except Exception:  # a damaged file can fail anywhere in gguf or safetensors; loading it says so
        return None


def _cached(name: str) -> Path | None:
    from huggingface_hub import try_to_load_from_cache

    config = try_to_load_from_cache(name, "config.json")
    return Path(config).parent if isinstance(config, str) else None


def _in_safetensors(folder: Path) -> int:
    from safetensors import safe_open

    total = 0
    for file in weight_files(folder):
        with safe_open(file, framework="pt") as opened:
            total += sum(math.prod(opened.get_slice(name).get_shape()) for name in opened.keys())  # noqa: SIM118
    return total


def _in_gguf(file: Path) -> int:
    most = file.stat().st_size * _MOST_A_BYTE
    if most * _FLOAT32 <= _memory().free:
        return most  # so little that counting, which takes seconds, is of no use
    from gguf import GGUFReader

    return sum(int(tensor.n_elements) for tensor in GGUFReader(file).tensors)


def _memory() -> Memory:
    physical = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    try:
        at_most = min(physical, int(_LIMIT.read_text(encoding="ascii")))
    except (OSError, ValueError):  # no such file, or "max"
        at_most = physical
    swap, left = meminfo("SwapTotal"), free("cpu")
    # Without /proc nobody says how far swap can grow: then nothing is too large for certain.
    return Memory(sys.maxsize if swap is None else at_most + swap, at_most if left is None else min(at_most, left))


def _gib(size: int) -> str:
    return f"{size / _GIB:.3g} GiB"
