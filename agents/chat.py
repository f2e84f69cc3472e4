"""The face that every chat model has, remote or in the process."""

from dataclasses import dataclass
from typing import Any, Protocol


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
