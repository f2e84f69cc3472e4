"""A material folder adds to what ships and replaces it by id, and what does not fit is refused by file and line."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gravity.frameworks.check import check_facets, check_folder, check_items, check_seeds
from gravity.frameworks.errors import DataError
from gravity.frameworks.gold import Gold
from gravity.frameworks.loader import Library
from gravity.frameworks.measures import Report

SEED = {
    "id": "own-01",
    "framework": "hofstede",
    "dimension": "power_distance",
    "pole": "high",
    "statement": "I sleep better when the captain of my team alone picks the next harbour.",
    "opposite": "I sleep better when the whole team around me picks the next harbour.",
    "topics": ["work"],
}


@pytest.fixture
def add(tmp_path: Path) -> Callable[..., Library]:
    """Writes files of a material folder, rows or a text by name, and gives the library with the folder over it."""

    def add(**files: Any) -> Library:
        for name, content in files.items():
            path = tmp_path / "material" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            lines = content if isinstance(content, str) else "".join(f"{json.dumps(row)}\n" for row in content)
            path.write_text(lines, encoding="utf-8")
        return Library(overlay=tmp_path / "material")

    return add


def refusal(read: Callable[[], Any]) -> str:
    with pytest.raises(DataError) as caught:
        read()
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_seeds_are_added_and_one_of_the_same_id_takes_the_place(add: Callable[..., Library], library: Library) -> None:
    other = SEED | {"id": "hof-pdi-01"}
    known = add(**{"seeds/own.jsonl": [SEED, other]})
    assert [*known.seeds] == [*library.seeds, "own-01"]
    assert known.seeds["hof-pdi-01"].model_dump() == other
    assert known.seeds["hof-pdi-02"] == library.seeds["hof-pdi-02"]
    assert known.base.seeds == library.seeds
    assert known.scenes == library.scenes


def test_items_scenes_and_gold_are_replaced_by_what_names_them(add: Callable[..., Library], library: Library) -> None:
    item = next(iter(library.items.values())).model_dump() | {"high": "I do."}
    scene = next(iter(library.scenes.values())).model_dump() | {"situation": "It rains."}
    case = next(iter(Gold(library).stances.values())).model_dump() | {"reason": "Other."}
    view = next(iter(Gold(library).views.values())).model_dump() | {"reason": "Other."}
    gold = {"gold/stance/own.jsonl": [case], "gold/views/own.jsonl": [view]}
    known = add(**{"items/own.jsonl": [item], "scenarios/own.jsonl": [scene], **gold})
    assert len(known.items) == len(library.items)
    assert known.items[item["id"]].high == "I do."
    assert known.scenes.keys() == library.scenes.keys()
    assert known.scenes[scene["seed"], scene["culture"], scene["slot"]].situation == "It rains."
    assert Gold(known).stances.keys() == Gold(library).stances.keys()
    assert Gold(known).stances[case["id"]].reason == "Other."
    assert Gold(known).views.keys() == Gold(library).views.keys()
    assert Gold(known).views[view["id"]].reason == "Other."


def test_frameworks_are_added(add: Callable[..., Library], library: Library) -> None:
    framework = "moral: {name: Moral foundations, dimensions: {care: {high: shields, low: hardens}}}\n"
    seed = SEED | {"framework": "moral", "dimension": "care"}
    known = add(**{"frameworks.yaml": framework, "seeds/own.jsonl": [seed]})
    assert [*known.frameworks] == [*library.frameworks, "moral"]
    assert known.seeds["own-01"].dimension == "care"


def test_cues_are_added_to_the_lists_that_are_given(add: Callable[..., Library], library: Library) -> None:
    known = add(**{"cues.yaml": "groups: [Kiwis, " + library.cues.groups[0] + "]\n"})
    assert known.cues.groups == [*library.cues.groups, "Kiwis"]
    assert known.cues.warm == library.cues.warm


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("seeds/own.jsonl", [SEED, SEED | {"id": "own-02"}, SEED], ":3: id 'own-01' is already taken"),
        ("seeds/own.jsonl", [SEED, SEED | {"id": "own-02", "dimension": "bravery"}], ":2: hofstede has no dimension"),
        ("cues.yaml", "warm: [kind]\ncold: [1]\n", ":2: cold.0: Input should be a valid string"),
        ("frameworks.yaml", "moral:\n  name: M\n", ":1: moral.dimensions: Field required"),
        ("gold/stance/own.jsonl", [{"id": "x"}], ":1: culture: Field required"),
    ],
)
def test_bad_row_is_refused_with_file_and_line(
    add: Callable[..., Library], tmp_path: Path, name: str, content: Any, reason: str
) -> None:
    known = add(**{name: content})
    said = refusal(lambda: (known.seeds, known.cues, Gold(known).stances))
    assert said.startswith(f"{tmp_path / 'material' / name}{reason}")


def test_folder_that_is_not_there_or_holds_nothing_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "material"
    assert refusal(lambda: Library(overlay=folder)) == f"{folder}: there is no such material folder"
    (folder / "culture").mkdir(parents=True)
    (folder / "culture" / "nz.yaml").write_text("id: nz\n", encoding="utf-8")
    said = refusal(lambda: Library(overlay=folder))
    assert said.startswith(f"{folder}: this material folder holds none of ") and "cultures/*.yaml" in said


def test_version_of_the_gold_changes_with_what_its_cases_are_about(
    add: Callable[..., Library], library: Library
) -> None:
    scene = next(iter(library.scenes.values())).model_dump()
    case = next(iter(Gold(library).stances.values())).model_dump()
    versions = [
        Gold(library).version,
        Gold(add(**{"scenarios/own.jsonl": [scene]})).version,
        Gold(add(**{"gold/stance/own.jsonl": [case]})).version,
        Gold(add(**{"seeds/own.jsonl": [SEED]})).version,
    ]
    assert versions[0] == versions[1]
    assert len({*versions}) == 3


def test_line_separators_within_a_text_do_not_end_a_line(add: Callable[..., Library]) -> None:
    text = SEED | {"statement": "I say\u2028so."}
    known = add(**{"seeds/own.jsonl": json.dumps(text, ensure_ascii=False) + "\n"})
    assert known.seeds["own-01"].statement == "I say\u2028so."


def test_added_seeds_and_imported_items_break_no_check(add: Callable[..., Library]) -> None:
    long = {"question": "Why?", "high": "Because.", "low": "No.", "key": "+", "facet": "openness"}
    items = [long | {"id": f"trait-{n}-1", "trait": "openness", "source": "trait"} for n in range(9)]
    mirrored = SEED | {
        "id": "own-02",
        "pole": "low",
        "statement": "At a shared table I would rather deal the cards round than be dealt to.",
        "opposite": "At a shared table I would rather be dealt to than deal the cards round.",
    }
    report, known = Report(), add(**{"seeds/own.jsonl": [SEED, mirrored], "items/trait.jsonl": items})
    for part in (check_folder, check_seeds, check_items):
        part(known, report)
    assert report.faults == []
    rows = {row[0]: row[1] for row in report.rows}
    assert rows["items of other sources"] == "9 of trait; 9 make no pairs, of no known facet"
    assert rows["seeds of hofstede"] == "6 dimensions, 25 high, 25 low, 8-10 each"
    assert rows["material folder: files"] == "1 in seeds, 1 in items"


def test_a_folder_gives_imported_items_their_facet(add: Callable[..., Library]) -> None:
    item = {"question": "Why?", "high": "Because.", "low": "No.", "key": "+", "facet": "openness", "source": "trait"}
    ends = "openness:\n  openness:\n    high: is drawn to what is new to them\n    low: is drawn to what they know\n"
    known = add(**{"items/trait.jsonl": [item | {"id": "trait-1-1", "trait": "openness"}], "facets.yaml": ends})
    assert known.facets["openness"].trait == "openness" and len(known.facets) == 31
    report = Report()
    for part in (check_folder, check_facets, check_items):
        part(known, report)
    assert report.faults == []
    assert next(row[1] for row in report.rows if row[0] == "items of other sources") == "1 of trait"


def test_seeds_of_one_pole_alone_are_found(add: Callable[..., Library]) -> None:
    more = [SEED | {"id": f"own-0{n}"} for n in (1, 2)]
    report = Report()
    check_seeds(add(**{"seeds/own.jsonl": more}), report)
    assert "seeds of hofstede: power_distance: 6 high, 4 low" in report.faults
