import json

import pytest

from gravity.agents.errors import AskError
from gravity.agents.writer import SETTINGS, BankFirst, BankWriter, ModelWriter
from gravity.frameworks.loader import Library
from gravity.frameworks.records import Scene
from gravity.store.records import Finding, Provenance
from tests.agents.conftest import MakeAsker
from tests.stub.scripted import Scripted
from tests.support import draft

LIBRARY = Library()
SEED = next(iter(LIBRARY.seeds.values()))
US, BR = LIBRARY.cultures["us"], LIBRARY.cultures["br"]
# The most that curate.scenarios_per_seed can ask for.
SLOTS = 9
SCENES = {
    "situation": "  A clerk in a small office has to choose a new supplier by noon.\n",
    "endorsing": "She goes round the desks, hears three colleagues out, and writes their names on the order.",
    "opposing": "She reads the offers alone by the window, signs one of them, and hands the folder over.",
}


async def test_a_draft_is_asked_for_in_the_setting_of_its_slot(make_asker: MakeAsker) -> None:
    with Scripted([json.dumps(SCENES)]) as server:
        writer = ModelWriter(make_asker(server.url))
        drafts = [await writer.write(SEED, BR, slot, None, []) for slot in range(SLOTS)]
        asked = server.said("user")
    assert writer.revises
    assert drafts[0].situation == SCENES["situation"].strip()
    assert drafts[0].made_by.model == "stub" and drafts[0].made_by.prompt
    for slot, user in enumerate(asked):
        assert SETTINGS[slot] in user
        assert BR.name in user and SEED.statement in user and SEED.opposite in user
        assert "sent back" not in user
    assert len(set(asked)) == SLOTS


async def test_remarks_and_the_earlier_draft_are_shown(make_asker: MakeAsker) -> None:
    earlier = draft("An earlier situation.", "One earlier way.", "Another earlier way.")
    made_by = Provenance(model="m")
    remark = Finding(
        critic="m", kind="stereotype", quote="as they all do", severity="severe", repair="drop it", made_by=made_by
    )
    with Scripted([json.dumps(SCENES)]) as server:
        await ModelWriter(make_asker(server.url)).write(SEED, US, 0, earlier, [remark])
        (user,) = server.said("user")
    for said in (earlier.situation, earlier.endorsing, earlier.opposing, "stereotype: as they all do (drop it)"):
        assert said in user


@pytest.mark.parametrize("part", ["situation", "endorsing", "opposing"])
async def test_a_scene_that_is_too_short_is_asked_for_again(make_asker: MakeAsker, part: str) -> None:
    with Scripted([json.dumps({**SCENES, part: "Short."}), json.dumps(SCENES)]) as server:
        written = await ModelWriter(make_asker(server.url)).write(SEED, US, 0, None, [])
        assert f"{part}: String should have at least" in server.said("user")[1]
    assert getattr(written, part) == SCENES[part].strip()


async def test_no_usable_answer_is_an_error(make_asker: MakeAsker) -> None:
    with Scripted(["{}"]) as server, pytest.raises(AskError):
        await ModelWriter(make_asker(server.url)).write(SEED, US, 0, None, [])


async def test_the_bank_gives_what_it_has_and_says_what_it_lacks() -> None:
    scene = Scene(seed=SEED.id, culture="us", slot=1, **SCENES)
    writer = BankWriter({(SEED.id, "us", 1): scene}, released=[(SEED.id, "us", 1)])
    assert not writer.revises
    written = await writer.write(SEED, US, 1, None, [])
    assert (written.endorsing, written.made_by.model) == (scene.endorsing, "scenario bank")
    with pytest.raises(AskError, match=f"no scenario 3 for {SEED.id} in us"):
        await writer.write(SEED, US, 2, None, [])
    with pytest.raises(AskError, match="in br"):
        await writer.write(SEED, BR, 1, None, [])


async def test_what_the_bank_has_is_not_asked_for_and_a_remark_is_mended_by_the_model(make_asker: MakeAsker) -> None:
    scene = Scene(seed=SEED.id, culture="us", slot=1, **SCENES)
    bank = BankWriter({(SEED.id, "us", 1): scene}, released=[(SEED.id, "us", 1)])
    other = {**SCENES, "endorsing": SCENES["endorsing"] + " And so it is."}
    with Scripted([json.dumps(other)] * 2) as server:
        writer = BankFirst(bank, ModelWriter(make_asker(server.url)))
        first = await writer.write(SEED, US, 1, None, [])
        assert first.endorsing == scene.endorsing and not server.said("user")
        assert (await writer.write(SEED, US, 2, None, [])).endorsing == other["endorsing"]
        remark = Finding(
            critic="c", kind="stereotype", quote="q", severity="severe", repair="r", made_by=Provenance(model="c")
        )
        assert (await writer.write(SEED, US, 1, first, [remark])).endorsing == other["endorsing"]
    assert writer.revises and writer.released == bank.released
