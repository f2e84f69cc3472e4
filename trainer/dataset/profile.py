"""The reader's profile inside a prompt: what of it can be taken out, and how another reader's is put in its place.

The profile card is the prompt's system message. The column `profile` has an entry for each line of the card that tells
of the reader: component, framework, seed and the text itself, word for word. Nothing here knows how a card is worded.
"""

import re
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
    return _without(row, lambda entry: True)


def without_component(row: Row, component: str) -> dict[str, Any]:
    """Return the row without the lines of one of COMPONENTS, in the card and in `profile`."""
    return _without(row, lambda entry: entry["component"] == component)


def without_framework(row: Row, framework: str) -> dict[str, Any]:
    """Return the row without the lines of one of FRAMEWORKS, and without a heading that has no line left."""
    removed = {entry["component"] for entry in row["profile"] if entry["framework"] == framework}
    left = {entry["component"] for entry in row["profile"] if entry["framework"] not in (None, framework)}
    return _without(
        row,
        lambda entry: (
            entry["framework"] == framework or (entry["framework"] is None and entry["component"] in removed - left)
        ),
    )


def _without(row: Row, leaves: Callable[[Mapping[str, Any]], bool]) -> dict[str, Any]:
    """Cut the text of each entry that leaves out of the card, once, where it stands as lines of its own."""
    entries: Sequence[Mapping[str, Any]] = row["profile"] or []
    text = card(row) or ""
    for entry in filter(leaves, entries):
        text = re.sub(rf"^{re.escape(entry['text'])}$\n?", "", text, count=1, flags=re.MULTILINE)
    return {**with_card(row, text.strip()), "profile": [entry for entry in entries if not leaves(entry)]}
