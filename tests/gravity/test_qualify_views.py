"""Readers of views in `gravity qualify` and in what a culture lacks."""

from pathlib import Path
from typing import Any

import pytest

from gravity.agents.prompting import prompt
from gravity.agents.qualification import STANCE, VIEW
from gravity.commands.qualify import print_qualifications
from gravity.config import Config
from gravity.project import Project
from tests.stub.server import Stub
from tests.stub.truth import Character
from tests.support import config, project, silent


def settings(url: str, home: Path, **roles: Any) -> Config:
    given = config(url, home, seeds=3).model_dump()
    given["judging"] = {"cases": 12, "min_accuracy": 0.5}
    given["models"]["offline"] = {"kind": "contrast"}
    given["roles"].update(roles)
    return Config.model_validate(given)


def printed(made: Project, capsys: Any) -> str:
    print_qualifications(made, made.qualify(silent))
    said: str = capsys.readouterr().out
    return said


def test_the_table_says_precision_and_recall(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    monkeypatch.setenv("COLUMNS", "260")
    with Stub(Character(missed=0.7)) as server:
        made = project(settings(server.url, tmp_path))
        said = printed(made, capsys)
    for text in (VIEW.title, "precision", "recall", "given one", "above 50% and 50%"):
        assert text in said
    assert "Precision by kind and language, all cultures" in said
    assert "Recall by kind and language, all cultures" in said
    # It misses most, and says nothing that is wrong.
    assert "no reader of views" in made.setup().standing.lacks("us")
    for culture in made.library.cultures:
        (row,) = [made.setup().standing.found[c.key][culture] for c in _candidates(made)]
        assert row.right == row.answered == row.found < row.there / 2
        assert row.calls > row.cases and row.tokens > 0
        assert row.error_rates["missed gold views"] == (row.there - row.found, row.there)


def test_models_that_cannot_read_are_not_asked_and_lack_nothing(tmp_path: Path) -> None:
    with Stub() as server:
        made = project(settings(server.url, tmp_path, profiler="offline", checker="offline"))
        assert _candidates(made) == []
        lacks = made.setup().standing.lacks("us")
    assert "no profiler" in lacks and "no reader of views" not in lacks


def test_a_checker_that_can_read_is_put_to_it_in_the_profilers_place(tmp_path: Path) -> None:
    with Stub() as server:
        made = project(settings(server.url, tmp_path, profiler="offline", checker="stub"))
        assert [c.name for c in _candidates(made)] == ["offline"]
        assert "no reader of views" in made.setup().standing.lacks("us")
        rows = [row for row in made.qualify(silent) if row.task == VIEW.name]
    assert rows and all(row.found == row.right == row.there > 0 for row in rows)
    assert made.setup().standing.able(VIEW, "us") == ["offline"]


# A stance rests on views, so what reads them is part of what takes it; which of them are repeats does not count there.
@pytest.mark.parametrize(
    ("name", "tasks"),
    [(name, {VIEW.name, STANCE.name}) for name in ("views", "refute", "stances")] + [("repeats", {VIEW.name})],
)
def test_scores_expire_with_each_prompt(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, tasks: set[str]
) -> None:
    from gravity import standing

    class Changed:
        hash = "changed"

    made = project(settings("http://127.0.0.1:9/v1", tmp_path))
    before = {c.task.name: c.key for c in made.setup().standing.candidates}
    monkeypatch.setattr(standing, "prompt", lambda one: Changed() if one == name else prompt(one))
    after = {c.task.name: c.key for c in project(made.config).setup().standing.candidates}
    assert {task for task in before if before[task] != after[task]} == tasks


def _candidates(made: Project) -> list[Any]:
    return [c for c in made.setup().standing.candidates if c.task is VIEW]
