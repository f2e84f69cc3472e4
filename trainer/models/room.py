"""How much memory is free: on a CUDA device, or of the machine or the container that this process runs in."""

import os
from pathlib import Path

_MEMINFO = Path("/proc/meminfo")
_CGROUP = Path("/sys/fs/cgroup")


def free(device: str) -> int | None:
    """Return the bytes that are free for one process on "cpu" or "cuda"; None where the system does not say.

    On a CPU the processes of `accelerate launch` share what there is.
    """
    if device == "cuda":
        import torch

        return int(torch.cuda.mem_get_info()[0])
    found = [value for value in (meminfo("MemAvailable"), _left(_CGROUP)) if value is not None]
    return min(found) // int(os.environ.get("LOCAL_WORLD_SIZE", "1")) if found else None


def meminfo(name: str) -> int | None:
    """Return the bytes that Linux gives under a name, such as SwapTotal; None where the system does not say."""
    try:
        lines = _MEMINFO.read_text(encoding="utf-8").splitlines()
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(f"{name}:"))
    except (OSError, ValueError, StopIteration):
        return None


def _left(cgroup: Path) -> int | None:
    """Return what a container's limit leaves, of version 2 or 1 of control groups."""
    for limit, used in (
        ("memory.max", "memory.current"),
        ("memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes"),
    ):
        try:
            left = int((cgroup / limit).read_text()) - int((cgroup / used).read_text())
        except (OSError, ValueError):  # no such file, or "max"
            continue
        return max(left, 0)
    return None
