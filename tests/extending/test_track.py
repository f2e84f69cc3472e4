"""A track that another installed package adds: with one module and one entry it is composed, sampled and exported."""

import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from gravity.agents.judge import Case, Panel
from gravity.agents.tracks import tracks
from gravity.graphs.curate import curate_graph
from gravity.graphs.pending import pending_checks
from gravity.store.dataset import export
from gravity.store.lots import lots
from gravity.store.records import Choice
from tests.extending.support import from_recipe
from tests.graphs.support import at_work, pairs, run_of, with_checkers
from tests.stub.server import Stub
from tests.support import config, project, run_id, take_in


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The package of the recipe, as pip would leave it."""
    monkeypatch.syspath_prepend(str(from_recipe(tmp_path / "site", "A track")))
    monkeypatch.delitem(sys.modules, "advice_track", raising=False)


def test_without_the_package_there_is_no_such_track() -> None:
    assert list(tracks()) == ["values", "carried-over", "personality", "interests"]


@pytest.mark.usefixtures("installed")
async def test_a_track_from_outside_is_composed_sampled_and_exported(stub: Stub, tmp_path: Path) -> None:
    made = project(config(stub.url, tmp_path / "store", seeds=5))
    take_in(made, each=2)
    assert [track.name for track in made.setup().record.settings.tracks] == [
        "values",
        "carried-over",
        "personality",
        "interests",
        "advice",
    ]
    judge, cases = made.models["stub"].pair_judge(made.setup().workbench("run")), []

    class Looking(Panel):
        async def choices(self, case: Case, task: str) -> list[Choice]:
            cases.append(case)
            return await super().choices(case, task)

    crew = with_checkers(made, [judge], kind=Looking)
    async with at_work(made):
        await curate_graph(crew).ainvoke({"culture": "us"})
    composed = {pair.id: pair for pair in pairs(made) if pair.track == "advice"}
    assert composed and all("A friend who reads asks" in pair.prompt[1]["content"] for pair in composed.values())
    assert {pair.takes for pair in composed.values()} == {"high", "low"}
    # Lots of it are sampled, and a judge that knows the truth confirms them.
    checks = made.stores.ledger.checks(run_id(made))
    (lot,) = (lot for lot in lots(made.stores.ledger, run_of(made)) if lot.track == "advice")
    assert (lot.culture, lot.verdict) == ("us", "vetted") and pending_checks(crew) == []
    assert lot.checked == len(composed.keys() & checks.keys()) > 0
    # The panel saw nothing of the kinds of facts that the track hides, and of others what there was.
    seen = [case.card for case in cases if "A friend who reads asks" in case.task]
    assert len(seen) == lot.checked and all("About them: " in card for card in seen)
    assert not any("Personality: " in card or "Views they hold:" in card for card in seen)
    assert any("Views they hold:" in case.card for case in cases)
    # The run in the store knows the track, whether the package is still there or not.
    run = made.stores.ledger.latest_run()
    assert run is not None
    export(made.stores.ledger, run, tmp_path / "out", 0.2, overwrite=False)
    rows = [row for file in (tmp_path / "out").glob("*.parquet") for row in pq.read_table(file).to_pylist()]
    advice = {row["id"]: row for row in rows if row["track"] == "advice"}
    # Its items are not split, so that not one of its pairs is left out.
    assert advice.keys() == composed.keys()
    for identity, row in advice.items():
        assert (row["item"], row["seed"], row["book"]) == (composed[identity].subject, None, None)
        assert row["takes"] == composed[identity].takes and row["lot"] == "vetted"
    card = (tmp_path / "out" / "README.md").read_text(encoding="utf-8")
    assert "| advice | a facet | a sample, by judges of personality |" in card
