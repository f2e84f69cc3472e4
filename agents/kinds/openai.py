"""Chat models at any OpenAI-compatible address."""

import asyncio
import json
import os
import time
from collections.abc import Callable
from functools import cached_property
from typing import Any, Literal

from pydantic import Field

from gravity.agents.chances import Chances, Token, answers_offered, none_told, with_confidence
from gravity.agents.chat import Reply
from gravity.agents.errors import AskError, ModelError
from gravity.agents.kinds.kind import Model
from gravity.agents.kinds.reading import ReadingSettings
from gravity.store.embeddings import Embedder

# The most that OpenAI's API tells.
LOGPROBS: dict[str, Any] = {"logprobs": True, "top_logprobs": 20}


class OpenAISettings(ReadingSettings):
    """A chat model behind an OpenAI-compatible address."""

    kind: Literal["openai"]
    model: str
    """The model's name as the server knows it."""
    base_url: str | None = None
    """The address, such as http://localhost:8000/v1; OpenAI's own where none is given."""
    api_key_env: str = "OPENAI_API_KEY"
    """The environment variable that holds the key; the key itself never stands in a file."""
    max_in_flight: int = Field(32, ge=1)
    """The most calls at a time."""
    timeout: float = Field(120, gt=0)
    """Seconds to wait for an answer."""
    retries: int = Field(6, ge=0)
    """How often a 429, a 5xx or a broken connection is tried again, with the pauses that the server asks for."""

    def open(self, embedder: Callable[[], Embedder]) -> Model:
        """The model; nothing is sent yet."""
        return self.opened(OpenAIChat(self), self.max_in_flight)


class OpenAIChat:
    """langchain-openai's ChatOpenAI at any OpenAI-compatible address."""

    def __init__(self, settings: OpenAISettings) -> None:
        self.settings = settings
        self.name = settings.model
        self.where = settings.base_url or "https://api.openai.com/v1"
        self._transport: Any = None
        shaping = {"model", "base_url", "temperature", "max_tokens", "seed"}
        self.identity = {"kind": "openai", **settings.model_dump(include=shaping), **settings.read_as()}

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
        wanted = {"name": "answer", "schema": schema, "strict": True}
        offered = answers_offered(schema) if self.settings.confidence == "logprobs" else []
        message, seconds = await self._message(
            system,
            user,
            response_format={"type": "json_schema", "json_schema": wanted},
            **(LOGPROBS if offered else {}),
        )
        usage = message.usage_metadata or {}
        text = message.content if isinstance(message.content, str) else json.dumps(message.content)
        if offered:
            text = with_confidence(text, self._tokens(message), offered)
        return Reply(text, usage.get("input_tokens", 0), usage.get("output_tokens", 0), seconds)

    async def next_token(self, system: str, user: str) -> Chances:
        """The likeliest first tokens of its answer."""
        message, seconds = await self._message(system, user, max_completion_tokens=1, **LOGPROBS)
        usage = message.usage_metadata or {}
        first = self._tokens(message)[0]
        return Chances(first.logprobs, usage.get("input_tokens"), usage.get("output_tokens"), seconds)

    def _tokens(self, message: Any) -> list[Token]:
        """The tokens of an answer with their chances. Raises ModelError where the server tells none."""
        told = (message.response_metadata.get("logprobs") or {}).get("content") or []
        tokens = [
            Token(token["token"], {each["token"]: each["logprob"] for each in (token, *token.get("top_logprobs", ()))})
            for token in told
        ]
        if not tokens or all(len(token.logprobs) < 2 for token in tokens):
            raise none_told(self.name, self.where, self.settings.by_logprobs)
        return tokens

    async def _message(self, system: str, user: str, **parameters: Any) -> tuple[Any, float]:
        """The server's message and its seconds, without those spent waiting for a slot."""
        import openai

        async with self._slots:
            begun = time.monotonic()
            try:
                message = await self._client.ainvoke([("system", system), ("user", user)], **parameters)
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
                if "logprobs" in parameters and "logprob" in error.message:
                    raise none_told(self.name, self.where, self.settings.by_logprobs) from None
                raise AskError(f"{self.where} answered {error.status_code}: {_line(error.message)}") from None
            except (openai.APIError, ValueError, TypeError, LookupError, AttributeError) as error:
                # What langchain-openai makes of a web page, an empty list of choices, or a body cut in the middle.
                raise AskError(f"{self.where} answered what is no chat completion: {_line(error)}") from None
        return message, time.monotonic() - begun

    async def close(self) -> None:
        """Closes the connections, which belong to the event loop at work; the next call opens new ones."""
        if self._transport is not None:
            await self._transport.aclose()
        self._transport = None
        for held in ("_client", "_slots"):
            self.__dict__.pop(held, None)


def _refused(error: BaseException | None) -> BaseException | None:
    """What refused the connection, if it is among the causes."""
    import aiohttp

    while error is not None and not isinstance(error, aiohttp.ClientConnectorError):
        error = error.__cause__
    return error


def _line(text: object) -> str:
    return " ".join(str(text).split())[:200]
