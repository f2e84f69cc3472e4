"""Chat models of any provider that LangChain has an integration for."""

import asyncio
import json
import logging
import os
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from typing import Any, Literal

from pydantic import Field, SecretStr, field_validator

from gravity.agents.chat import Reply
from gravity.agents.errors import ModelError, RefusalError, UnusableError
from gravity.agents.kinds.chat_kind import ChatSettings, PromptedModel
from gravity.agents.kinds.kind import Model
from gravity.agents.kinds.provider_errors import outcome, setback_of
from gravity.agents.rate.throttle import throttle_of
from gravity.store.embeddings import Embedder

# The words of providers for an answer that a model or a filter refused, and for one that was cut.
REFUSED = {"refusal", "content_filter", "guardrail_intervened", "safety", "prohibited_content", "blocklist", "spii"}
CUT = {"max_tokens", "length", "model_context_window_exceeded"}
# Our extras by provider; of another provider the name of the package is enough.
EXTRAS = {"anthropic": "anthropic", "google_genai": "google"}


class LangChainSettings(ChatSettings):
    """A chat model of a provider that LangChain has an integration for."""

    kind: Literal["langchain"]
    model: str = Field(pattern=r"^[a-z_]+:.+$")
    """Provider and model as LangChain's init_chat_model has them, such as anthropic:claude-sonnet-4-5."""
    base_url: str | None = None
    """The address; the provider's own where none is given."""
    api_key_env: str | None = None
    """The environment variable that holds the key; the one that the provider's package reads where none is given."""
    temperature: float | None = Field(None, ge=0, le=2)  # type: ignore[assignment]
    """How freely answers are sampled; left to the provider where none is given."""
    seed: int | None = None
    """The seed that answers are sampled with, for providers that take one."""
    max_in_flight: int = Field(16, ge=1)
    """The most calls at a time."""
    timeout: float = Field(120, gt=0)
    """Seconds to wait for an answer."""
    retries: int = Field(6, ge=0)
    """How often a limit, an overload or a broken connection is tried again, with the pauses that the server asks for.
    """
    stall: float = Field(300, gt=0)
    """Seconds in which nobody is answered there, after which calls are given up."""
    extra: dict[str, Any] = Field({})
    """Further arguments of the provider's class, such as transport = "rest". No keys: they come from the environment.
    """

    @field_validator("extra")
    @classmethod
    def _no_secrets(cls, extra: dict[str, Any]) -> dict[str, Any]:
        for name in extra:
            if any(word in name.lower() for word in ("api_key", "secret", "password", "credential")):
                raise ValueError(f"'{name}' must not stand in a file: name an environment variable in api_key_env")
        return extra

    def open(self, embedder: Callable[[], Embedder]) -> Model:
        """The model; nothing is sent yet."""
        return PromptedModel(LangChainChat(self), self.max_in_flight)


class LangChainChat:
    """A provider's chat model behind LangChain's `with_structured_output`.

    It is called in threads: every integration can be, while connections of their asynchronous clients are kept for a
    process and outlive the event loop that they belong to.
    """

    def __init__(self, settings: LangChainSettings) -> None:
        self.settings = settings
        self.name = settings.model
        self.where = settings.base_url or settings.model.partition(":")[0]
        shaping = {"model", "base_url", "temperature", "max_tokens", "seed", "extra"}
        self.identity = {"kind": "langchain", **settings.model_dump(include=shaping)}
        self._throttle = throttle_of(self.where, self.name, settings.max_in_flight, settings.stall)

    @cached_property
    def _threads(self) -> ThreadPoolExecutor:
        return ThreadPoolExecutor(self.settings.max_in_flight, thread_name_prefix=self.name)

    @cached_property
    def _model(self) -> Any:
        s = self.settings
        try:
            from langchain.chat_models import init_chat_model
        except ImportError:
            raise ModelError(f"model '{s.model}' needs the package langchain: pip install langchain") from None
        given = {"base_url": s.base_url, "temperature": s.temperature, "seed": s.seed, "api_key": self._key}
        arguments: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
        try:
            # Retries are made here, alike for all providers.
            model = init_chat_model(
                s.model,
                max_tokens=s.max_tokens,
                timeout=s.timeout,
                max_retries=0,
                **arguments,
                **s.extra,
            )
            # What integrations warn of, such as an empty answer, is said here in errors of one line.
            logging.getLogger(type(model).__module__.partition(".")[0]).setLevel(logging.ERROR)
            return model
        except ImportError as error:
            raise ModelError(f"model '{s.model}': {self._missing(error)}") from None
        except (ValueError, TypeError) as error:
            raise ModelError(f"model '{s.model}' cannot be opened: {self._line(error)}") from None

    @property
    def _key(self) -> str | None:
        variable = self.settings.api_key_env
        if variable is None:
            return None
        if not os.environ.get(variable):
            raise ModelError(f"model '{self.name}' needs a key: set the environment variable {variable}")
        return os.environ[variable]

    def _missing(self, error: ImportError) -> str:
        extra = EXTRAS.get(self.name.partition(":")[0])
        if extra:
            return f"its provider's package is not installed: pip install 'gravity-preferences[{extra}]'"
        return self._line(error)

    async def complete(self, system: str, user: str, schema: dict[str, Any]) -> Reply:
        """One answer from the provider."""
        loop, s = asyncio.get_running_loop(), self.settings
        model = self._model
        try:
            message, seconds = await self._throttle.call(
                lambda: loop.run_in_executor(self._threads, _invoke, model, system, user, schema), s.retries, setback_of
            )
        except Exception as error:
            raise outcome(error, self.name, self.where, self._line, s.timeout) from error
        return self._reply(message, seconds)

    def _reply(self, message: Any, seconds: float) -> Reply:
        told = message.response_metadata
        ended = str(told.get("stop_reason") or told.get("finish_reason") or "").lower()
        if ended in REFUSED or (told.get("prompt_feedback") or {}).get("block_reason"):
            said = self._line(message.text) or ended or "its filter blocked the question"
            raise RefusalError(f"{self.name} refused to answer: {said}")
        if ended in CUT:
            raise UnusableError(f"{self.name}: cut at max_tokens {self.settings.max_tokens:,}: raise it")
        text = json.dumps(message.tool_calls[0]["args"], ensure_ascii=False) if message.tool_calls else message.text
        if not text.strip():
            raise UnusableError(f"{self.name} answered nothing{f' ({ended})' if ended else ''}")
        usage = message.usage_metadata or {}
        return Reply(
            text=str(text),
            tokens_in=usage.get("input_tokens"),
            tokens_out=usage.get("output_tokens"),
            seconds=seconds,
            tokens_cached=usage.get("input_token_details", {}).get("cache_read") or 0,
            tokens_reasoning=usage.get("output_token_details", {}).get("reasoning") or 0,
        )

    def _line(self, text: object) -> str:
        """The text on one line, short, and without the key that a provider may repeat in an error."""
        line = " ".join(str(text).split())
        values = vars(self._model).values() if "_model" in self.__dict__ else ()
        secrets = [value.get_secret_value() for value in values if isinstance(value, SecretStr)]
        for secret in (*secrets, os.environ.get(self.settings.api_key_env or "")):
            line = line.replace(secret, "***") if secret else line
        return line[:300]

    async def close(self) -> None:
        """Ends the threads; the next call starts others."""
        if threads := self.__dict__.pop("_threads", None):
            threads.shutdown(wait=False, cancel_futures=True)


def _invoke(model: Any, system: str, user: str, schema: dict[str, Any]) -> Any:
    """The message that the model answers with."""
    answered = _structured(model, schema).invoke([("system", system), ("user", user)])
    return answered["raw"] if isinstance(answered, dict) else answered


def _structured(model: Any, schema: Mapping[str, Any]) -> Any:
    """The model asked for answers in the schema, in the way that its integration prefers; as it is where it has none,
    for the prompts describe the answer too."""
    try:
        return model.with_structured_output(tool_schema(schema), include_raw=True)
    except NotImplementedError:
        return model


# What some providers refuse or warn of; the answer is checked against all of it afterwards.
_LEFT_OUT = {"minLength", "maxLength", "minimum", "maximum", "minItems", "maxItems", "additionalProperties", "$defs"}


def tool_schema(schema: Mapping[str, Any]) -> dict[str, Any]:
    """A schema as every provider takes it: named, without references, bounds and constants."""
    return {"title": "answer", "description": "The answer to the question.", **_plain(schema, schema.get("$defs", {}))}


def _plain(schema: Any, definitions: Mapping[str, Any]) -> Any:
    if isinstance(schema, list):
        return [_plain(value, definitions) for value in schema]
    if not isinstance(schema, Mapping):
        return schema
    if "$ref" in schema:
        return _plain(definitions[schema["$ref"].rpartition("/")[2]], definitions)
    plain: dict[str, Any] = {}
    for name, value in schema.items():
        if name == "properties":
            plain[name] = {key: _plain(property_, definitions) for key, property_ in value.items()}
        elif name == "const":
            plain["enum"] = [value]
        elif name not in _LEFT_OUT:
            plain[name] = _plain(value, definitions)
    return plain
