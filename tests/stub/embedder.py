"""An embedder without a model: words hashed into 64 places, the same on every machine."""

import re
import zlib
from collections.abc import Sequence

import numpy as np

from gravity.store.embeddings import Vectors

WIDTH = 64


class HashEmbedder:
    """Texts that share words lie near one another; it knows nothing of meaning."""

    name = "hash64"

    def passages(self, texts: Sequence[str]) -> Vectors:
        """Unit vectors (n, 64); an empty text gets the first axis."""
        vectors = np.zeros((len(texts), WIDTH), dtype=np.float32)
        for row, text in enumerate(texts):
            for word in re.findall(r"\w+", text.casefold()):
                place = zlib.crc32(word.encode())
                vectors[row, place % WIDTH] += 1 if place & WIDTH else -1
            if not vectors[row].any():
                vectors[row, 0] = 1
        return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), dtype=np.float32)

    def queries(self, texts: Sequence[str]) -> Vectors:
        """The same as for passages."""
        return self.passages(texts)
