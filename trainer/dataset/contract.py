"""What a row of a dataset must hold, and must not give away."""

from collections.abc import Mapping
from typing import Any

MESSAGE_COLUMNS = ("prompt", "chosen", "rejected")
# Read where they are there, to see whether a card tells the answer.
LEAK_COLUMNS = ("seed", "basis", "profile")

_VIEW = "- "

Row = Mapping[str, Any]
Messages = list[dict[str, str]]


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
    """Find the pair's own seed in the profile card, which would tell the model the answer.

    Where the export says of each line of the card which seed it is of (`profile`), by the seed; else by the
    words: `basis` ends with the seed's statement, and a card lists views as lines that begin with a dash.
    """
    seed, basis = row.get("seed"), row.get("basis") or ""
    told = {line["seed"] for line in row.get("profile") or () if line["seed"]}
    views = [
        line.removeprefix(_VIEW).strip()
        for message in row["prompt"][:-1]
        for line in message["content"].splitlines()
        if line.startswith(_VIEW)
    ]
    if (seed and seed in told) or any(view and basis.endswith(f": {view}") for view in views):
        return (
            f"the profile card in the prompt tells the view that the pair is about (seed {seed or 'unnamed'}): "
            "export again, or take that line out of the card"
        )
    return None


def _said(messages: Messages) -> list[tuple[str, str]]:
    return [(message["role"], message["content"].strip()) for message in messages]
