"""The face that every chat model has, remote or in the process."""

from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(frozen=True)
class Reply:
    """What a model answered, the tokens that were counted (None: nobody said), and its seconds without those spent
    waiting for a slot. Of the tokens in, `tokens_cached` came from the server's cache; of those out,
    `tokens_reasoning` were thinking.

    `problem` says why the text is no answer, in words for people, where that is known: it was cut, it is empty, or the
    model `refused`. A text that was asked for in no form is one even where the limit `cut` it.
    """

    text: str
    tokens_in: int | None
    tokens_out: int | None
    seconds: float
    tokens_cached: int = 0
    tokens_reasoning: int = 0
    problem: str = ""
    refused: bool = False
    cut: bool = False


@dataclass(frozen=True)
class Abilities:
    """What a chat model was seen to do once it has answered; None where nobody said."""

    structured: str | None = None
    left_out: tuple[str, ...] = ()
    context: int | None = None
    logprobs: bool | None = None


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
