"""What a row of a dataset must hold, and must not give away."""

from collections.abc import Mapping
from typing import Any

MESSAGE_COLUMNS = ("prompt", "chosen", "rejected")
# Read where they are there, to see whether a card tells the answer.
LEAK_COLUMNS = ("seed", "basis", "profile")

# What a pair is about, by the first of these columns that a row has.
SUBJECTS = ("seed", "item", "book", "category")

_VIEW = "- "

Row = Mapping[str, Any]
Messages = list[dict[str, str]]


def subject(row: Row) -> str | None:
    """Return what the row's pair is about: the id of a seed, item or book, or a category, with which of them it is."""
    return next((f"{name} {row[name]}" for name in SUBJECTS if row.get(name)), None)


def problem(row: Row) -> str | None:
    """Return what is wrong with a row and what to do, None where it is fit to train on."""
    return _malformed(row) or _leak(row)


def _malformed(row: Row) -> str | None:
    for name in MESSAGE_COLUMNS:
        if not row[name]:
            return f"{name} is empty: it needs at least one message"
        for message in row[name]:
            if message is None or not message["role"] or not (message["content"] or "").strip():
                return f"{name} has a message without role or content: every message needs both"
    # The trainer asks the model for the assistant's turn, so that is what a pair has to hold.
    if row["prompt"][-1]["role"] != "user":
        return f"prompt ends with role {row['prompt'][-1]['role']}: its last message must be the user's"
    for name in ("chosen", "rejected"):
        if row[name][0]["role"] != "assistant":
            return f"{name} begins with role {row[name][0]['role']}: it must be the assistant's answer"
    if _said(row["chosen"]) == _said(row["rejected"]):
        return "chosen and rejected are equal: a pair needs two different answers, remove the row"
    return None


def _leak(row: Row) -> str | None:
    """Say where the profile card holds the pair's own seed, which would tell the model the answer."""
    # The column `profile` says which seed each line of the card is about; the wording counts only without it.
    if not (_in_profile(row) if "profile" in row else _in_text(row)):
        return None
    return (
        f"the profile card in the prompt tells the view that the pair is about (seed {row.get('seed') or 'unnamed'}): "
        "export again, or take that line out of the card"
    )


def _in_profile(row: Row) -> bool:
    return bool(row.get("seed")) and any(entry["seed"] == row["seed"] for entry in row["profile"] or ())


def _in_text(row: Row) -> bool:
    """Guess from the words: `basis` ends with the seed's statement, and a card lists views as lines with a dash."""
    basis = row.get("basis") or ""
    lines = [text for message in row["prompt"][:-1] for text in message["content"].splitlines()]
    views = [text.removeprefix(_VIEW).strip() for text in lines if text.startswith(_VIEW)]
    return any(view and basis.endswith(f": {view}") for view in views)


def _said(messages: Messages) -> list[tuple[str, str]]:
    return [(message["role"], message["content"].strip()) for message in messages]
