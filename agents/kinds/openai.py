"""Chat models at any OpenAI-compatible address."""

import json
import os
from collections.abc import Callable
from functools import cached_property
from typing import Any, Literal

from pydantic import Field

from gravity.agents.chat import Reply
from gravity.agents.errors import AskError, ModelError
from gravity.agents.kinds.chat_kind import ChatSettings, PromptedModel
from gravity.agents.kinds.kind import Model
from gravity.agents.rate.gate import gate_of
from gravity.store.embeddings import Embedder


class OpenAISettings(ChatSettings):
    """A chat model behind an OpenAI-compatible address."""

    kind: Literal["openai"]
    model: str
    """The model's name as the server knows it."""
    base_url: str | None = None
    """The address, such as http://localhost:8000/v1; OpenAI's own where none is given."""
    api_key_env: str = "OPENAI_API_KEY"
    """The environment variable that holds the key; the key itself never stands in a file."""
    max_in_flight: int = Field(32, ge=1)
    """The most calls at a time; how many there are follows from what the server bears."""
    timeout: float = Field(120, gt=0)
    """Seconds to wait for an answer."""
    retries: int = Field(6, ge=0)
    """How often a 429, a 5xx or a broken connection is tried again, with the pauses that the server asks for."""
    stall: float = Field(300, gt=0)
    """Seconds in which nobody is answered there, or is not to ask, after which calls are given up."""

    def open(self, embedder: Callable[[], Embedder]) -> Model:
        """The model; nothing is sent yet."""
        return PromptedModel(OpenAIChat(self), self.max_in_flight)


class OpenAIChat:
    """langchain-openai's ChatOpenAI at any OpenAI-compatible address."""

    def __init__(self, settings: OpenAISettings) -> None:
        self.settings = settings
        self.name = settings.model
        self.where = settings.base_url or "https://api.openai.com/v1"
        self._transport: Any = None
        self._gate = gate_of(self.where, settings.model, settings.max_in_flight, settings.stall)
        shaping = {"model", "base_url", "temperature", "max_tokens", "seed"}
        self.identity = {"kind": "openai", **settings.model_dump(include=shaping)}

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
        self._transport = DefaultAioHttpClient(event_hooks={"response": [self._gate.heard]})
        return LeanChatOpenAI(
            model=s.model,
            base_url=s.base_url,
            api_key=SecretStr(key or "none"),
            temperature=s.temperature,
            max_completion_tokens=s.max_tokens,
            seed=s.seed,
            timeout=s.timeout,
            max_retries=0,  # the gate tries again
            http_async_client=self._transport,
        )

    async def complete(self, system: str, user: str, schema: dict[str, Any]) -> Reply:
        """One answer from the server."""
        import openai

        wanted = {"name": "answer", "schema": schema, "strict": True}
        try:
            message, seconds = await self._gate.call(
                lambda: self._client.ainvoke(
                    [("system", system), ("user", user)],
                    response_format={"type": "json_schema", "json_schema": wanted},
                ),
                self.settings.retries,
            )
        except openai.APIConnectionError as error:
            # openai's aiohttp transport calls every lost connection a timeout.
            refused = _refused(error)
            if refused is None and isinstance(error, openai.APITimeoutError):
                raise AskError(f"{self.where} gave no answer within {self.settings.timeout:g} s") from None
            cause = refused or error.__cause__ or error
            raise ModelError(
                f"model '{self.name}': {self.where} cannot be reached ({cause}): is it running, and is base_url right?"
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
        return Reply(text, usage.get("input_tokens"), usage.get("output_tokens"), seconds)

    async def close(self) -> None:
        """Closes the connections, which belong to the event loop at work; the next call opens new ones."""
        if self._transport is not None:
            await self._transport.aclose()
        self._transport = None
        self.__dict__.pop("_client", None)


def _refused(error: BaseException | None) -> BaseException | None:
    """What refused the connection, if it is among the causes."""
    import aiohttp

    while error is not None and not isinstance(error, aiohttp.ClientConnectorError):
        error = error.__cause__
    return error


def _line(text: object) -> str:
    return " ".join(str(text).split())[:200]
