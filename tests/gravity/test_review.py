"""`gravity review` at a real terminal: keys decide, the trail is shown, decisions outrank the panel."""

import json
import shutil
import sys
from pathlib import Path

import pytest
from sqlalchemy import delete, update

from gravity.config import Config
from gravity.project import Project
from gravity.store import tables
from gravity.store.records import Pair
from tests.gravity.conftest import Filled
from tests.gravity.support import gravity, here
from tests.gravity.terminal import terminal

SCREEN = "keep  f flip"


@pytest.fixture
def store(filled: Filled, tmp_path: Path) -> Path:
    """A copy of the filled store, in which the panel doubts three pairs of the values track; beside them some of the
    personality track are held."""
    copy = tmp_path / "copy"
    shutil.copytree(filled.folder, copy)
    made = Project(Config.model_validate({"store": {"path": copy / ".gravity"}}))
    run = made.stores.ledger.latest_run()
    assert run is not None
    pairs = list(made.stores.ledger.pairs(run.id))
    doubted = {pair.id for pair in pairs if pair.track == "values"}
    checks = [check for check in made.stores.ledger.checks(run.id).values() if check.pair in doubted][:3]
    held = [pair.id for pair in pairs if pair.track == "personality"][:40]
    with made.stores.database.begin() as connection:
        connection.execute(update(tables.pairs).where(tables.pairs.c.id.in_(held)).values(verdict="held"))
        connection.execute(delete(tables.checks).where(tables.checks.c.pair.in_([check.pair for check in checks])))
    for check, prefers in zip(checks, (None, "rejected", None), strict=True):
        made.stores.ledger.add_check(check.model_copy(update={"prefers": prefers}))
    made.stores.database.close()
    return copy


def queue(folder: Path, *arguments: str) -> list[dict[str, str]]:
    done = here(folder, "review", "--json", *arguments)
    assert done.code == 0
    waits: list[dict[str, str]] = json.loads(done.output)
    return waits


def pair(folder: Path, identity: str) -> Pair:
    made = Project(Config.model_validate({"store": {"path": folder / ".gravity"}}))
    found = made.stores.ledger.pair(identity)
    made.stores.database.close()
    assert found is not None
    return found


def test_each_key_does_what_it_says(store: Path) -> None:
    waits = [item["pair"] for item in queue(store)]
    before = [pair(store, identity) for identity in waits[:5]]
    editor = f'{sys.executable} -c "import sys,pathlib as p; f=p.Path(sys.argv[1]); ' + (
        "f.write_text('=== chosen ===\\nOne way.\\n=== rejected ===\\nAnother way.')\""
    )
    with terminal(store, "review", "--by", "Aiko", VISUAL=editor) as shown:
        first = shown.until(SCREEN)
        assert f"1 of {len(waits)}" in first
        assert f"Pair {waits[0]}" in first
        assert waits[1] in shown.press("k", SCREEN)
        assert waits[2] in shown.press("f", SCREEN)
        assert waits[1] in shown.press("u", SCREEN)
        assert waits[2] in shown.press("f", SCREEN)
        assert waits[3] in shown.press("r", SCREEN)
        assert waits[4] in shown.press("e", SCREEN)
        shown.press("s", SCREEN)
        assert "1 kept, 1 flipped, 1 rejected, 1 edited" in " ".join(shown.press("q", "still wait").split())
    kept, flipped, rejected, edited, skipped = (pair(store, identity) for identity in waits[:5])
    assert (kept.verdict, kept.chosen, kept.reason) == ("vetted", before[0].chosen, "kept by Aiko")
    assert (flipped.chosen, flipped.rejected) == (before[1].rejected, before[1].chosen)
    assert (rejected.verdict, rejected.chosen) == ("rejected", before[2].chosen)
    assert [edited.chosen[0]["content"], edited.rejected[0]["content"]] == ["One way.", "Another way."]
    assert skipped == before[4]
    assert [item["pair"] for item in queue(store)] == waits[4:]


def test_undo_leaves_the_pair_as_it_was(store: Path) -> None:
    identity = queue(store)[0]["pair"]
    before = pair(store, identity)
    with terminal(store, "review") as shown:
        shown.until(SCREEN)
        shown.press("f", SCREEN)
        shown.press("u", SCREEN)
        shown.press("q", "still wait")
    assert pair(store, identity) == before


def test_what_a_person_decides_is_exported_and_shown(store: Path) -> None:
    identity = queue(store)[0]["pair"]
    with terminal(store, "review", "--by", "Aiko") as shown:
        shown.until(SCREEN)
        shown.press("f", SCREEN)
        shown.press("q", "still wait")
    assert "Decision  flip by Aiko" in here(store, "show", identity).output
    trail = json.loads(here(store, "show", identity, "--json").output)
    assert trail["decision"]["decided"] == "flip"
    assert trail["decision"]["before"]["chosen"] == trail["pair"]["rejected"]


def test_disagreements_come_before_what_could_not_be_told_and_what_was_held(store: Path) -> None:
    whys = [item["why"] for item in queue(store)]
    order = ["the panel preferred the other side", "the panel could not tell"]
    places = [order.index(why) if why in order else len(order) for why in whys]
    assert places == sorted(places)
    assert places[:4] == [0, 1, 1, 2]


def test_only_what_was_asked_for(store: Path) -> None:
    some = queue(store, "--culture", "jp", "--track", "values")
    assert {(p.culture, p.track) for p in (pair(store, item["pair"]) for item in some)} <= {("jp", "values")}
    assert len(some) < len(queue(store))


def test_without_a_terminal_it_says_what_to_do(store: Path) -> None:
    done = gravity(store, "review")
    assert done.code == 2
    assert "needs a terminal" in done.errors
    assert len(done.errors.splitlines()) == 1
