"""Which sizes of local models fit into the memory at hand, by a formula."""

import os
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

GIB = 1 << 30

# Beside weights and keys and values: buffers of the computation, and what the process itself takes.
OVERHEAD_SHARE, OVERHEAD = 0.05, 0.5 * GIB
# What is left to everything else on the machine.
SPARED = 0.1


@dataclass(frozen=True)
class Shape:
    """A model's shape: parameters, and what the size of its keys and values follows from. `example` is a name on the
    hub that models of this size have; nobody has checked here that it is there, or good."""

    parameters: float
    layers: int
    kv_heads: int
    head_size: int
    example: str


# The shapes of the Qwen2.5 family, which has many sizes; those of other families are much alike.
SHAPES = (
    Shape(0.49e9, 24, 2, 64, "hf:Qwen/Qwen2.5-0.5B-Instruct-GGUF/qwen2.5-0.5b-instruct-{}.gguf"),
    Shape(1.54e9, 28, 2, 128, "hf:Qwen/Qwen2.5-1.5B-Instruct-GGUF/qwen2.5-1.5b-instruct-{}.gguf"),
    Shape(3.09e9, 36, 2, 128, "hf:Qwen/Qwen2.5-3B-Instruct-GGUF/qwen2.5-3b-instruct-{}.gguf"),
    Shape(7.62e9, 28, 4, 128, "hf:bartowski/Qwen2.5-7B-Instruct-GGUF/Qwen2.5-7B-Instruct-{}.gguf"),
    Shape(14.8e9, 48, 8, 128, "hf:bartowski/Qwen2.5-14B-Instruct-GGUF/Qwen2.5-14B-Instruct-{}.gguf"),
    Shape(32.8e9, 64, 8, 128, "hf:bartowski/Qwen2.5-32B-Instruct-GGUF/Qwen2.5-32B-Instruct-{}.gguf"),
    Shape(72.7e9, 80, 8, 128, "hf:bartowski/Qwen2.5-72B-Instruct-GGUF/Qwen2.5-72B-Instruct-{}.gguf"),
)
# Bits a weight on average, scales included.
QUANTISATIONS = {"Q4_K_M": 4.85, "Q8_0": 8.5}


@dataclass(frozen=True)
class Memory:
    """Bytes for a model: free RAM, and those of the GPU with the most, where there is one."""

    ram: int
    gpu: int | None

    @property
    def largest(self) -> int:
        """The larger of the two."""
        return max(self.ram, self.gpu or 0)


@dataclass(frozen=True)
class Size:
    """A size of model in one quantisation: bytes for its weights and for its keys and values, and whether they fit."""

    parameters: float
    quantisation: str
    weights: int
    kv: int
    total: int
    fits_ram: bool
    fits_gpu: bool | None
    example: str


def sizes(memory: Memory, context: int) -> list[Size]:
    """All sizes, with the keys and values of `context` tokens.

    weights = parameters x bits / 8; keys and values = 2 x layers x heads x head size x 2 bytes x context; on top of
    both 5% and 0.5 GiB. It fits where that is at most nine tenths of the memory.
    """
    found = []
    for shape in SHAPES:
        kv = 2 * shape.layers * shape.kv_heads * shape.head_size * 2 * context
        for name, bits in QUANTISATIONS.items():
            weights = round(shape.parameters * bits / 8)
            total = round((weights + kv) * (1 + OVERHEAD_SHARE) + OVERHEAD)
            written = name.lower() if "hf:Qwen/" in shape.example else name
            found.append(
                Size(
                    parameters=shape.parameters,
                    quantisation=name,
                    weights=weights,
                    kv=kv,
                    total=total,
                    fits_ram=_fits(total, memory.ram),
                    fits_gpu=None if memory.gpu is None else _fits(total, memory.gpu),
                    example=shape.example.format(written),
                )
            )
    return found


def recommended(found: Sequence[Size]) -> Size | None:
    """The most parameters that fit somewhere, and of these the finest quantisation; None where nothing fits."""
    fitting = [size for size in found if size.fits_ram or size.fits_gpu]
    return max(fitting, key=lambda size: (size.parameters, size.weights), default=None)


def memory_at_hand() -> Memory:
    """The memory that is free on this machine, or that a container leaves."""
    return Memory(ram=_free_ram(), gpu=_gpu())


def _fits(total: int, memory: int) -> bool:
    return total <= (1 - SPARED) * memory


def _free_ram() -> int:
    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    limits = [pages]
    for line in _text("/proc/meminfo").splitlines():
        if line.startswith("MemAvailable:"):
            limits.append(int(line.split()[1]) * 1024)
    limit, used = _text("/sys/fs/cgroup/memory.max").strip(), _text("/sys/fs/cgroup/memory.current").strip()
    if limit.isdigit() and used.isdigit():
        limits.append(max(0, int(limit) - int(used)))
    return min(limits)


def _text(path: str) -> str:
    try:
        return Path(path).read_text(encoding="ascii")
    except OSError:
        return ""


def _gpu() -> int | None:
    """The free bytes of the GPU that has the most, as nvidia-smi tells; None without one."""
    asked = ["nvidia-smi", "--query-gpu=memory.free", "--format=csv,noheader,nounits"]
    try:
        told = subprocess.run(asked, capture_output=True, text=True, timeout=10, check=True).stdout
    except (OSError, subprocess.SubprocessError):
        return None
    return max((int(line) << 20 for line in told.splitlines() if line.strip().isdigit()), default=None)
