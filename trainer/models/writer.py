"""What it is to write: requests in, texts out, whatever computes them.

`gravity.trainer.models.llama_cpp` and `gravity.trainer.models.transformers` are writers; others need what `Writer` has.
"""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, Self

from gravity.trainer.errors import ModelError, brief
from gravity.trainer.models.template import left_out, lost, rendered
from gravity.trainer.placing import placed
from gravity.trainer.settings import CardIn

TEMPERATURE = 0.7
TOP_P = 0.9

_DIGITS = 16


@dataclass(frozen=True)
class Request:
    """Messages of {role, content}, and the seed that the text is sampled with: None takes the likeliest tokens.

    Only with the same messages does a seed draw the same, so the texts of two requests do not begin alike for their
    seed.
    """

    messages: tuple[Mapping[str, str], ...]
    seed: int | None = None

    @property
    def draws(self) -> int:
        """Where the draws for this text begin: 0 to 2^31 - 1, from the messages and the seed."""
        said = json.dumps([self.seed, *map(dict, self.messages)], sort_keys=True, ensure_ascii=False)
        return int.from_bytes(hashlib.sha256(said.encode()).digest()[:4], "big") >> 1


@dataclass(frozen=True)
class Text:
    """A text that was written, without space around it; `cut` where the limit ended it and not the model."""

    text: str
    cut: bool = False


@dataclass(frozen=True)
class Unwritten:
    """Why a request came to no text, in one line. With `pending` nobody answered, and it is to be asked again."""

    reason: str
    pending: bool = False


Outcome = Text | Unwritten
# Hears the place of a request among those given, and what came of it.
Heard = Callable[[int, Outcome], None]


class Writer(Protocol):
    """Writes texts.

    `by` is what the texts are by: all that shapes one beside its request, as JSON can hold it, and no path.
    """

    by: Mapping[str, Any]

    def write(self, requests: Sequence[Request], heard: Heard) -> None:
        """Write a text for each request and tell `heard` of each as soon as it is there, in any order.

        Raises the errors of a model that cannot be used at all; what is wrong with one request is its outcome.
        """
        ...

    def unadapted(self) -> Self | None:
        """Return the same model without its adapter, which is loaded no second time; None where that cannot be had."""
        ...


def write_one(writer: Writer, request: Request) -> Outcome:
    """Return what comes of one request."""
    found: list[Outcome] = []
    writer.write([request], lambda _, outcome: found.append(outcome))
    return found[0]


def prompt_ids(tokenizer: Any, messages: Sequence[Mapping[str, str]], card_in: CardIn) -> list[int]:
    """Return a prompt's tokens, with the opening of the assistant's turn, as training makes them.

    Raises ModelError where the chat template refuses the messages or leaves one out.
    """
    given = placed([dict(message) for message in messages], card_in)
    (text,) = rendered(tokenizer, [given], add_generation_prompt=True)
    missing = lost(text, given)
    if missing is not None:
        raise ModelError(left_out(missing))
    return list(tokenizer(text, add_special_tokens=False)["input_ids"])


def too_long(prompt: int, answer: int, room: int) -> Unwritten:
    """Return the outcome of a request whose prompt and answer, in tokens, exceed the model's room."""
    return Unwritten(
        f"too long: the prompt has {prompt} tokens and {answer} are to be written, more than the model's {room}: "
        "shorten one of them"
    )


def described(kind: str, base: str, base_id: str, adapter: Path | None, card_in: CardIn, most: int) -> dict[str, Any]:
    """Return what texts of a model in this process are by. `base` is shown without the folder that a file lies in."""
    return {
        "kind": kind,
        "base": Path(base).name if Path(base).is_absolute() else base,
        "base_id": base_id[:_DIGITS],
        "adapter": adapter_id(adapter) if adapter is not None else None,
        "card_in": card_in,
        "temperature": TEMPERATURE,
        "top_p": TOP_P,
        "max_tokens": most,
    }


def adapter_id(adapter: Path) -> str:
    """Return what tells an adapter from another: 16 digits of its weights' SHA-256. Raises ModelError."""
    try:
        with (adapter / "adapter_model.safetensors").open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()[:_DIGITS]
    except OSError as error:
        raise ModelError(f"adapter {adapter} cannot be read: {brief(error)}") from error


def gguf_id(file: Path) -> str:
    """Return what tells a GGUF from another: a SHA-256 over its size, first and last MiB, since all takes long."""
    size, piece = file.stat().st_size, 1 << 20
    digest = hashlib.sha256(str(size).encode())
    with file.open("rb") as opened:
        digest.update(opened.read(piece))
        opened.seek(max(0, size - piece))
        digest.update(opened.read())
    return digest.hexdigest()
