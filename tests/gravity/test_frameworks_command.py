"""`gravity frameworks` counts what is known beforehand, and shows a seed with its gold cases."""

import json
from pathlib import Path
from typing import Any

from gravity.frameworks.gold import Gold, split_of
from gravity.frameworks.loader import Library
from tests.gravity.support import gravity, here

SEED = "hof-pdi-01"


def printed(folder: Path, *arguments: str) -> dict[str, Any]:
    done = here(folder, "frameworks", *arguments, "--json")
    assert (done.code, done.errors) == (0, "")
    figures: dict[str, Any] = json.loads(done.output)
    return figures


def test_counts_are_printed(tmp_path: Path, library: Library) -> None:
    done = gravity(tmp_path, "frameworks")
    assert (done.code, done.errors) == (0, "")
    assert f"Seeds ({len(library.seeds)})" in done.output
    assert f"Personality items ({len(library.items)})" in done.output
    for culture in library.cultures.values():
        assert culture.name in done.output
    for name in ("power_distance", "neuroticism", "anxiety", "Gold cases", "stance", "bias", "held-out"):
        assert name in done.output
    assert list(tmp_path.iterdir()) == []


def test_json_adds_up(tmp_path: Path, library: Library) -> None:
    figures, gold = printed(tmp_path), Gold(library)
    assert sum(row["high"] + row["low"] for row in figures["seeds"].values()) == len(library.seeds)
    assert len(figures["seeds"]) == sum(len(framework.dimensions) for framework in library.frameworks.values())
    assert sum(figures["items"].values()) == len(library.items)
    assert figures["cultures"].keys() == library.cultures.keys()
    assert sum(row["scenarios"] for row in figures["cultures"].values()) == len(library.scenes)
    assert {name: sum(row.values()) for name, row in figures["gold"].items()} == {
        "stance": len(gold.stances),
        "scenarios": len(gold.scenarios),
        "bias": len(gold.bias),
        "views": len(gold.views),
        "facets": len(gold.facets),
        "writings": len(gold.writings),
        "inventions": len(gold.inventions),
    }
    for row in figures["gold"].values():
        assert row.keys() == {f"{culture} {split}" for culture in library.cultures for split in ("dev", "held-out")}


def test_seed_shows_its_gold_cases(tmp_path: Path, library: Library) -> None:
    figures, gold = printed(tmp_path, "--seed", SEED), Gold(library)
    stances = [case for case in gold.stances.values() if case.seed == SEED]
    scenarios = [case for case in gold.scenarios.values() if case.seed == SEED]
    assert figures == {
        "seed": library.seeds[SEED].model_dump(),
        "stances": [case.model_dump() for case in stances],
        "scenarios": [case.model_dump() for case in scenarios],
    }
    assert stances and scenarios
    done = gravity(tmp_path, "frameworks", "--seed", SEED)
    assert (done.code, done.errors) == (0, "")
    for text in (library.seeds[SEED].statement, library.seeds[SEED].opposite, split_of(SEED)):
        assert text in done.output
    # A narrow column breaks an id over two lines, but never the tables' titles.
    assert "Gold stances" in done.output and "Gold scenarios" in done.output


def test_unknown_seed_exits_2_with_one_line(tmp_path: Path) -> None:
    done = here(tmp_path, "frameworks", "--seed", "nothing-like-it")
    assert (done.code, done.output) == (2, "")
    assert len(done.errors.splitlines()) == 1
    assert "there is no seed 'nothing-like-it'" in done.errors


def test_beginning_of_an_id_is_answered_with_the_ids(tmp_path: Path) -> None:
    done = gravity(tmp_path, "frameworks", "--seed", "hof-pdi")
    assert (done.code, done.output) == (2, "")
    assert len(done.errors.splitlines()) == 1
    assert "there is no seed 'hof-pdi'; ids that begin so: hof-pdi-01, " in done.errors


def test_items_of_another_project_are_taken_into_a_material_folder(tmp_path: Path, library: Library) -> None:
    row = {"trait": "extraversion", "train_output": "Come along!", "original_index": 7}
    rows = [row | {"level": "high"}, row | {"level": "low", "train_output": "I stay in."}]
    (tmp_path / "chat.json").write_text(json.dumps(rows), encoding="utf-8")
    (tmp_path / "gravity.toml").write_text('material = "material"\n', encoding="utf-8")
    command = ["frameworks", "import", "chat.json", "--format", "big5chat", "--output", "material/items/chat.jsonl"]
    done = here(tmp_path, *command)
    assert (done.code, done.errors) == (0, "")
    assert "Items (1)" in done.output and "extraversion" in done.output
    assert printed(tmp_path)["items"]["extraversion/extraversion"] == 1
    again = here(tmp_path, *command)
    assert (again.code, again.output) == (3, "")
    assert "is there already" in again.errors
    assert here(tmp_path, *command[:4], "csv", *command[5:]).code == 2
    (tmp_path / "material/items/chat.jsonl").unlink()
    assert json.loads(here(tmp_path, *command, "--json").output) == {
        "file": "material/items/chat.jsonl",
        "items": {"extraversion": 1},
    }
