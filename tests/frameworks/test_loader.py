"""The loader reads the shipped material, and refuses each kind of bad data with its file and line."""

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gravity.frameworks.errors import DataError
from gravity.frameworks.loader import Library
from gravity.frameworks.records import TRAITS

Read = Callable[[Library], Any]


def refusal(material: Path, read: Read) -> str:
    """The message that the loader refuses with, a single line."""
    with pytest.raises(DataError) as caught:
        read(Library(material))
    message = str(caught.value)
    assert "\n" not in message
    return message


def line_of(path: Path, part: str) -> int:
    """The line on which the one `part` of a file stands."""
    text = path.read_text(encoding="utf-8")
    assert text.count(part) == 1
    return text[: text.index(part)].count("\n") + 1


def replace(path: Path, old: str, new: str) -> int:
    """Replaces the one `old` in a file and returns the line on which it stood."""
    line = line_of(path, old)
    path.write_text(path.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
    return line


def test_shipped_material_loads(library: Library) -> None:
    assert Counter(seed.framework for seed in library.seeds.values()).keys() == library.frameworks.keys()
    assert {seed.dimension for seed in library.seeds.values()} == {
        dimension for framework in library.frameworks.values() for dimension in framework.dimensions
    }
    assert Counter(item.trait for item in library.items.values()) == dict.fromkeys(TRAITS, 60)
    assert {"us", "br", "jp", "in"} <= library.cultures.keys()
    assert library.domain("books").item == "book"
    assert library.seeds["hof-pdi-01"].dimension == "power_distance"


def test_shipped_scenarios_belong_to_known_seeds_and_cultures(library: Library) -> None:
    for (seed, culture, slot), scene in library.scenes.items():
        assert (scene.seed, scene.culture, scene.slot) == (seed, culture, slot)
        assert seed in library.seeds
        assert culture in library.cultures


@pytest.mark.parametrize(
    ("name", "fields", "reason"),
    [
        ("seeds/hofstede.jsonl", {"opposite": None}, "opposite: Field required"),
        ("seeds/hofstede.jsonl", {"statement": "  "}, "statement: String should have at least 1 character"),
        ("seeds/schwartz.jsonl", {"dimension": "bravery"}, "schwartz has no dimension 'bravery'"),
        ("seeds/schwartz.jsonl", {"dimension": "power_distance"}, "schwartz has no dimension 'power_distance'"),
        ("seeds/wvs.jsonl", {"framework": "maslow"}, "unknown framework 'maslow'"),
        ("seeds/wvs.jsonl", {"pole": "middle"}, "pole: Input should be 'high' or 'low'"),
        ("seeds/wvs.jsonl", {"topics": []}, "topics: List should have at least 1 item"),
        ("seeds/wvs.jsonl", {"id": "hof-pdi-01"}, "id 'hof-pdi-01' is already taken"),
        ("seeds/wvs.jsonl", {"weight": 2}, "weight: Extra inputs are not permitted"),
        ("items/openness.jsonl", {"low": None}, "low: Field required"),
        ("items/openness.jsonl", {"trait": "courage"}, "trait: Input should be"),
        ("items/openness.jsonl", {"key": "*"}, "key: Input should be '+' or '-'"),
        ("items/openness.jsonl", {"id": "ope-imagination-01"}, "id 'ope-imagination-01' is already taken"),
    ],
)
def test_bad_row_is_refused_with_file_and_line(
    material: Path, change: Callable[..., None], name: str, fields: dict[str, Any], reason: str
) -> None:
    change(name, 7, **fields)
    read: Read = (lambda known: known.seeds) if name.startswith("seeds") else (lambda known: known.items)
    assert refusal(material, read).startswith(f"{material / name}:7: {reason}")


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b'{"id": "hof-pdi-09", ', "not JSON: "),
        (b"", "not JSON: "),
        (b'["hof-pdi-09"]', "Input should be a valid dictionary"),
        (b'{"id": "caf\xe9"}', "not UTF-8: "),
    ],
)
def test_broken_line_is_refused_with_file_and_line(material: Path, line: bytes, reason: str) -> None:
    path = material / "seeds/hofstede.jsonl"
    lines = path.read_bytes().splitlines()
    lines[4] = line
    path.write_bytes(b"\n".join(lines))
    message = refusal(material, lambda known: known.seeds)
    assert message.startswith(f"{path}:5: ")
    assert reason in message


def test_culture_without_scores_is_refused(material: Path) -> None:
    path = material / "cultures/jp.yaml"
    line = replace(path, "  scores:\n", "  points:\n")
    # The line is that of the section which should hold them.
    section = line_of(path, "hofstede:\n")
    assert section < line
    assert refusal(material, lambda known: known.cultures) == f"{path}:{section}: hofstede.scores: Field required"


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("id: jp\n", "id: jp\nanthem: none\n", "anthem: Extra inputs are not permitted"),
        ("id: jp\n", "id: us\n", "already taken"),
        ("    power_distance: 54", "    power_distance: high", "hofstede.scores.power_distance: Input should be"),
        ("    indulgence: 42", "", "hofstede.scores: Dictionary should have at least 6 items"),
        ("id: jp\n", "id: [jp\n", "not YAML: "),
        ("id: jp\n", "id: jp\x00\n", "not YAML: "),
        ("id: jp\n", "", "id: Field required"),
    ],
)
def test_bad_culture_is_refused_with_its_file(material: Path, old: str, new: str, reason: str) -> None:
    path = material / "cultures/jp.yaml"
    replace(path, old, new)
    message = refusal(material, lambda known: known.cultures)
    assert reason in message
    assert str(material / "cultures") in message


def test_bad_culture_is_refused_with_the_line_of_the_field(material: Path) -> None:
    path = material / "cultures/jp.yaml"
    line = replace(path, "    indulgence: 42", "    indulgence: much")
    assert refusal(material, lambda known: known.cultures).startswith(f"{path}:{line}: hofstede.scores.indulgence: ")


@pytest.mark.parametrize(
    ("section", "old", "reason"),
    [
        ("    power_distance:\n", "      low: rank is a convenience;", "power_distance.low: Field required"),
        ("schwartz:\n", "  name: Schwartz's", "schwartz.name: Field required"),
    ],
)
def test_bad_framework_is_refused_with_file_and_line(material: Path, section: str, old: str, reason: str) -> None:
    path = material / "frameworks.yaml"
    replace(path, old, "  #")
    message = refusal(material, lambda known: known.frameworks)
    assert message.startswith(f"{path}:{line_of(path, section)}: ")
    assert message.endswith(reason)


def test_missing_file_is_refused_by_name(material: Path) -> None:
    missing = f"{material / 'domains/news.yaml'}: no such file; the domains at hand are books"
    assert refusal(material, lambda known: known.domain("news")) == missing
    (material / "frameworks.yaml").unlink()
    assert refusal(material, lambda known: known.seeds).endswith("frameworks.yaml: no such file")


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"seed": "hof-pdi-99"}, "unknown seed 'hof-pdi-99' or culture 'us'"),
        ({"culture": "fr"}, "unknown seed 'hof-pdi-01' or culture 'fr'"),
        ({"slot": -1}, "slot: Input should be greater than or equal to 0"),
        ({"slot": 0}, "is already taken"),
        ({"opposing": ""}, "opposing: String should have at least 1 character"),
    ],
)
def test_bad_scenario_is_refused_with_file_and_line(material: Path, fields: dict[str, Any], reason: str) -> None:
    path = material / "scenarios/us.jsonl"
    path.parent.mkdir()
    good = {"seed": "hof-pdi-01", "culture": "us", "slot": 0, "situation": "A.", "endorsing": "B.", "opposing": "C."}
    path.write_text(f"{json.dumps(good)}\n{json.dumps(good | {'slot': 1} | fields)}\n", encoding="utf-8")
    message = refusal(material, lambda known: known.scenes)
    assert message.startswith(f"{path}:2: ")
    assert reason in message


def test_fifth_culture_is_one_more_file(material: Path, library: Library) -> None:
    text = (material / "cultures/us.yaml").read_text(encoding="utf-8")
    text = text.replace("id: us\n", "id: nz\n").replace("name: United States\n", "name: New Zealand\n")
    (material / "cultures/nz.yaml").write_text(text, encoding="utf-8")
    (material / "scenarios").mkdir()
    scene = {"seed": "hof-pdi-01", "culture": "nz", "slot": 0, "situation": "A.", "endorsing": "B.", "opposing": "C."}
    (material / "scenarios/nz.jsonl").write_text(json.dumps(scene), encoding="utf-8")
    known = Library(material)
    assert known.cultures.keys() == library.cultures.keys() | {"nz"}
    assert known.scenes["hof-pdi-01", "nz", 0].endorsing == "B."
