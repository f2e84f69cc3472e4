"""Personality items from files in the layouts of TRAIT and of Big5-Chat, as the records that ship with Gravity.

TRAIT: rows with personality, question, response_high1, response_high2, response_low1, response_low2; each row
gives two items. Big5-Chat: rows with trait, level (high or low), train_output, original_index; the high and the
low row of one index and trait make an item. Neither layout names facets or keys: the facet is the trait's name,
and the key "+".
"""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from gravity.frameworks.errors import DataError
from gravity.frameworks.records import TRAITS, Item

SITUATION = "Someone in your place is asked about this in a chat. What would you say?"


def import_items(path: Path, layout: str, output: Path) -> Counter[str]:
    """Writes the items of `path`, which is in one of the LAYOUTS, as JSON lines for `items/` of a material folder.

    Returns how many there are of each trait. Raises DataError with file and line for a row that does not fit, and
    where `output` is there already, is not named *.jsonl, or cannot be written.
    """
    if output.suffix != ".jsonl":
        raise DataError(f"{output}: name it *.jsonl, or a material folder does not read it")
    if output.exists():
        raise DataError(f"{output} is there already: remove it or write to another file")
    items = LAYOUTS[layout](path)
    lines = [json.dumps(item.model_dump(), ensure_ascii=False) for item in items]
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        output.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8", newline="\n")
    except OSError as error:
        raise DataError(f"{output}: {error.strerror}") from None
    return Counter(item.trait for item in items)


def trait_items(path: Path) -> list[Item]:
    """Two items a row of a TRAIT file (JSON lines, or one JSON list). Raises DataError with file and line."""
    items = []
    for where, row in _rows(path):
        for number in (1, 2):
            made = {
                "id": f"trait-{_line(where)}-{number}",
                "trait": str(row.get("personality", "")).strip().lower(),
                "question": row.get("question"),
                "high": row.get(f"response_high{number}"),
                "low": row.get(f"response_low{number}"),
                "source": "trait",
            }
            items.append(_item(made, where))
    return items


def big5chat_items(path: Path) -> list[Item]:
    """An item for each index and trait of a Big5-Chat file that has both levels; the others are an error."""
    halves: dict[tuple[str, str], dict[str, Any]] = {}
    for where, row in _rows(path):
        trait, level = str(row.get("trait", "")).strip().lower(), str(row.get("level", "")).strip().lower()
        if level not in ("high", "low"):
            raise DataError(f"{where}: level is '{level}', not high or low")
        pair = halves.setdefault((str(row.get("original_index")), trait), {"where": where})
        if level in pair:
            raise DataError(f"{where}: a second {level} answer for index {row.get('original_index')} and {trait}")
        pair[level] = row.get("train_output")
        pair["question"] = row.get("train_input") or SITUATION
    items = []
    for (index, trait), pair in halves.items():
        if "high" not in pair or "low" not in pair:
            raise DataError(f"{pair['where']}: index {index} and {trait} has one level only")
        made = {"id": f"big5chat-{index}-{trait}", "trait": trait, "source": "big5chat"}
        items.append(_item(made | {key: pair[key] for key in ("question", "high", "low")}, pair["where"]))
    return items


LAYOUTS: dict[str, Callable[[Path], list[Item]]] = {"trait": trait_items, "big5chat": big5chat_items}


def _item(made: dict[str, Any], where: str) -> Item:
    if made["trait"] not in TRAITS:
        raise DataError(f"{where}: '{made['trait']}' is none of {', '.join(TRAITS)}")
    try:
        return Item.model_validate({**made, "facet": made["trait"], "key": "+"})
    except ValidationError as error:
        first = error.errors()[0]
        raise DataError(f"{where}: {'.'.join(map(str, first['loc']))}: {first['msg']}") from None


def _rows(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise DataError(f"{path}: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: not UTF-8: {error.reason}") from None
    rows = _listed(path, text) if text.lstrip().startswith("[") else _lines(path, text)
    for number, row in rows:
        if not isinstance(row, dict):
            raise DataError(f"{path}:{number}: not a JSON object")
        yield f"{path}:{number}", row


def _listed(path: Path, text: str) -> Iterator[tuple[int, Any]]:
    try:
        yield from enumerate(json.loads(text), start=1)
    except json.JSONDecodeError as error:
        raise DataError(f"{path}:{error.lineno}: not JSON: {error.msg}") from None


def _lines(path: Path, text: str) -> Iterator[tuple[int, Any]]:
    for number, line in enumerate(text.split("\n"), start=1):
        try:
            if line.strip():
                yield number, json.loads(line)
        except json.JSONDecodeError as error:
            raise DataError(f"{path}:{number}: not JSON: {error.msg}") from None


def _line(where: str) -> str:
    return where.rpartition(":")[2]
