"""A track that another installed package adds: with one module and one entry it is composed, sampled and exported."""

import sys
from dataclasses import replace
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from gravity.agents.judge import Case, Panel
from gravity.agents.tracks import tracks
from gravity.graphs.curate import curate_graph, pending_checks
from gravity.store.dataset import export
from gravity.store.lots import lots
from gravity.store.records import Choice
from tests.graphs.support import at_work, pairs
from tests.stub.server import Stub
from tests.support import config, take_in, workshop

MODULE = '''
"""Advice: what a reader of one temperament would tell a friend."""

from gravity.agents.prompting import Prompt
from gravity.store.runs import Track

TRACK = Track(
    name="advice",
    rests_on="trait",
    sampled=True,
    hidden_from_panel=("trait", "stance"),
    subject="item",
    split_by_subject=False,
)
TASK = Prompt("task_advice", "# user\\nA friend who reads asks: {{ question }} What do you tell them?")


def compose(composer, portrait):
    levels = portrait.by_name("trait")
    for item in list(composer.items.values())[::20]:
        fact = levels.get(item.trait)
        if fact is not None and fact.value in ("high", "low"):
            high = fact.value == "high"
            yield composer.pair(
                portrait,
                TRACK,
                framework="big five",
                dimension=item.facet,
                subject=item.id,
                task=TASK,
                variables={"question": item.question},
                sides=(item.high, item.low) if high else (item.low, item.high),
                basis=f"the reader is {fact.value} in {item.trait}",
                takes=fact.value,
                fact=fact,
            )
'''


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A package with the module and its entry, as pip would leave it."""
    site = tmp_path / "site"
    metadata = site / "gravity_advice-1.0.dist-info"
    metadata.mkdir(parents=True)
    (site / "gravity_advice.py").write_text(MODULE, encoding="utf-8")
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: gravity-advice\nVersion: 1.0\n", encoding="utf-8")
    (metadata / "entry_points.txt").write_text("[gravity.tracks]\nadvice = gravity_advice\n", encoding="utf-8")
    monkeypatch.syspath_prepend(str(site))
    monkeypatch.setitem(sys.modules, "gravity_advice", None)
    monkeypatch.delitem(sys.modules, "gravity_advice")


def test_without_the_package_there_is_no_such_track() -> None:
    assert list(tracks()) == ["values", "personality", "interests"]


@pytest.mark.usefixtures("installed")
async def test_a_track_from_outside_is_composed_sampled_and_exported(stub: Stub, tmp_path: Path) -> None:
    made = workshop(config(stub.url, tmp_path / "store", seeds=5))
    take_in(made, each=2)
    assert [track.name for track in made.run.settings.tracks] == ["values", "personality", "interests", "advice"]
    judge, cases = made.chat_judge("stub"), []

    class Looking(Panel):
        async def choices(self, case: Case) -> list[Choice]:
            cases.append(case)
            return await super().choices(case)

    crew = replace(made.crew(), panels={culture: Looking([judge], [judge], 1) for culture in made.library.cultures})
    async with at_work(made):
        await curate_graph(crew).ainvoke({"culture": "us"})
    composed = {pair.id: pair for pair in pairs(made) if pair.track == "advice"}
    assert composed and all("A friend who reads asks" in pair.prompt[1]["content"] for pair in composed.values())
    assert {pair.takes for pair in composed.values()} == {"high", "low"}
    # Lots of it are sampled, and a judge that knows the truth confirms them.
    checks = made.ledger.checks(made.run.id)
    (lot,) = (lot for lot in lots(made.ledger, made.run) if lot.track == "advice")
    assert (lot.culture, lot.verdict) == ("us", "vetted") and pending_checks(crew) == []
    assert lot.checked == len(composed.keys() & checks.keys()) > 0
    # The panel saw nothing of the kinds of facts that the track hides, and of others what there was.
    seen = [case.card for case in cases if "A friend who reads asks" in case.task]
    assert len(seen) == lot.checked and all("About them: " in card for card in seen)
    assert not any("Personality: " in card or "Views they hold:" in card for card in seen)
    assert any("Views they hold:" in case.card for case in cases)
    # The run in the store knows the track, whether the package is still there or not.
    run = made.ledger.latest_run()
    assert run is not None
    export(made.ledger, run, tmp_path / "out", 0.2, overwrite=False)
    rows = [row for file in (tmp_path / "out").glob("*.parquet") for row in pq.read_table(file).to_pylist()]
    advice = {row["id"]: row for row in rows if row["track"] == "advice"}
    # Its items are not split, so that not one of its pairs is left out.
    assert advice.keys() == composed.keys()
    for identity, row in advice.items():
        assert (row["item"], row["seed"], row["book"]) == (composed[identity].subject, None, None)
        assert row["takes"] == composed[identity].takes and row["lot"] == "vetted"
    assert "| advice | a trait | a sample |" in (tmp_path / "out" / "README.md").read_text(encoding="utf-8")
