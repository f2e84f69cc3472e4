"""Chat models in the process: a GGUF run by llama-cpp-python."""

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property, partial
from typing import Any, Literal

from pydantic import Field

from gravity.agents.chances import Chances, answers_offered, with_confidence
from gravity.agents.chat import Reply
from gravity.agents.errors import ModelError, UnusableError
from gravity.agents.gguf import Header, locate, read_header
from gravity.agents.gguf.tokens import count_tokens
from gravity.agents.kinds.kind import Model
from gravity.agents.kinds.reading import ReadingSettings
from gravity.agents.window import Window
from gravity.store.embeddings import Embedder

# Tokens of context where the configuration names none and the model could have more: of a model with 8 billion
# parameters they take 2 GiB.
DEFAULT_CONTEXT = 16_384
# For a file that does not say what it was trained for.
UNKNOWN_CONTEXT = 4_096


class LlamaCppSettings(ReadingSettings):
    """A GGUF run in the process by llama-cpp-python."""

    kind: Literal["llama-cpp"]
    path: str
    """A GGUF file, package:NAME for the one GGUF inside the installed package NAME, or hf:OWNER/REPO/FILE.gguf for one
    on the Hugging Face hub, which is downloaded once. Of a model in parts, the first."""
    revision: str | None = None
    """The branch, tag or commit of a hub's repository; its main branch where none is given."""
    sha256: str | None = Field(None, pattern="^[0-9a-fA-F]{64}$")
    """What the file's SHA-256 has to be; the whole file is read for it at each start."""
    context: int | None = Field(None, ge=256)
    """Tokens that prompt and answer may have together, at most the model's own; where none is given the model's own, up
    to 16,384."""
    max_tokens: int = Field(512, ge=1)
    """The most tokens that an answer may have."""
    threads: int | None = Field(None, ge=1)
    """Processor threads; llama.cpp's own choice where none is given."""
    gpu_layers: int = -1
    """Layers that go onto the GPU, where llama.cpp was built for one; -1 is all."""

    def open(self, embedder: Callable[[], Embedder]) -> Model:
        """The model; its weights are loaded when first asked. Raises ModelError where there is no such GGUF."""
        chat = LlamaCppChat(self)
        model = self.opened(chat, 1)
        model.window = Window(chat.context, self.max_tokens, partial(count_tokens, chat.path))
        return model


class LlamaCppChat:
    """A GGUF in the process. One call at a time, in a thread of its own, so that the event loop goes on.

    llama.cpp keeps the state of the last prompt, so calls that share a prefix read it once.
    """

    def __init__(self, settings: LlamaCppSettings) -> None:
        self.settings = settings
        file = locate(settings.path, settings.revision, settings.sha256)
        self.path = file.path
        self.name = self.path.stem
        self.context = _context(settings.context, read_header(self.path))
        # The context is left out: an answer that fits into it does not depend on it.
        self.identity = {
            "kind": "llama-cpp",
            "file": file.fingerprint,
            **settings.model_dump(include={"temperature", "max_tokens", "seed"}),
            **settings.read_as(),
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
                n_ctx=self.context,
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

    async def next_token(self, system: str, user: str) -> Chances:
        """The likeliest first tokens of its answer."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._next_token, system, user)

    def _complete(self, system: str, user: str, schema: dict[str, Any]) -> Reply:
        from gravity.agents.gguf.logits import LogitsTap

        s, begun = self.settings, time.monotonic()
        offered = answers_offered(schema) if s.confidence == "logprobs" else []
        tap = LogitsTap(self._model) if offered else None
        answer = self._ask(
            system,
            user,
            response_format={"type": "json_object", "schema": _listed(schema)},
            max_tokens=s.max_tokens,
            logits_processor=tap and [tap],
        )
        choice, usage = answer["choices"][0], answer["usage"]
        if choice["finish_reason"] == "length":
            raise UnusableError(self._cut(usage["prompt_tokens"]))
        text = choice["message"]["content"] or ""
        if tap:
            text = with_confidence(text, tap.tokens, offered)
        seconds = time.monotonic() - begun
        return Reply(text, usage["prompt_tokens"], usage["completion_tokens"], seconds)

    def _next_token(self, system: str, user: str) -> Chances:
        from gravity.agents.gguf.logits import LogitsTap

        begun, tap = time.monotonic(), LogitsTap(self._model)
        usage = self._ask(system, user, max_tokens=1, logits_processor=[tap])["usage"]
        seconds = time.monotonic() - begun
        return Chances(tap.first, usage["prompt_tokens"], usage["completion_tokens"], seconds)

    def _ask(self, system: str, user: str, **arguments: Any) -> Any:
        s = self.settings
        try:
            return self._model.create_chat_completion(
                [{"role": "system", "content": system}, {"role": "user", "content": user}],
                temperature=s.temperature,
                seed=s.seed,
                **arguments,
            )
        except ValueError as error:
            tokens = len(self._model.tokenize(f"{system}\n{user}".encode(), add_bos=False))
            if tokens < self.context and "context window" not in str(error):
                raise UnusableError(f"{self.name}: {error}") from None
            raise UnusableError(
                f"{self.name}: a prompt of {tokens:,} tokens does not fit into its context window of {self.context:,}"
            ) from None

    def _cut(self, tokens_in: int) -> str:
        s = self.settings
        if tokens_in + s.max_tokens >= self.context:
            left = self.context - tokens_in
            return f"{self.name}: cut after {left:,} tokens, where its context of {self.context:,} ends"
        return f"{self.name}: cut at max_tokens {s.max_tokens:,}: raise it"

    async def close(self) -> None:
        """Ends the thread; the weights stay, and the next call starts another thread."""
        if thread := self.__dict__.pop("_thread", None):
            thread.shutdown(wait=False, cancel_futures=True)


def _context(wanted: int | None, header: Header) -> int:
    own = header.context_length
    return min(wanted or DEFAULT_CONTEXT, own) if own else wanted or UNKNOWN_CONTEXT


def _listed(schema: Any) -> Any:
    """The schema with bounded integers as lists of their values: the grammar made from it knows no bounds."""
    if isinstance(schema, list):
        return [_listed(value) for value in schema]
    if not isinstance(schema, dict):
        return schema
    if schema.get("type") == "integer" and {"minimum", "maximum"} <= schema.keys():
        return {"enum": list(range(schema["minimum"], schema["maximum"] + 1))}
    return {key: _listed(value) for key, value in schema.items()}
