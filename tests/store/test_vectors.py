"""A real Chroma: texts are indexed once and found again by their words."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest

from gravity.store.embeddings import Vectors
from gravity.store.errors import StoreError
from gravity.store.records import Book
from gravity.store.vectors import BATCH, Entry, VectorStore, book_entry, review_entry
from tests.store.build import review
from tests.stub.embedder import HashEmbedder


class Counting(HashEmbedder):
    """Counts the texts that it is given to embed."""

    def __init__(self) -> None:
        self.asked = 0

    def passages(self, texts: Sequence[str]) -> Vectors:
        self.asked += len(texts)
        return super().passages(texts)


class Other(HashEmbedder):
    name = "other"


ENTRIES = [
    Entry("sea", "storm ship harbour", "ana"),
    Entry("farm", "cow wheat plough", "ana"),
    Entry("sea2", "storm ship anchor", "bob"),
]


@pytest.fixture
def embedder() -> Counting:
    return Counting()


@pytest.fixture
def vectors(tmp_path: Path, embedder: Counting) -> Iterator[VectorStore]:
    yield VectorStore(str(tmp_path / "chroma"), embedder)


def test_texts_are_embedded_once(vectors: VectorStore, embedder: Counting) -> None:
    many = [Entry(f"e{n}", f"word{n}", "ana") for n in range(BATCH + 3)]
    assert vectors.index("reviews", many) == BATCH + 3
    assert vectors.index("reviews", iter(many)) == 0
    assert vectors.index("reviews", [*many[:5], *ENTRIES, ENTRIES[0]]) == 3
    assert vectors.index("reviews", []) == 0
    assert embedder.asked == BATCH + 6
    assert vectors.index("books", many[:2]) == 2


def test_what_is_indexed_is_there_for_another_store(vectors: VectorStore, embedder: Counting) -> None:
    vectors.index("reviews", ENTRIES)
    again = VectorStore(vectors.address, Counting())
    assert again.index("reviews", ENTRIES) == 0
    assert again.near("reviews", embedder.queries(["wheat plough"]), 1) == [["farm"]]


def test_nearest_come_first_and_a_label_leaves_out_the_rest(vectors: VectorStore, embedder: Counting) -> None:
    vectors.index("reviews", ENTRIES)
    asked = embedder.queries(["storm ship anchor", "a cow and a plough"])
    by_sea, by_farm = vectors.near("reviews", asked, 2)
    assert by_sea == ["sea2", "sea"]
    assert (by_farm[0], len(by_farm)) == ("farm", 2)
    assert vectors.near("reviews", asked, 1, label="ana") == [["sea"], ["farm"]]
    assert vectors.near("reviews", asked, 9, label="bob") == [["sea2"], ["sea2"]]
    assert vectors.near("reviews", asked, 9, label="nobody") == [[], []]
    assert vectors.near("reviews", asked[:0], 2) == []
    assert vectors.near("books", asked, 2) == [[], []]


def test_order_is_that_of_the_cosine(vectors: VectorStore, embedder: Counting) -> None:
    entries = [Entry(f"e{n}", " ".join(f"w{n * k % 17}" for k in range(1, 9)), "ana") for n in range(40)]
    vectors.index("reviews", entries)
    made, asked = embedder.passages([entry.text for entry in entries]), embedder.queries(["w1 w2 w3 w5"])
    cosines = dict(zip((entry.id for entry in entries), (made @ asked[0]).tolist(), strict=True))
    found = vectors.near("reviews", asked, 10)[0]
    expected = sorted(cosines.values(), reverse=True)[:10]
    assert [cosines[identity] for identity in found] == pytest.approx(expected, abs=1e-5)


def test_vectors_come_back_by_id(vectors: VectorStore, embedder: Counting) -> None:
    vectors.index("reviews", ENTRIES)
    found = vectors.vectors("reviews", ["farm", "none", "sea", "sea"])
    assert found.keys() == {"farm", "sea"}
    np.testing.assert_allclose(found["farm"], embedder.passages(["cow wheat plough"])[0], atol=1e-6)
    assert vectors.vectors("reviews", []) == {}


def test_mean_is_that_of_what_is_indexed(vectors: VectorStore, embedder: Counting) -> None:
    with pytest.raises(StoreError, match="no reviews are indexed yet"):
        vectors.mean("reviews")
    vectors.index("reviews", ENTRIES)
    expected = embedder.passages([entry.text for entry in ENTRIES]).mean(axis=0)
    np.testing.assert_allclose(vectors.mean("reviews"), expected, atol=1e-6)
    assert vectors.mean("reviews", sample=1).shape == expected.shape


def test_vectors_of_another_embedder_are_refused_in_one_line(vectors: VectorStore) -> None:
    vectors.index("reviews", ENTRIES)
    other = VectorStore(vectors.address, Other())
    for use in (lambda: other.index("reviews", ENTRIES), lambda: other.mean("reviews")):
        with pytest.raises(StoreError, match="were made by hash64 and not by other: delete that folder") as caught:
            use()
        assert "\n" not in str(caught.value)
    assert vectors.index("reviews", ENTRIES) == 0


def test_chroma_that_refuses_is_a_store_error_of_one_line(tmp_path: Path, vectors: VectorStore) -> None:
    vectors.index("reviews", ENTRIES)
    with pytest.raises(StoreError, match="dimension"):
        vectors.near("reviews", np.ones((1, 5), dtype=np.float32), 1)
    (tmp_path / "file").write_text("no folder")
    for address in (str(tmp_path / "file"), "http://127.0.0.1:1", "http://127.0.0.1:port"):
        with pytest.raises(StoreError, match="cannot be opened") as caught:
            VectorStore(address, Counting()).index("reviews", ENTRIES)
        assert "\n" not in str(caught.value)


def test_reviews_and_books_are_indexed_with_what_they_are_filtered_by() -> None:
    assert review_entry(review("r1", "ana", title="Salt", text="Good.")) == Entry("r1", "Salt\nGood.", "ana")
    book = Book(id="B1", title="Salt", description="A storm.", categories=["Books", "Cozy"])
    assert book_entry(book) == Entry("B1", "Salt\nA storm.", "Cozy")
    assert book_entry(Book(id="B2", title="Salt")).label == ""
