"""An embedder behind an OpenAI-compatible address: batches as large, and texts as long, as the server takes."""

import logging
import os
import re
from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np

from gravity.store import responses
from gravity.store.embeddings import OpenAIEmbeddingSettings, Vectors
from gravity.store.errors import StoreError

BATCH = 256
# A text that is refused at this length is not refused for its length.
SHORTEST = 32
# With these a server refuses what a request holds; with others, that it is asked at all.
_ABOUT_TEXTS = frozenset({400, 413, 422, 500})
_LONG = r"token|length|context|too (long|large)|exceed"
_BATCH = r"batch|too many (inputs|texts|items)|(inputs|texts|items|array) .{0,40}(at most|maximum|limit)"
_NO_MODEL = r"\bmodel\b.{0,80}\b(not found|not exist|unknown|not loaded|not supported)"
_log = logging.getLogger("gravity")


class _TextsRefusedError(Exception):
    """The server refuses a request for the texts in it."""


class OpenAIEmbedder:
    """An embedder behind an OpenAI-compatible address. Raises StoreError with the server's own words."""

    def __init__(self, settings: OpenAIEmbeddingSettings) -> None:
        self.settings = settings
        self.name = f"openai:{settings.model}"
        self._where = responses.shown(settings.base_url)
        self._batch = BATCH
        self._width: int | None = None
        self._cut = 0

    @property
    def _key(self) -> str | None:
        return os.environ.get(self.settings.api_key_env)

    @cached_property
    def _client(self) -> Any:
        from openai import OpenAI

        s = self.settings
        if self._key is None and s.base_url is None:
            raise StoreError(f"the embedder '{s.model}' needs a key: set the environment variable {s.api_key_env}")
        return OpenAI(base_url=s.base_url, api_key=self._key or "none", timeout=s.timeout, max_retries=s.retries)

    def passages(self, texts: Sequence[str]) -> Vectors:
        """Vectors (n, d), d as the model has it. A text longer than the server takes is cut, and the log says so."""
        rows: list[list[float]] = []
        while len(rows) < len(texts):
            rows += self._some(texts[len(rows) : len(rows) + self._batch])
        vectors = np.asarray(rows, dtype=np.float32)
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True) if rows else vectors
        return np.asarray(vectors / np.maximum(lengths, 1e-12), dtype=np.float32)

    def queries(self, texts: Sequence[str]) -> Vectors:
        """Vectors (n, d); these models make no difference between queries and passages."""
        return self.passages(texts)

    def _some(self, texts: Sequence[str]) -> list[list[float]]:
        """Vectors of the texts of one batch, or of the first of them where the server takes fewer at a time."""
        try:
            return self._ask(texts)
        except _TextsRefusedError as refusal:
            said = str(refusal)
        if len(texts) == 1:
            return [self._shortened(texts[0], said)]
        numbers = [number for number in map(int, re.findall(r"\d{1,6}", said)) if 0 < number < len(texts)]
        about_batch = re.search(_BATCH, said, re.IGNORECASE) is not None
        fewer = max(numbers) if about_batch and numbers else len(texts) // 2
        if about_batch:
            self._batch = fewer
        # One text may be too long, or the sum of all: each half shows which.
        return self._some(texts[:fewer])

    def _shortened(self, text: str, said: str) -> list[float]:
        """The vector of as much of a text as the server takes; `said` is why it does not take the whole."""
        kept = text
        while re.search(_LONG, said, re.IGNORECASE) and len(kept) > SHORTEST:
            kept = kept[: len(kept) // 2]
            try:
                row = self._ask([kept])[0]
            except _TextsRefusedError as refusal:
                said = str(refusal)
                continue
            self._cut += 1
            # The first, the tenth, the hundredth: a log is no list.
            if str(self._cut).strip("0") == "1":
                _log.warning(
                    "the embedder '%s' at %s takes no text of %d characters (%s): cut to %d; texts cut so far: %d",
                    *(self.settings.model, self._where, len(text), said, len(kept), self._cut),
                )
            return row
        raise StoreError(self._line(f"refused a text of {len(text)} characters ('{text[:40]}...'): {said}"))

    def _ask(self, texts: Sequence[str]) -> list[list[float]]:
        """One request."""
        import openai

        # Without encoding_format, which openai's own method sets to base64, numbers are what every server sends.
        body = {"model": self.settings.model, "input": list(texts)}
        try:
            answer = self._client.post("/embeddings", body=body, cast_to=object)
        except openai.APIStatusError as error:
            said = responses.said(responses.parsed(error.response.text))
            if error.status_code in _ABOUT_TEXTS and not re.search(_NO_MODEL, said, re.IGNORECASE):
                raise _TextsRefusedError(said) from None
            raise StoreError(self._line(f"answered {error.status_code}: {said}")) from None
        except openai.APITimeoutError:
            raise StoreError(self._line(f"gave no answer within {self.settings.timeout:g} s")) from None
        except openai.APIConnectionError as error:
            cause = responses.line(error.__cause__ or error)
            raise StoreError(
                self._line(f"cannot be reached ({cause}): is it running, and is base_url right?")
            ) from None
        except (openai.OpenAIError, ValueError) as error:
            raise StoreError(self._line(f"answered what are no embeddings: {responses.line(error)}")) from None
        return self._rows(answer, len(texts))

    def _rows(self, answer: Any, wanted: int) -> list[list[float]]:
        """The vectors of an answer, in the order of the texts."""
        data = answer.get("data") if isinstance(answer, dict) else None
        if not isinstance(data, list) or not all(isinstance(row, dict) for row in data):
            said = responses.said(answer) if isinstance(answer, dict) else responses.line(answer)
            raise StoreError(self._line(f"answered what are no embeddings: {said}"))
        if len(data) != wanted:
            raise StoreError(self._line(f"sent {len(data)} vectors for {wanted} texts"))
        numbered = all(isinstance(row.get("index"), int) for row in data)
        ordered = sorted(data, key=lambda row: row["index"]) if numbered else data
        rows = [row.get("embedding") for row in ordered]
        try:
            made = np.asarray(rows, dtype=np.float64)
        except (ValueError, TypeError):
            made = np.zeros(0)
        if made.ndim != 2 or not made.shape[1] or not np.isfinite(made).all():
            raise StoreError(self._line("sent vectors that are not lists of numbers of one length"))
        if self._width not in (None, made.shape[1]):
            raise StoreError(self._line(f"sent vectors of {made.shape[1]} numbers, and of {self._width} before"))
        self._width = made.shape[1]
        listed: list[list[float]] = made.tolist()
        return listed

    def _line(self, what: str) -> str:
        line = f"the embedder '{self.settings.model}': {self._where} {what}"
        return line.replace(self._key, "***") if self._key else line
