"""Files in the layouts of TRAIT and of Big5-Chat become the right items, and bad ones are refused by line."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gravity.frameworks.errors import DataError
from gravity.frameworks.importers import SITUATION, big5chat_items, import_items, trait_items
from gravity.frameworks.loader import Library
from gravity.frameworks.records import Item

Row = dict[str, Any]
TRAIT: Row = {
    "personality": "Openness",
    "question": "A stall sells fruit that you have never seen. What do you do?",
    "response_high1": "I buy one.",
    "response_high2": "I buy three.",
    "response_low1": "I take apples.",
    "response_low2": "I walk on.",
    "split": "test",
}
HIGH: Row = {"trait": "extraversion", "level": "high", "train_output": "Come along!", "original_index": 7}
LOW: Row = HIGH | {"level": "low", "train_output": "I stay in."}


def item(identity: str, question: str, high: str, low: str, trait: str, source: str) -> Item:
    made = {"id": identity, "question": question, "high": high, "low": low, "trait": trait, "source": source}
    return Item.model_validate(made | {"facet": trait, "key": "+"})


def written(folder: Path, rows: list[Any], as_list: bool = False) -> Path:
    path = folder / "given.json"
    lines = "\n".join(row if isinstance(row, str) else json.dumps(row) for row in rows)
    path.write_text(json.dumps(rows) if as_list else lines, encoding="utf-8")
    return path


def refusal(read: Callable[[Path], list[Any]], path: Path) -> str:
    with pytest.raises(DataError) as caught:
        read(path)
    message = str(caught.value)
    assert "\n" not in message
    return message


@pytest.mark.parametrize("as_list", [False, True])
def test_row_of_trait_gives_two_items(tmp_path: Path, as_list: bool) -> None:
    rows = [TRAIT, TRAIT | {"personality": " neuroticism ", "response_low2": "I sleep."}]
    question = TRAIT["question"]
    assert trait_items(written(tmp_path, rows, as_list)) == [
        item("trait-1-1", question, "I buy one.", "I take apples.", "openness", "trait"),
        item("trait-1-2", question, "I buy three.", "I walk on.", "openness", "trait"),
        item("trait-2-1", question, "I buy one.", "I take apples.", "neuroticism", "trait"),
        item("trait-2-2", question, "I buy three.", "I sleep.", "neuroticism", "trait"),
    ]


@pytest.mark.parametrize("as_list", [False, True])
def test_high_and_low_of_an_index_and_a_trait_give_an_item(tmp_path: Path, as_list: bool) -> None:
    other = {"trait": "Openness", "train_input": "Shall we go?"}
    rows = [HIGH, LOW | other, LOW, HIGH | other | {"level": "HIGH"}]
    assert big5chat_items(written(tmp_path, rows, as_list)) == [
        item("big5chat-7-extraversion", SITUATION, "Come along!", "I stay in.", "extraversion", "big5chat"),
        item("big5chat-7-openness", "Shall we go?", "Come along!", "I stay in.", "openness", "big5chat"),
    ]


def test_blank_lines_are_passed_over_and_counted(tmp_path: Path) -> None:
    path = written(tmp_path, [TRAIT, "", TRAIT])
    assert [made.id for made in trait_items(path)] == ["trait-1-1", "trait-1-2", "trait-3-1", "trait-3-2"]
    assert trait_items(written(tmp_path, [])) == []


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"personality": "Psychopathy"}, "'psychopathy' is none of openness, conscientiousness"),
        ({"personality": None}, "'none' is none of openness"),
        ({"question": None}, "question: Input should be a valid string"),
        ({"response_high1": " "}, "high: String should have at least 1 character"),
        ({"response_low2": 3}, "low: Input should be a valid string"),
    ],
)
def test_bad_row_of_trait_is_refused_with_file_and_line(tmp_path: Path, fields: Row, reason: str) -> None:
    path = written(tmp_path, [TRAIT, TRAIT | fields])
    assert refusal(trait_items, path).startswith(f"{path}:2: {reason}")


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        ([HIGH, LOW | {"level": "middle"}], ":2: level is 'middle', not high or low"),
        ([HIGH, LOW, HIGH], ":3: a second high answer for index 7 and extraversion"),
        ([HIGH, LOW, LOW | {"original_index": 8}], ":3: index 8 and extraversion has one level only"),
        ([HIGH, LOW | {"trait": "openness"}], ":1: index 7 and extraversion has one level only"),
        ([row | {"trait": "courage"} for row in (HIGH, LOW)], ":1: 'courage' is none of openness"),
        ([HIGH, LOW | {"train_output": ""}], ":1: low: String should have at least 1 character"),
    ],
)
def test_bad_row_of_big5chat_is_refused_with_file_and_line(tmp_path: Path, rows: list[Row], reason: str) -> None:
    path = written(tmp_path, rows)
    assert refusal(big5chat_items, path).startswith(f"{path}{reason}")


@pytest.mark.parametrize("read", [trait_items, big5chat_items])
def test_file_that_cannot_be_read_is_refused_by_name(tmp_path: Path, read: Callable[[Path], list[Item]]) -> None:
    path = tmp_path / "given.json"
    assert refusal(read, path) == f"{path}: No such file or directory"
    path.write_bytes(b'{"trait": "caf\xe9"}')
    assert refusal(read, path).startswith(f"{path}: not UTF-8: ")
    path.write_text("[\n{},\n{]", encoding="utf-8")
    assert refusal(read, path).startswith(f"{path}:3: not JSON: ")
    good = [TRAIT] if read is trait_items else [HIGH]
    assert refusal(read, written(tmp_path, [*good, '["a"]'])) == f"{path}:2: not a JSON object"
    assert refusal(read, written(tmp_path, [*good, '{"trait": '])).startswith(f"{path}:2: not JSON: ")


def test_written_file_is_one_that_a_material_folder_takes(tmp_path: Path, library: Library) -> None:
    odd = TRAIT | {"question": "One\u2028two\x85three? \U0001f642", "personality": "neuroticism"}
    given, folder = written(tmp_path, [TRAIT, odd]), tmp_path / "material"
    counts = import_items(given, "trait", folder / "items" / "trait.jsonl")
    assert counts == {"openness": 2, "neuroticism": 2}
    known = Library(overlay=folder).items
    assert [known[made.id] for made in trait_items(given)] == trait_items(given)
    assert len(known) == len(library.items) + 4


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("items.json", "items.json: name it *.jsonl, or a material folder does not read it"),
        ("there.jsonl", "there.jsonl is there already: remove it or write to another file"),
        ("given.json/x.jsonl", "given.json/x.jsonl: "),
    ],
)
def test_file_that_cannot_be_written_is_refused_and_none_is_lost(tmp_path: Path, name: str, reason: str) -> None:
    given, there = written(tmp_path, [HIGH, LOW]), tmp_path / "there.jsonl"
    there.write_text("kept", encoding="utf-8")
    assert reason in refusal(lambda path: [*import_items(path, "big5chat", tmp_path / name)], given)
    assert there.read_text(encoding="utf-8") == "kept"


def test_bad_row_writes_nothing(tmp_path: Path) -> None:
    given = written(tmp_path, [HIGH])
    assert "has one level only" in refusal(lambda path: [*import_items(path, "big5chat", tmp_path / "o.jsonl")], given)
    assert not (tmp_path / "o.jsonl").exists()
