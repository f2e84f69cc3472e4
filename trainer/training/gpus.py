"""GPUs by name: memory as the driver reports it, and the dense bfloat16 rate of NVIDIA's data sheets.

Sources of the rates, without sparsity, accumulated in float32: data sheets of the H100, H200, A100, L40S, L4 and T4
Tensor Core GPUs; the Ada (RTX 4090) and Ampere GA102 (RTX 3090) architecture papers. A T4 has no bfloat16 units.
"""

from typing import NamedTuple

from gravity.trainer.errors import UsageError


class Gpu(NamedTuple):
    """Memory in MiB, and FLOP/s in dense bfloat16, None where the chip does not compute in it."""

    mebibytes: int
    rate: float | None


GPUS = {
    "H200": Gpu(143771, 989e12),
    "H100": Gpu(81559, 989e12),
    "H100 PCIe": Gpu(81559, 756e12),
    "A100 80GB": Gpu(81920, 312e12),
    "A100 40GB": Gpu(40960, 312e12),
    "L40S": Gpu(46068, 362e12),
    "L4": Gpu(23034, 121e12),
    "RTX 4090": Gpu(24564, 165.2e12),
    "RTX 3090": Gpu(24576, 71e12),
    "T4": Gpu(15360, None),
}


def gpu(name: str) -> tuple[str, Gpu]:
    """Find a GPU by the name in GPUS, whatever its case; raises UsageError for another."""
    known = {key.lower(): key for key in GPUS}
    if name.lower() not in known:
        raise UsageError(f"--gpu {name} is not known: use {', '.join(GPUS)}")
    return known[name.lower()], GPUS[known[name.lower()]]


def rate_of(device_name: str) -> float | None:
    """Return the rate of a chip by the name that CUDA gives it, None for one that is not listed."""
    words = set(device_name.replace("-", " ").split())
    found = [key for key in GPUS if _model(key) in words]
    return GPUS[max(found, key=lambda key: len(set(key.split()) & words))].rate if found else None


def _model(name: str) -> str:
    return next(word for word in name.split() if any(letter.isdigit() for letter in word))
