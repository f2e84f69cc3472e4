"""Embedding servers with manners of their own: the vectors are the same, or one line says why there are none."""

import numpy as np
import pytest

from gravity.store.embedding_server import OpenAIEmbedder
from gravity.store.embeddings import OpenAIEmbeddingSettings
from gravity.store.errors import StoreError
from tests.stub.embedder import HashEmbedder
from tests.stub.embedding import Embeddings

TEXTS = [f"the {n} ships of the sea" for n in range(50)]


def embedder(server: Embeddings, retries: int = 0, timeout: float = 30) -> OpenAIEmbedder:
    given = {"model": "hash64", "base_url": server.url, "api_key_env": "MY_KEY"}
    return OpenAIEmbedder(OpenAIEmbeddingSettings(kind="openai", retries=retries, timeout=timeout, **given))


@pytest.mark.parametrize(
    ("manner", "limit", "requests"),
    [
        ("", 10, 1),
        ("small-batch", 32, 3),
        ("small-batch", 1, 51),
        ("silent-batch", 50, 1),
        ("few-tokens-in-all", 400, 20),
        ("no-base64", 10, 1),
        ("no-format", 10, 1),
        ("backwards", 10, 1),
    ],
)
def test_the_vectors_are_those_of_the_texts(manner: str, limit: int, requests: int) -> None:
    with Embeddings(manner, limit) as server:
        made = embedder(server).passages(TEXTS)
    np.testing.assert_allclose(made, HashEmbedder().passages(TEXTS), atol=1e-6)
    assert len(server.sizes) <= requests


def test_a_batch_that_is_refused_without_a_word_is_halved() -> None:
    with Embeddings("silent-batch", 13) as server:
        made = embedder(server).passages(TEXTS)
    np.testing.assert_allclose(made, HashEmbedder().passages(TEXTS), atol=1e-6)
    assert server.sizes[:4] == [50, 25, 12, 38]


def test_the_size_that_a_server_takes_is_remembered() -> None:
    with Embeddings("small-batch", 20) as server:
        made = embedder(server)
        made.passages(TEXTS)
        made.passages(TEXTS)
    assert server.sizes == [50, 20, 20, 10, 20, 20, 10]


def test_a_text_that_is_too_long_is_cut_and_said_so(caplog: pytest.LogCaptureFixture) -> None:
    long = " ".join(f"word{n}" for n in range(200))
    texts = [*TEXTS[:3], long, *TEXTS[3:6], long]
    with Embeddings("short-texts", 500) as server:
        made = embedder(server).passages(texts)
    words = HashEmbedder()
    np.testing.assert_allclose(made[[0, 1, 2, 4, 5, 6]], words.passages(TEXTS[:6]), atol=1e-6)
    np.testing.assert_allclose(made[3], made[7])
    np.testing.assert_allclose(made[3], words.passages([long[: len(long) // 4]])[0], atol=1e-6)
    told = [record.message for record in caplog.records]
    assert len(told) == 1
    assert f"takes no text of {len(long)} characters (the model does not take more than 500 tokens" in told[0]


@pytest.mark.parametrize(
    ("manner", "says"),
    [
        ("error-with-200", "answered what are no embeddings: no model loaded"),
        ("web-page", "answered what are no embeddings"),
        ("too-few", "sent 49 vectors for 50 texts"),
        ("no-vectors", "sent vectors that are not lists of numbers of one length"),
        ("not-a-number", "sent vectors that are not lists of numbers of one length"),
        ("unknown-model", "answered 404: The model `hash64` does not exist."),
        ("wrong-key", "answered 401: Incorrect API key provided: ***."),
        ("overloaded", "answered 503: busy"),
        ("slow", "gave no answer within 0.5 s"),
    ],
)
def test_what_are_no_vectors_is_one_line(monkeypatch: pytest.MonkeyPatch, manner: str, says: str) -> None:
    monkeypatch.setenv("MY_KEY", "sk-secret")
    with Embeddings(manner) as server:
        with pytest.raises(StoreError) as raised:
            embedder(server, timeout=0.5 if manner == "slow" else 30).passages(TEXTS)
        line = str(raised.value)
        assert f"the embedder 'hash64': {server.url} {says}" in line
    assert "\n" not in line and "sk-secret" not in line
    assert server.counts.keys <= {"Bearer sk-secret"}


def test_vectors_of_another_width_than_before_are_refused() -> None:
    with Embeddings("another-width", playing=range(1, 9)) as server:
        made = embedder(server)
        made.passages(TEXTS)
        with pytest.raises(StoreError, match="sent vectors of 7 numbers, and of 64 before"):
            made.queries(TEXTS)


def test_a_passing_fault_is_got_over() -> None:
    with Embeddings("overloaded", playing=range(2)) as server:
        made = embedder(server, retries=2).passages(TEXTS)
    np.testing.assert_allclose(made, HashEmbedder().passages(TEXTS), atol=1e-6)


def test_an_address_where_nobody_listens_is_one_line() -> None:
    settings = OpenAIEmbeddingSettings(kind="openai", model="m", base_url="http://127.0.0.1:1/v1", retries=0)
    with pytest.raises(StoreError, match=r"cannot be reached .*: is it running, and is base_url right") as raised:
        OpenAIEmbedder(settings).passages(["a"])
    assert "\n" not in str(raised.value)


def test_openai_without_a_key_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MY_KEY", raising=False)
    settings = OpenAIEmbeddingSettings(kind="openai", model="m", api_key_env="MY_KEY")
    with pytest.raises(StoreError, match="needs a key: set the environment variable MY_KEY"):
        OpenAIEmbedder(settings).passages(["a"])
