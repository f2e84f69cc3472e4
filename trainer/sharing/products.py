"""Matrix products on CPUs by oneDNN, which uses AVX-512 on every make of processor.

torch leaves float32 products to MKL, which on others than Intel's uses half of the width: on an AMD EPYC with AVX-512
oneDNN was twice as fast, with the same float32 throughout.
"""

import functools

import torch
from torch import Tensor
from torch.nn.functional import linear


def product(rows: Tensor, columns: Tensor) -> Tensor:
    """Return `rows` (n, k) times the transpose of `columns` (m, k), shape (n, m); any strides will do."""
    if rows.device.type == "cpu" and rows.dtype == columns.dtype == torch.float32 and _wide():
        found: Tensor = torch.ops.mkldnn._linear_pointwise(rows, columns, None, "none", [], "")
        return found
    return linear(rows, columns)


@functools.cache
def _wide() -> bool:
    there: bool = torch.backends.mkldnn.is_available()  # type: ignore[no-untyped-call]
    return there and torch.backends.cpu.get_cpu_capability() == "AVX512"
