"""The reader's profile inside a prompt: what of it can be taken out, and how another reader's is put in its place.

The profile card is the prompt's system message. The column `profile` names the card's lines that tell of the reader:
component, framework, seed and the text itself, word for word.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from gravity.trainer.dataset.contract import Messages, Row

COMPONENTS = ("demographics", "interests", "values", "personality")
FRAMEWORKS = ("hofstede", "schwartz", "wvs", "big five")
PARTS = (*COMPONENTS, *FRAMEWORKS)


def card(row: Row) -> str | None:
    """Return the row's profile card, None where its prompt has no system message."""
    return next((message["content"] for message in row["prompt"] if message["role"] == "system"), None)


def with_card(row: Row, text: str | None) -> dict[str, Any]:
    """Return the row with another card in its prompt; None or an empty one leaves the message out."""
    prompt: Messages = [dict(message) for message in row["prompt"] if message["role"] != "system"]
    if text and text.strip():
        prompt.insert(0, {"role": "system", "content": text})
    return {**row, "prompt": prompt}


def without_profile(row: Row) -> dict[str, Any]:
    """Return the row with no word about the reader: the card's other lines stay.

    Where no `profile` says which lines those are, the whole card goes.
    """
    if not row.get("profile"):
        return with_card(row, None)
    return _without(row, lambda line: True)


def without_component(row: Row, component: str) -> dict[str, Any]:
    """Return the row without the lines of one of COMPONENTS, in the card and in `profile`."""
    return _without(row, lambda line: line["component"] == component)


def without_framework(row: Row, framework: str) -> dict[str, Any]:
    """Return the row without the lines of one of FRAMEWORKS, and without a heading that has no line left."""
    gone = [line for line in row["profile"] if line["framework"] == framework]
    left = {line["component"] for line in row["profile"] if line["framework"] not in (None, framework)}
    headings = {line["component"] for line in gone} - left
    return _without(
        row,
        lambda line: line["framework"] == framework or (line["framework"] is None and line["component"] in headings),
    )


def _without(row: Row, leaves: Callable[[Mapping[str, Any]], bool]) -> dict[str, Any]:
    lines: Sequence[Mapping[str, Any]] = row["profile"] or []
    gone = {line["text"] for line in lines if leaves(line)}
    kept = [text for text in (card(row) or "").splitlines() if text not in gone]
    return {**with_card(row, "\n".join(kept).strip()), "profile": [line for line in lines if not leaves(line)]}
