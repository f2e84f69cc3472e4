"""What the benchmarks hold against the planted truth, on few readers."""

from pathlib import Path

import pytest

from benchmarks.crowd import take_alike, take_crowd
from benchmarks.recovery import KINDS, Told, figures, told
from gravity.graphs.pending import selected
from tests.stub.issues import plain
from tests.stub.server import Stub
from tests.stub.truth import Character
from tests.support import LOUD, QUIET, People, config, curate, project, take_in


def recovered(folder: Path, character: Character, people: People) -> Told:
    """What comes back of one reader a culture."""
    with Stub(character) as server:
        made = project(config(server.url, folder, own_seeds=3))
        take_in(made, each=1, people=people)
        return told(made, curate(made), people)


@pytest.mark.parametrize("people", [LOUD, QUIET], ids=["loud", "quiet"])
def test_models_that_are_always_right_bring_all_views_back_and_make_nothing_up(tmp_path: Path, people: People) -> None:
    found = recovered(tmp_path, Character(), people)
    assert found.views["there"] == found.views["kept"] > 20 and not found.views["invented"]
    taken = {true for _, true, said in found.stances if said in ("agree", "disagree")}
    assert taken and taken <= {"shown agree", "shown disagree"}
    assert all(said in (true.split()[-1], "unknown") for _, true, said in found.stances)
    assert {label for (_, label), n in found.labels.items() if n} == {"right"}


def test_models_that_err_lose_views_and_let_some_through_and_the_figures_say_so(tmp_path: Path) -> None:
    found = recovered(tmp_path, Character(accuracy=0.7, missed=0.3, invented=1.0), QUIET)
    views = found.views
    assert views["kept"] + views["dropped"] < views["there"] and views["dropped"] and views["let_through"]
    said = figures(found)
    invented = said["views: let through, of those invented"]
    assert 0 < invented["low"] < invented["figure"] < invented["high"] < 1 and invented["n"] == views["invented"]
    assert said["views: found and kept, of those there are"]["figure"] == views["kept"] / views["there"]
    # A stated view that was let through became a seed of that reader's own, and nothing in truth answers it.
    neither = sum(n for (kind, true, _), n in found.stances.items() if (kind, true) == (KINDS[2], "neither"))
    assert said["own seeds: made up, of stances neither shown nor held"]["n"] == neither > 0


def test_copies_of_readers_are_readers_with_views_of_their_own(tmp_path: Path) -> None:
    with Stub() as server:
        made = project(config(server.url, tmp_path, readers_per_seed=2, own_seeds=3))
        take_crowd(made, 48, QUIET)
        run = curate(made, readers=8, scenario_seeds=0)
    chosen = [reader.id for reader in selected(made.setup(True).crew(), {"readers": 8})]
    views = {reader: made.stores.views.of(run, reader) for reader in chosen}
    for reader in chosen:
        twin = reader[:-1] + str(1 - int(reader[-1]))
        own, other = ({view.statement for view in views[of]} for of in (reader, twin))
        # Other reviews of the copy may be held back, and it says the same in words of its own.
        assert not own & other and {plain(view) for view in own} & {plain(view) for view in other}
    assert any(len(group.views) > 4 for group in made.stores.views.groups(run))


def test_people_can_all_be_given_as_many_reviews(tmp_path: Path) -> None:
    made = project(config("http://127.0.0.1:9/v1", tmp_path))
    assert take_alike(made, 12, QUIET) == 24
    assert {len(made.stores.corpus.reviews_of(reader.id)) for reader in made.stores.corpus.readers()} == {12}
