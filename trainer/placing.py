"""Where the reader's profile card stands in what a model is given: a system message, or the user's own."""

from collections.abc import Mapping
from typing import Any

from gravity.trainer.settings import CardIn

# As `gravity.trainer.dataset.contract` has them, which models may not import.
Messages = list[dict[str, str]]

_BETWEEN = "\n\n"


def placed(messages: Messages, card_in: CardIn) -> Messages:
    """Return the messages as the model is to see them: with "user", no system message is left.

    Each system message then stands at the beginning of the user's next message, with an empty line between. For chat
    templates that refuse a system message, or leave it out. Messages without a system message stay as they are.
    """
    if card_in == "system":
        return messages
    found: Messages = []
    waiting: list[str] = []
    for message in messages:
        if message["role"] == "system":
            waiting.append(message["content"])
        elif message["role"] == "user" and waiting:
            found.append({**message, "content": _BETWEEN.join([*waiting, message["content"]])})
            waiting = []
        else:
            found.append(message)
    return found


def placed_row(row: Mapping[str, Any], card_in: CardIn) -> dict[str, Any]:
    """Return a row with its prompt `placed`."""
    return {**row, "prompt": placed(row["prompt"], card_in)}
