"""Chat models at any OpenAI-compatible address."""

from collections.abc import Callable
from typing import Any, Literal, Self

from pydantic import Field, model_validator

from gravity.agents.asking import Asker
from gravity.agents.batching.chat import BatchChat
from gravity.agents.endpoint.chat import OpenAIChat
from gravity.agents.endpoint.manners import Limit, Rung
from gravity.agents.kinds.chat_kind import PromptedModel
from gravity.agents.kinds.kind import Model, Workbench
from gravity.agents.kinds.reading import ReadingSettings
from gravity.store.batches import Batches
from gravity.store.embeddings import Embedder

__all__ = ["OpenAIChat", "OpenAISettings"]


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
    """The most calls at a time; how many there are follows from what the server bears."""
    timeout: float = Field(120, gt=0)
    """Seconds to wait for an answer."""
    retries: int = Field(6, ge=0)
    """How often a 429, a 5xx, a broken connection or a garbled response is tried again."""
    stall: float = Field(300, gt=0)
    """Seconds in which nobody is answered there, after which calls are given up."""
    max_wait: float = Field(120, ge=0)
    """The longest pause in seconds that a server can ask for: beyond it the question is left for the next run."""
    structured: Literal["auto"] | Rung = "auto"
    """How JSON is asked for. auto begins with json_schema and steps down where the server refuses: tool, json_object
    and plain, the last two with the schema in the prompt."""
    token_limit: Limit = "max_completion_tokens"
    """What the server calls the limit max_tokens; the other name is tried where it refuses this one."""
    reasoning_effort: str | None = None
    """How much a reasoning model thinks, such as low or high, where it can be told."""
    extra_body: dict[str, Any] = Field(default_factory=dict)
    """Further fields of each request, as the server knows them."""
    leave_out: tuple[Literal["temperature", "seed", "max_tokens", "system"], ...] = ()
    """What is not sent, so that the server's own value holds; without system, that text goes into the user's message.
    What a server refuses is left out without being told."""

    batch: bool = False
    """Whether questions gather and are asked through the server's Batch API, at half the price and within a day."""
    batch_wait: float = Field(5, gt=0)
    """A batch is sent off when no further question has come for so many seconds."""
    batch_size: int = Field(20_000, ge=1, le=50_000)
    """The most questions in a batch."""
    batch_megabytes: float = Field(100, gt=0, le=190)
    """The size from which a batch is sent off."""
    batch_poll: float = Field(15, gt=0)
    """Seconds until a batch is looked at again; each pause is half as long again as the one before."""
    batch_poll_max: float = Field(300, gt=0)
    """The longest pause in seconds between two looks at a batch."""

    @model_validator(mode="after")
    def _likelihood_is_read_live(self) -> Self:
        if self.batch and self.reading == "likelihood":
            raise ValueError('a batch has no next token to read: leave out `batch` or `reading = "likelihood"`')
        return self

    def open(self, embedder: Callable[[], Embedder]) -> Model:
        """The model; nothing is sent yet."""
        if self.batch:
            return BatchedModel(BatchChat(self), self.batch_size)
        return self.opened(OpenAIChat(self), self.max_in_flight)


class BatchedModel(PromptedModel):
    """A model that is asked in batches, which are kept in the store that its answers are kept in."""

    chat: BatchChat
    batched = True

    def _asker(self, role: str, bench: Workbench) -> Asker:
        self.chat.keep_in(Batches(bench.answers.database))
        return super()._asker(role, bench)
