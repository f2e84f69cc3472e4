"""The face that every chat model has, remote or in the process."""

from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(frozen=True)
class Reply:
    """What a model answered, the tokens that were counted (None: nobody said), and its seconds without those spent
    waiting for a slot. Of the tokens in, `tokens_cached` came from the server's cache; of those out,
    `tokens_reasoning` were thinking."""

    text: str
    tokens_in: int | None
    tokens_out: int | None
    seconds: float
    tokens_cached: int = 0
    tokens_reasoning: int = 0


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
