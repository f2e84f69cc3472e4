"""A layout of reviews that another package brings, as CONTRIBUTING.md has it, is one that `gravity ingest` takes."""

import json
import sys
from pathlib import Path

import pytest

from tests.extending.support import distribution, from_recipe, on_path, write_rows
from tests.gravity.support import gravity, here

ROW = {"who": "ana", "what": "B1", "stars": 4, "thoughts": "I liked how they all sat down together."}


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A folder with an installed package that brings the layout."""
    return from_recipe(tmp_path / "site", "An importer")


def test_its_rows_are_taken_and_bad_ones_refused(tmp_path: Path, site: Path) -> None:
    write_rows(tmp_path / "diary.jsonl", ROW, ROW | {"stars": 9}, ROW | {"who": "bob"}, ROW)
    arguments = ["ingest", "diary.jsonl", "--format", "reading-diary", "--culture", "br", "--json"]
    done = gravity(tmp_path, *arguments, **on_path(site))
    assert (done.code, done.errors) == (0, "")
    counts = json.loads(done.output)
    (file,) = counts["files"]
    assert file == {
        "file": "diary.jsonl",
        "read": 4,
        "kept": 2,
        "duplicates": 1,
        "refused": {"rating out of range": 1},
    }
    assert counts["store"]["reviews"] == 2


def fails(folder: Path, *arguments: str) -> str:
    done = here(folder, *arguments)
    assert (done.code, done.output, len(done.errors.splitlines())) == (2, "", 1)
    return done.errors


def test_an_unknown_layout_lists_it(tmp_path: Path, site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(site)
    said = fails(tmp_path, "ingest", "diary.jsonl", "--format", "diary")
    assert "there is no layout 'diary' of reviews: known are amazon-2023, amazon-2014, reading-diary" in said


def test_it_has_no_items(tmp_path: Path, site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(site)
    said = fails(tmp_path, "ingest", "diary.jsonl", "--format", "reading-diary", "--items", "books.jsonl")
    assert "books.jsonl: the layout reading-diary has reviews alone, no items: leave this file out" in said


@pytest.mark.parametrize(
    ("code", "value", "reason"),
    [
        ("", "broken_layout:LAYOUT", "entry point broken of gravity.importers cannot be loaded: "),
        ("import no_such_module", "broken_layout:LAYOUT", "cannot be loaded: No module named 'no_such_module'"),
        ("LAYOUT = 7", "broken_layout:LAYOUT", "entry point broken of gravity.importers is 7, not an Importer"),
        (
            "from gravity.store.importers.amazon_2014 import AMAZON_2014 as LAYOUT",
            "broken_layout:LAYOUT",
            "entry point broken of gravity.importers has the name amazon-2014, which is taken",
        ),
    ],
)
def test_a_package_that_does_not_fit_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: str, value: str, reason: str
) -> None:
    entry_points = {"gravity.importers broken": value}
    monkeypatch.syspath_prepend(distribution(tmp_path / "site", "broken", {"broken_layout": code}, entry_points))
    monkeypatch.delitem(sys.modules, "broken_layout", raising=False)
    assert reason in fails(tmp_path, "ingest", "diary.jsonl", "--format", "amazon-2023")
