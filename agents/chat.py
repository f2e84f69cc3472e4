"""Chat models, remote and in the process, behind one small face."""

import asyncio
import hashlib
import json
import os
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

from gravity.agents.errors import AskError, ModelError
from gravity.agents.settings import LlamaCppSettings, OpenAISettings, packaged_file


@dataclass(frozen=True)
class Reply:
    """What a model answered, the tokens it counted, and its seconds without those spent waiting for a slot."""

    text: str
    tokens_in: int
    tokens_out: int
    seconds: float


class ChatModel(Protocol):
    """A chat model. `name` is for people; `identity` holds all of it that shapes an answer."""

    name: str
    identity: dict[str, Any]

    async def complete(self, system: str, user: str, schema: dict[str, Any]) -> Reply:
        """One answer in the JSON schema.

        Raises AskError where this call got none, ModelError where the model cannot be used at all.
        """
        ...

    async def close(self) -> None:
        """Gives back connections and threads; the model is not used again."""
        ...


class OpenAIChat:
    """langchain-openai's ChatOpenAI at any OpenAI-compatible address."""

    def __init__(self, settings: OpenAISettings) -> None:
        self.settings = settings
        self.name = settings.model
        self.where = settings.base_url or "https://api.openai.com/v1"
        self._transport: Any = None
        shaping = {"model", "base_url", "temperature", "max_tokens", "seed"}
        self.identity = {"kind": "openai", **settings.model_dump(include=shaping)}

    @cached_property
    def _slots(self) -> asyncio.Semaphore:
        return asyncio.Semaphore(self.settings.max_in_flight)

    @cached_property
    def _client(self) -> Any:
        from openai import DefaultAioHttpClient
        from pydantic import SecretStr

        from gravity.agents.lean import LeanChatOpenAI

        s = self.settings
        key = os.environ.get(s.api_key_env)
        if key is None and s.base_url is None:
            raise ModelError(f"model '{s.model}' needs a key: set the environment variable {s.api_key_env}")
        # aiohttp's transport spent a sixth to a quarter less processor time a call than httpx's own.
        self._transport = DefaultAioHttpClient()
        return LeanChatOpenAI(
            model=s.model,
            base_url=s.base_url,
            api_key=SecretStr(key or "none"),
            temperature=s.temperature,
            max_completion_tokens=s.max_tokens,
            seed=s.seed,
            timeout=s.timeout,
            max_retries=s.retries,
            http_async_client=self._transport,
        )

    async def complete(self, system: str, user: str, schema: dict[str, Any]) -> Reply:
        """One answer from the server."""
        import openai

        wanted = {"name": "answer", "schema": schema, "strict": True}
        async with self._slots:
            begun = time.monotonic()
            try:
                message = await self._client.ainvoke(
                    [("system", system), ("user", user)],
                    response_format={"type": "json_schema", "json_schema": wanted},
                )
            except openai.APIConnectionError as error:
                # openai's aiohttp transport calls every lost connection a timeout.
                refused = _refused(error)
                if refused is None and isinstance(error, openai.APITimeoutError):
                    raise AskError(f"{self.where} gave no answer within {self.settings.timeout:g} s") from None
                cause = refused or error.__cause__ or error
                raise ModelError(
                    f"model '{self.name}': {self.where} cannot be reached ({cause}): is it running, and is "
                    "base_url right?"
                ) from None
            except (openai.AuthenticationError, openai.PermissionDeniedError, openai.NotFoundError) as error:
                raise ModelError(
                    f"model '{self.name}': {self.where} refused with {error.status_code}: check the model's "
                    f"name and {self.settings.api_key_env}"
                ) from None
            except openai.APIStatusError as error:
                raise AskError(f"{self.where} answered {error.status_code}: {_line(error.message)}") from None
            except (openai.APIError, ValueError, TypeError, LookupError, AttributeError) as error:
                # What langchain-openai makes of a web page, an empty list of choices, or a body cut in the middle.
                raise AskError(f"{self.where} answered what is no chat completion: {_line(error)}") from None
        usage = message.usage_metadata or {}
        text = message.content if isinstance(message.content, str) else json.dumps(message.content)
        seconds = time.monotonic() - begun
        return Reply(text, usage.get("input_tokens", 0), usage.get("output_tokens", 0), seconds)

    async def close(self) -> None:
        """Closes the connections."""
        if self._transport is not None:
            await self._transport.aclose()


def _refused(error: BaseException | None) -> BaseException | None:
    """What refused the connection, if it is among the causes."""
    import aiohttp

    while error is not None and not isinstance(error, aiohttp.ClientConnectorError):
        error = error.__cause__
    return error


def _line(text: object) -> str:
    return " ".join(str(text).split())[:200]


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
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix=self.name)

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
                seed=s.seed,
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
        """Ends the thread."""
        self._thread.shutdown(wait=False, cancel_futures=True)


def _listed(schema: Any) -> Any:
    """The schema with bounded integers as lists of their values: the grammar made from it knows no bounds."""
    if isinstance(schema, list):
        return [_listed(value) for value in schema]
    if not isinstance(schema, dict):
        return schema
    if schema.get("type") == "integer" and {"minimum", "maximum"} <= schema.keys():
        return {"enum": list(range(schema["minimum"], schema["maximum"] + 1))}
    return {key: _listed(value) for key, value in schema.items()}


def open_chat(settings: OpenAISettings | LlamaCppSettings) -> ChatModel:
    """The chat model of the settings. Raises ModelError where it cannot be used."""
    return OpenAIChat(settings) if isinstance(settings, OpenAISettings) else LlamaCppChat(settings)


def _gguf(spec: str) -> Path:
    path = packaged_file(spec, ".gguf") if spec.startswith("package:") else Path(spec).expanduser()
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
