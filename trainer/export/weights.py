"""The weights of a saved model, read from its safetensors files one at a time."""

import contextlib
import math
from pathlib import Path
from typing import Any

import numpy as np

from gravity.trainer.errors import ModelError
from gravity.trainer.export.layout import Layout, permuted
from gravity.trainer.models.bases import weight_files
from gravity.trainer.models.outline import blank

_HEAD = "lm_head.weight"
_BYTES = {"F32": 4, "F16": 2, "BF16": 2}


class Weights:
    """The weights that transformers would load from a folder; what else its files hold is left where it is.

    `names` are those of the model that the configuration describes. A head that is the embeddings once more is among
    them only where the files have one of its own, which transformers then uses.
    """

    def __init__(self, folder: Path, config: Any) -> None:
        """Open the files. Raises ModelError where one is missing, or they hold others than the configuration says."""
        from safetensors import SafetensorError, safe_open

        self._stack = contextlib.ExitStack()
        self._files: dict[str, Any] = {}
        try:
            for file in weight_files(folder):
                opened = self._stack.enter_context(safe_open(file, framework="pt"))
                self._files |= dict.fromkeys(opened.keys(), opened)
        except (OSError, SafetensorError) as error:
            raise ModelError(f"model {folder}: {file.name} is missing or damaged: copy the folder anew") from error
        expected = {name: tuple(weight.shape) for name, weight in blank(config).state_dict().items()}
        if config.tie_word_embeddings and _HEAD not in self._files:
            del expected[_HEAD]
        self.names = sorted(expected)
        for name, shape in expected.items():
            found = tuple(self._files[name].get_slice(name).get_shape()) if name in self._files else None
            if found != shape:
                has = "is missing" if found is None else f"has the shape {found} and not {shape}"
                raise ModelError(
                    f"model {folder}: by its config.json the weight {name} {has}: give a folder of one save"
                )

    def __enter__(self) -> "Weights":
        """Return the weights, to be closed when the block ends."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the files."""
        self._stack.close()

    def layout(self, name: str) -> tuple[list[int], Any, int, Any]:
        """Return what the header says of a weight: shape, kind of number, bytes, and GGUF's name for the kind."""
        import gguf

        part = self._files[name].get_slice(name)
        shape = list(part.get_shape())
        # llama.cpp wants vectors, which are small, in float32.
        kind = "F32" if len(shape) == 1 else part.get_dtype()
        if kind not in _BYTES:
            raise ModelError(f"the weight {name} is of the kind {kind}: merge with one of {', '.join(_BYTES)}")
        return shape, np.dtype(np.float32), math.prod(shape) * _BYTES[kind], gguf.GGMLQuantizationType[kind]

    def read(self, name: str, config: Any, layout: Layout) -> np.ndarray[Any, Any]:
        """Return a weight's bytes in llama.cpp's order."""
        import torch

        weight = permuted(name, self._files[name].get_tensor(name), config, layout)
        if weight.ndim == 1:
            weight = weight.float()
        return np.asarray(weight.contiguous().view(torch.uint8).numpy())
