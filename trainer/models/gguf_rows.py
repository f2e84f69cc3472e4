"""What a GGUF says of its context, and rows of its embeddings, read past its vocabulary.

The gguf library takes seconds to go through that.

The layout: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
"""

import hashlib
import math
import struct
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from gravity.trainer.errors import ModelError, brief
from gravity.trainer.models.loading import FINGERPRINT_ROWS

# Bytes of a value by its type's number in the file; 8 is a text and 9 a list.
_SIZES = {0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8}
_TEXT, _LIST = 8, 9
_WHOLE = {4: "<I", 10: "<Q"}
_EMBEDDINGS, _HEAD = "token_embd.weight", "output.weight"

# Its sides, the innermost first, the kind of its numbers, and where among the tensors' bytes it begins.
Tensor = tuple[list[int], int, int]


def gguf_fingerprint(file: Path) -> str:
    """Return what `gravity.trainer.models.loading.fingerprint` returns for the model that transformers makes of a GGUF.

    Raises ModelError where the file cannot be read.
    """
    try:
        with file.open("rb") as opened:
            _, tensors, begin = _header(opened)
            embeddings = tensors[_EMBEDDINGS]
            head = tensors.get(_HEAD, embeddings)
            digest = hashlib.sha256()
            for tensor, first, rows in (
                (embeddings, 0, min(FINGERPRINT_ROWS, embeddings[0][1])),
                (head, head[0][1] - 1, 1),
            ):
                digest.update(_as_bfloat16(_rows(opened, begin, tensor, first, rows)))
    except (OSError, ValueError, KeyError, IndexError, struct.error) as error:
        raise ModelError(f"base {file} cannot be read as a GGUF: {brief(error)}") from error
    return digest.hexdigest()


def gguf_context(file: Path) -> int | None:
    """Return how many tokens a GGUF's model attends to, None where it does not say. Raises ModelError."""
    try:
        with file.open("rb") as opened:
            return _header(opened)[0]
    except (OSError, KeyError, struct.error) as error:
        raise ModelError(f"base {file} cannot be read as a GGUF: {brief(error)}") from error


def _rows(file: BinaryIO, begin: int, tensor: Tensor, first: int, rows: int) -> Any:
    """Return rows of a tensor in float32."""
    import gguf

    shape, kind, place = tensor
    quantization = gguf.GGMLQuantizationType(kind)
    block, size = gguf.GGML_QUANT_SIZES[quantization]
    width = shape[0] // block * size
    file.seek(begin + place + first * width)
    stored = np.frombuffer(file.read(rows * width), dtype=np.uint8).reshape(rows, width)
    if quantization == gguf.GGMLQuantizationType.F32:
        return stored.view(np.float32)
    if quantization == gguf.GGMLQuantizationType.F16:
        return stored.view(np.float16).astype(np.float32)
    return gguf.dequantize(stored, quantization)


def _as_bfloat16(values: Any) -> bytes:
    import torch

    rounded = torch.from_numpy(np.array(values)).to(torch.bfloat16)
    return bytes(rounded.contiguous().view(torch.uint8).numpy().tobytes())


def _header(file: BinaryIO) -> tuple[int | None, dict[str, Tensor], int]:
    """Return the context's tokens, each tensor by its name, and where the tensors' bytes begin."""
    magic, version, count, values = _unpack(file, "<4sIQQ")
    if magic != b"GGUF" or version < 2:
        raise struct.error(f"it begins with {magic!r}, version {version}")
    alignment, context = 32, None
    for _ in range(values):
        key = _text(file)
        (kind,) = _unpack(file, "<I")
        if key == "general.alignment":
            (alignment,) = _unpack(file, "<I")
        elif key.endswith(".context_length") and kind in _WHOLE:
            (context,) = _unpack(file, _WHOLE[kind])
        else:
            _skip(file, kind)
    found = {}
    for _ in range(count):
        name = _text(file)
        (sides,) = _unpack(file, "<I")
        shape = list(_unpack(file, f"<{sides}Q"))
        kind, place = _unpack(file, "<IQ")
        found[name] = (shape, kind, place)
    return context, found, math.ceil(file.tell() / alignment) * alignment


def _skip(file: BinaryIO, kind: int) -> None:
    if kind == _TEXT:
        file.seek(_unpack(file, "<Q")[0], 1)
    elif kind == _LIST:
        item, count = _unpack(file, "<IQ")
        if item in _SIZES:
            file.seek(_SIZES[item] * count, 1)
        else:
            for _ in range(count):
                _skip(file, item)
    else:
        file.seek(_SIZES[kind], 1)


def _text(file: BinaryIO) -> str:
    (length,) = _unpack(file, "<Q")
    return file.read(length).decode("utf-8", "replace")


def _unpack(file: BinaryIO, form: str) -> tuple[Any, ...]:
    return struct.unpack(form, file.read(struct.calcsize(form)))
