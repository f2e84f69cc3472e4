"""Reviews, books, scenarios and views in Chroma: indexed once, and found again by meaning."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Any, Literal

import numpy as np

from gravity.frameworks.issues import both_sides
from gravity.store.embeddings import Embedder, Vectors
from gravity.store.errors import StoreError
from gravity.store.records import Book, Review
from gravity.store.views import View

Kind = Literal["reviews", "books", "scenes", "views"]
BATCH = 64
MOST_IDS = 10_000  # in one question: Chroma's SQLite takes 32,766


@dataclass(frozen=True)
class Entry:
    """A text to be indexed under `id`, with one label to filter by: a review's reader, a book's genre, a view's run."""

    id: str
    text: str
    label: str


def review_entry(review: Review) -> Entry:
    """A review as it is indexed."""
    return Entry(review.id, f"{review.title}\n{review.text}", review.reader)


def book_entry(book: Book) -> Entry:
    """A book as it is indexed."""
    return Entry(book.id, f"{book.title}\n{book.description}", book.categories[-1] if book.categories else "")


def view_entry(view: View) -> Entry:
    """A view as it is indexed: by what it is about, beside the other views of its run."""
    return Entry(view.id, both_sides(view), view.run)


class VectorStore:
    """Chroma, in a folder of its own or at a server's address, with vectors of one embedder.

    `address` is a folder or an http(s) URL. Errors of Chroma are raised as StoreError.
    """

    def __init__(self, address: str, embedder: Embedder) -> None:
        self.address = address
        self.embedder = embedder
        self._collections: dict[Kind, Any] = {}

    @cached_property
    def _client(self) -> Any:
        import chromadb
        from chromadb.config import Settings

        settings = Settings(anonymized_telemetry=False)
        try:
            if self.address.startswith(("http://", "https://")):
                ssl = self.address.startswith("https://")
                host, _, port = self.address.split("://", 1)[1].rstrip("/").partition(":")
                port_number = int(port) if port else (443 if ssl else 8000)
                return chromadb.HttpClient(host=host, port=port_number, ssl=ssl, settings=settings)
            Path(self.address).mkdir(parents=True, exist_ok=True)
            return chromadb.PersistentClient(path=self.address, settings=settings)
        except Exception as error:
            raise StoreError(f"Chroma at {self.address} cannot be opened: {error}") from None

    def _collection(self, kind: Kind) -> Any:
        if kind not in self._collections:
            name, client = self.embedder.name, self._client
            with self._asking():
                collection = client.get_or_create_collection(
                    kind,
                    embedding_function=None,
                    metadata={"embedder": name},
                    configuration={"hnsw": {"space": "cosine"}},
                )
            made_by = collection.metadata.get("embedder")
            if made_by != name:
                raise StoreError(
                    f"the vectors at {self.address} were made by {made_by} and not by {name}: delete that "
                    "folder to index again, or set [embeddings] back"
                )
            self._collections[kind] = collection
        return self._collections[kind]

    @contextmanager
    def _asking(self) -> Iterator[None]:
        try:
            yield
        except Exception as error:
            raise StoreError(f"Chroma at {self.address} cannot be used: {' '.join(str(error).split())}") from error

    def index(self, kind: Kind, entries: Iterable[Entry]) -> int:
        """Adds the entries that are not there yet, and returns how many those were."""
        collection, added, stream = self._collection(kind), 0, iter(entries)
        while batch := list(islice(stream, BATCH)):
            found = {entry.id: entry for entry in batch}
            with self._asking():
                there = set(collection.get(ids=list(found), include=[])["ids"])
            new = [entry for entry in found.values() if entry.id not in there]
            if not new:
                continue
            vectors = self.embedder.passages([entry.text for entry in new])
            with self._asking():
                collection.upsert(
                    ids=[entry.id for entry in new],
                    embeddings=vectors,
                    metadatas=[{"label": entry.label} for entry in new],
                )
            added += len(new)
        return added

    def near(self, kind: Kind, vectors: Vectors, count: int, label: str | None = None) -> list[list[str]]:
        """For each vector the ids of at most `count` entries nearest to it, best first."""
        return [[identity for identity, _ in near] for near in self.nearest(kind, vectors, count, label)]

    def nearest(
        self, kind: Kind, vectors: Vectors, count: int, label: str | None = None
    ) -> list[list[tuple[str, float]]]:
        """The same with the cosine of each. Those equally near, to five digits, come by id."""
        collection = self._collection(kind)
        if not len(vectors):
            return []
        where = {"label": label} if label is not None else None
        with self._asking():
            found = collection.query(query_embeddings=vectors, n_results=count, where=where, include=["distances"])
        rows = zip(found["ids"], found["distances"], strict=True)
        return [
            sorted(zip(ids, (1 - d for d in distances), strict=True), key=lambda near: (-round(near[1], 5), near[0]))
            for ids, distances in rows
        ]

    def vectors(self, kind: Kind, ids: Sequence[str]) -> dict[str, Vectors]:
        """The vectors of those ids that are indexed, each of shape (d,)."""
        collection, distinct = self._collection(kind), list(dict.fromkeys(ids))
        vectors: dict[str, Vectors] = {}
        for start in range(0, len(distinct), MOST_IDS):
            with self._asking():
                found = collection.get(ids=distinct[start : start + MOST_IDS], include=["embeddings"])
            vectors.update(zip(found["ids"], found["embeddings"], strict=True))
        return vectors

    def mean(self, kind: Kind, sample: int = 1_000) -> Vectors:
        """The mean, of shape (d,), of the first `sample` vectors. Raises StoreError where there is none."""
        collection = self._collection(kind)
        with self._asking():
            found = collection.get(limit=sample, include=["embeddings"])
        if not found["ids"]:
            raise StoreError(f"no {kind} are indexed yet")
        vectors: Vectors = np.asarray(found["embeddings"], dtype=np.float32)
        return np.asarray(vectors.mean(axis=0), dtype=np.float32)
