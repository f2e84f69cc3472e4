"""A kind of judge that another package brings, as CONTRIBUTING.md has it, is qualified and votes."""

import json
from pathlib import Path

import pytest

from tests.extending.support import distribution, from_recipe, on_path, recipe
from tests.gravity.support import gravity, toml
from tests.stub.server import Stub
from tests.support import BOOKS, READERS, REVIEWS


@pytest.fixture
def place(tmp_path: Path, stub: Stub) -> Path:
    """A folder whose configuration names the judge beside a chat model."""
    text = toml(
        stub.url,
        roles={"profiler": "stub", "writer": "stub", "judges": ["stub", "words"], "critics": []},
        judging={"cases": 24, "quorum": 1},
        curate={"seeds": 2, "scenarios_per_seed": 1},
    )
    (tmp_path / "gravity.toml").write_text(f'{text}\n[models.words]\nkind = "overlap"\n', encoding="utf-8")
    return tmp_path


def test_it_is_qualified_and_votes(place: Path) -> None:
    path = on_path(from_recipe(place / "site", "A judge"))
    files = (str(REVIEWS), "--format", "amazon-2023", "--items", str(BOOKS), "--readers", str(READERS))
    assert gravity(place, "ingest", *files, **path).code == 0
    done = gravity(place, "qualify", "--json", **path)
    assert (done.code, done.errors) == (0, "")
    rows = [row for row in json.loads(done.output) if row["model"] == "overlap"]
    # It judges scenes and not pairs, and shared words tell little: it is measured and does not count.
    assert {row["task"] for row in rows} == {"scenario"} and len(rows) == 4
    assert not any(row["qualifies"] for row in rows)
    assert gravity(place, "curate", "--readers", "4", **path).code == 0
    ledger = json.loads(gravity(place, "status", "--json", **path).output)
    assert sum(row["vetted"] for row in ledger["scenarios"].values()) > 0


def test_without_the_package_its_kind_is_unknown(place: Path) -> None:
    done = gravity(place, "status")
    assert done.code == 2 and len(done.errors.splitlines()) == 1
    assert "models.words" in done.errors and "overlap" in done.errors and "llama-cpp" in done.errors


def test_a_role_that_it_cannot_play_is_said(place: Path) -> None:
    path = on_path(from_recipe(place / "site", "A judge"))
    done = gravity(place, "status", GRAVITY_ROLES__CRITICS='["words"]', **path)
    assert done.code == 2
    assert "roles.critics: 'words' is of kind overlap, which cannot do that" in done.errors


@pytest.mark.parametrize("group", ["models", "tracks"])
def test_what_is_registered_in_the_wrong_place_is_one_line(tmp_path: Path, group: str) -> None:
    modules = {"overlap_judge": recipe("A judge", "python")}
    site = distribution(tmp_path / "site", "overlap", modules, {f"gravity.{group} overlap": "overlap_judge"})
    done = gravity(tmp_path, "preview", **on_path(site))
    assert done.code == 2 and len(done.errors.splitlines()) == 1
    assert f"the entry point overlap of gravity.{group} is <module 'overlap_judge'" in done.errors
    assert done.errors.rstrip().endswith("see CONTRIBUTING.md")
