"""Chat models in the process: a GGUF run by llama-cpp-python."""

import asyncio
import hashlib
import importlib.util
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from gravity.agents.chat import Reply
from gravity.agents.errors import AskError, ModelError
from gravity.agents.kinds.chat_kind import ChatSettings, PromptedModel
from gravity.agents.kinds.kind import Model
from gravity.store.embeddings import Embedder


class LlamaCppSettings(ChatSettings):
    """A GGUF run in the process by llama-cpp-python."""

    kind: Literal["llama-cpp"]
    path: str
    """A GGUF file, or package:NAME for the one GGUF inside the installed package NAME."""
    context: int = Field(4096, ge=256)
    """Tokens that prompt and answer may have together."""
    max_tokens: int = Field(512, ge=1)
    """The most tokens that an answer may have."""
    threads: int | None = Field(None, ge=1)
    """Processor threads; llama.cpp's own choice where none is given."""
    gpu_layers: int = -1
    """Layers that go onto the GPU, where llama.cpp was built for one; -1 is all."""

    def open(self, embedder: Callable[[], Embedder]) -> Model:
        """The model; its weights are loaded when first asked. Raises ModelError where the file is no GGUF."""
        return PromptedModel(LlamaCppChat(self))


class LlamaCppChat:
    """A GGUF in the process. One call at a time, in a thread of its own, so that the event loop goes on.

    llama.cpp keeps the state of the last prompt, so calls that share a prefix read it once.
    """

    def __init__(self, settings: LlamaCppSettings) -> None:
        self.settings = settings
        self.path = _gguf(settings.path)
        self.name = self.path.stem
        shaping = {"context", "temperature", "max_tokens", "seed"}
        self.identity = {
            "kind": "llama-cpp",
            "file": _fingerprint(self.path),
            **settings.model_dump(include=shaping),
        }

    @cached_property
    def _thread(self) -> ThreadPoolExecutor:
        return ThreadPoolExecutor(max_workers=1, thread_name_prefix=self.name)

    @cached_property
    def _model(self) -> Any:
        try:
            from llama_cpp import Llama
        except ImportError:
            raise ModelError("llama-cpp-python is not installed: pip install 'gravity-preferences[embedded]'") from None
        s = self.settings
        try:
            return Llama(
                str(self.path),
                n_ctx=s.context,
                n_threads=s.threads,
                n_gpu_layers=s.gpu_layers,
                seed=s.seed or 0,
                verbose=False,
            )
        except (ValueError, RuntimeError, OSError) as error:
            raise ModelError(f"{self.path} cannot be loaded by llama.cpp: {error}") from None

    async def complete(self, system: str, user: str, schema: dict[str, Any]) -> Reply:
        """One answer, its form forced by a grammar made from the schema."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._complete, system, user, schema)

    def _complete(self, system: str, user: str, schema: dict[str, Any]) -> Reply:
        s, begun = self.settings, time.monotonic()
        try:
            answer = self._model.create_chat_completion(
                [{"role": "system", "content": system}, {"role": "user", "content": user}],
                response_format={"type": "json_object", "schema": _listed(schema)},
                temperature=s.temperature,
                max_tokens=s.max_tokens,
                seed=s.seed,
            )
        except ValueError as error:
            raise AskError(f"{self.name}: {error}") from None
        usage = answer["usage"]
        text = answer["choices"][0]["message"]["content"] or ""
        seconds = time.monotonic() - begun
        return Reply(text, usage["prompt_tokens"], usage["completion_tokens"], seconds)

    async def close(self) -> None:
        """Ends the thread; the weights stay, and the next call starts another thread."""
        if thread := self.__dict__.pop("_thread", None):
            thread.shutdown(wait=False, cancel_futures=True)


def _listed(schema: Any) -> Any:
    """The schema with bounded integers as lists of their values: the grammar made from it knows no bounds."""
    if isinstance(schema, list):
        return [_listed(value) for value in schema]
    if not isinstance(schema, dict):
        return schema
    if schema.get("type") == "integer" and {"minimum", "maximum"} <= schema.keys():
        return {"enum": list(range(schema["minimum"], schema["maximum"] + 1))}
    return {key: _listed(value) for key, value in schema.items()}


def _gguf(spec: str) -> Path:
    path = _packaged_file(spec, ".gguf") if spec.startswith("package:") else Path(spec).expanduser()
    if path is None:
        raise ModelError(f"'{spec}': no installed package of that name holds one GGUF file")
    try:
        with path.open("rb") as file:
            magic = file.read(4)
    except OSError as error:
        raise ModelError(f"the model file {path} cannot be read: {error.strerror}") from None
    if magic != b"GGUF":
        raise ModelError(f"{path} is not a GGUF file: it begins with {magic!r}")
    return path


def _fingerprint(path: Path) -> str:
    """A hash over the size, the first and the last MiB: reading many gigabytes at each start takes too long."""
    digest, size = hashlib.sha256(str(path.stat().st_size).encode()), path.stat().st_size
    with path.open("rb") as file:
        digest.update(file.read(1 << 20))
        file.seek(max(0, size - (1 << 20)))
        digest.update(file.read())
    return digest.hexdigest()[:16]


def _packaged_file(spec: str, ending: str) -> Path | None:
    """The one file with that ending inside an installed package, for `package:NAME`; None where there is none."""
    try:
        found = importlib.util.find_spec(spec.removeprefix("package:"))
    except (ImportError, ValueError):
        return None
    if found is None or not found.submodule_search_locations:
        return None
    files = [file for place in found.submodule_search_locations for file in Path(place).rglob(f"*{ending}")]
    return files[0] if len(files) == 1 else None
