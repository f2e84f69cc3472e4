"""The views of a run with their vectors, and which of them are near."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from gravity.store.embeddings import Vectors
from gravity.store.vectors import VectorStore
from gravity.store.views import View

_BLOCK = 512  # vectors whose cosines with all others are held at a time
_DIGITS = 5  # of a cosine: the others change with the order in which Chroma was given the vectors


@dataclass(frozen=True)
class Space:
    """Views by id, those that are indexed, in an order that is the same in every run with these views; `matrix` holds
    their unit vectors (n, d).

    They come out of Chroma and are compared exactly: its own search may pass some over, which ones depends on the order
    that they were given to it in, and two runs would ask about other groups.
    """

    views: Mapping[str, View]
    matrix: Vectors

    @classmethod
    def of(cls, vectors: VectorStore, views: Mapping[str, View]) -> "Space":
        """The space of the views that the vector store holds."""
        found = vectors.vectors("views", list(views))
        ordered = sorted((views[identity] for identity in found), key=words)
        matrix = np.stack([found[view.id] for view in ordered]) if ordered else np.empty((0, 0), dtype=np.float32)
        return cls({view.id: view for view in ordered}, matrix)

    def nearest(self, vectors: Vectors, count: int) -> Iterator[list[tuple[str, float]]]:
        """For each of the vectors (m, d) at most `count` views, best first and then in their order, with cosines."""
        ids, count = list(self.views), min(count, len(self.views))
        for start in range(0, len(vectors), _BLOCK):
            for row in np.round(vectors[start : start + _BLOCK] @ self.matrix.T, _DIGITS):
                able = np.flatnonzero(row >= np.partition(row, -count)[-count])
                best = able[np.argsort(-row[able], kind="stable")][:count]
                yield [(ids[n], float(row[n])) for n in best]


def words(view: View) -> tuple[str, str, str, str]:
    """What orders views, whose ids are those of a run."""
    return view.reader, view.statement, view.quote, view.review
