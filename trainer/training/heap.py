"""Has the C library give large tensors back to the system when they are gone, so that a process stays as small."""

import ctypes

# Of glibc's malloc.h: blocks from M_MMAP_THRESHOLD on are mapped alone; M_TRIM_THRESHOLD is what the heap keeps free.
_M_MMAP_THRESHOLD, _M_TRIM_THRESHOLD = -3, -1
_LARGE = 3_000_000
_KEPT = 1 << 28


def give_back() -> None:
    """Set both for this process; without effect where the C library is not glibc.

    Left alone, glibc comes to keep blocks of up to 32 MiB in its heap, where they leave gaps: checkpointed training
    of SmolLM2-135M's shape held 1.7 GB where 0.4 were in use.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):
        return
    mallopt(_M_MMAP_THRESHOLD, _LARGE)
    mallopt(_M_TRIM_THRESHOLD, _KEPT)
