"""What the header of a GGUF file says of its model's shape, read without loading it.

The layout: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
"""

import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

# Value types by their number in the file; 8 is a text and 9 an array.
_NUMBERS = {0: "<B", 1: "<b", 2: "<H", 3: "<h", 4: "<I", 5: "<i", 6: "<f", 7: "<?", 10: "<Q", 11: "<q", 12: "<d"}
_TEXT, _ARRAY = 8, 9


@dataclass(frozen=True)
class Header:
    """The figures of a header that matter here; None where it does not have one."""

    context_length: int | None = None
    layers: int | None = None
    kv_heads: int | None = None
    head_size: int | None = None


def read_header(path: Path) -> Header:
    """The header's figures; none of them for a file that ends early or has another layout."""
    found: dict[str, Any] = {}
    try:
        with path.open("rb") as file:
            _, version, _, count = struct.unpack("<4sIQQ", file.read(24))
            for _ in range(count if version >= 2 else 0):
                key = _text(file)
                # The tokenizer's long lists come last, by custom.
                if key.startswith("tokenizer.") and "context_length" in found:
                    break
                found[key.partition(".")[2]] = _value(file, *_unpack(file, "<I"))
    except (struct.error, UnicodeDecodeError, KeyError, OverflowError, MemoryError):
        return Header()
    heads, width = found.get("attention.head_count"), found.get("embedding_length")
    size = found.get("attention.key_length")
    if size is None and isinstance(heads, int) and isinstance(width, int) and heads:
        size = width // heads
    return Header(
        context_length=_whole(found.get("context_length")),
        layers=_whole(found.get("block_count")),
        kv_heads=_whole(found.get("attention.head_count_kv", heads)),
        head_size=_whole(size),
    )


def _whole(value: Any) -> int | None:
    return value if isinstance(value, int) and value > 0 else None


def _unpack(file: BinaryIO, form: str) -> Any:
    return struct.unpack(form, file.read(struct.calcsize(form)))


def _text(file: BinaryIO) -> str:
    (length,) = _unpack(file, "<Q")
    text = file.read(length)
    if len(text) < length:
        raise struct.error("the file ends inside a text")
    return text.decode()


def _value(file: BinaryIO, kind: int) -> Any:
    if kind == _TEXT:
        return _text(file)
    if kind != _ARRAY:
        return _unpack(file, _NUMBERS[kind])[0]
    item, count = _unpack(file, "<IQ")
    if item in _NUMBERS:
        file.seek(struct.calcsize(_NUMBERS[item]) * count, 1)
    else:
        for _ in range(count):
            _value(file, item)
    return None
