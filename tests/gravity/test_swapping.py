"""Swaps are asked about whatever seed a scenario has, one that readers brought as well."""

from pathlib import Path

from gravity.frameworks.loader import Library
from gravity.loop import run
from gravity.swapping import Rows, ask, plan
from tests.store import build
from tests.stub.server import Stub
from tests.support import config, draft, project, silent


def test_a_scenario_about_a_seed_that_readers_brought_is_swapped(stub: Stub, tmp_path: Path, library: Library) -> None:
    made = project(config(stub.url, tmp_path), library)
    setup = made.setup(True)
    record, ledger = setup.record, made.stores.ledger
    ledger.open_run(record)
    made.stores.views.add_seeds([build.brought(record, "readers-pace", "pace")])
    place = library.cultures["us"].lexicon.places[0]
    scene = build.scenario(record, "readers-pace", "us")
    last = scene.rounds[-1].model_copy(update={"draft": draft(f"She drives to {place}.", "She hurries.", "She waits.")})
    ledger.add_scenario(scene.model_copy(update={"rounds": [last]}))
    planned = plan(setup, record, 3)
    assert [case.seed.statement for case in planned.scenes] == ["A story may take its time."]

    async def work() -> Rows:
        try:
            return await ask(setup, record, planned, silent)
        finally:
            await made.models.close()

    rows = run(work())
    assert {(row["seed"], row["role"]) for row in rows} == {("readers-pace", "judge"), ("readers-pace", "critic")}
