import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gravity.agents.critic import LENGTH_RATIO, Advisory, ModelCritic, RuleCritic, blocking
from gravity.agents.errors import NotAnsweredError, UnusableError
from gravity.frameworks.loader import DATA, Library
from gravity.frameworks.records import Culture, Seed
from gravity.store.records import Draft, Finding
from tests.agents.conftest import MakeAsker
from tests.stub.scripted import Scripted
from tests.stub.server import Stub
from tests.stub.truth import STEREOTYPE
from tests.support import draft

LIBRARY = Library()
RULES = RuleCritic(LIBRARY.cultures, LIBRARY.cues)
US, BR = LIBRARY.cultures["us"], LIBRARY.cultures["br"]
SEED = next(iter(LIBRARY.seeds.values()))
SOUND = draft(
    "A clerk in a small office has to choose a new supplier by noon.",
    "She goes round the desks, hears three colleagues out, and writes their names on the order.",
    "She reads the offers alone by the window, signs one of them, and hands the folder over.",
)


def changed(**parts: str) -> Draft:
    return SOUND.model_copy(update=parts)


async def kinds(written: Draft, culture: Culture = US, seed: Seed = SEED) -> list[tuple[str, str]]:
    return [(f.kind, f.severity) for f in await RULES.findings(seed, culture, written)]


async def test_a_sound_draft_has_no_finding() -> None:
    assert await kinds(SOUND) == []


async def test_an_entry_of_a_foreign_lexicon_is_minor() -> None:
    written = changed(situation="A clerk brings pão de queijo from Belo Horizonte to the office.")
    found = await RULES.findings(SEED, US, written)
    assert {f.quote for f in found} == {"pão de queijo", "Belo Horizonte"}
    assert {(f.kind, f.severity, f.repair) for f in found} == {
        ("foreign default", "minor", "belongs to another culture (br)")
    }
    assert blocking(found) == []
    assert await kinds(written, BR) == []


async def test_entries_are_matched_as_whole_words_and_as_written() -> None:
    assert await kinds(changed(situation="The cerradoes and the PAMONHA of a clerk.")) == []
    assert await kinds(changed(situation="They eat pamonha, twice: pamonha.")) == [("foreign default", "minor")]


@pytest.mark.parametrize("culture", sorted(LIBRARY.cultures))
async def test_no_entry_is_foreign_at_home(culture: str) -> None:
    home = LIBRARY.cultures[culture]
    for term in home.lexicon.terms():
        assert await kinds(changed(situation=f"A clerk speaks of {term} in the office."), home) == [], term


@pytest.mark.parametrize("view", ["statement", "opposite"])
@pytest.mark.parametrize("way", ["endorsing", "opposing"])
async def test_a_seed_said_aloud_is_severe(view: str, way: str) -> None:
    said = f"She says so, plainly: {getattr(SEED, view)} Then she goes on with her work."
    found = await RULES.findings(SEED, US, changed(**{way: said}))
    assert ("states the view", "severe") in {(f.kind, f.severity) for f in found}
    stated = next(f for f in found if f.kind == "states the view")
    assert stated.quote and said.startswith(stated.quote)


async def test_ways_of_unlike_length_are_severe() -> None:
    words = " ".join(f"word{chr(97 + n)}" for n in range(10))
    others = [f"other{chr(97 + n)}" for n in range(20)]
    most = int(10 * LENGTH_RATIO)
    assert await kinds(changed(endorsing=words, opposing=" ".join(others[:most]))) == []
    found = await RULES.findings(SEED, US, changed(endorsing=words, opposing=" ".join(others[: most + 1])))
    assert [(f.kind, f.severity) for f in found] == [("not parallel", "severe")]
    assert f"{most + 1} words" in found[0].repair and "10" in found[0].repair


async def test_ways_that_say_the_same_are_severe() -> None:
    found = await RULES.findings(SEED, US, changed(opposing=f"{SOUND.endorsing} Today."))
    assert [(f.kind, f.severity, f.repair) for f in found] == [("not parallel", "severe", "the two ways say the same")]


@given(situation=st.text(max_size=60), endorsing=st.text(max_size=60), opposing=st.text(max_size=60))
def test_any_text_can_be_criticised(situation: str, endorsing: str, opposing: str) -> None:
    found: list[Finding] = RULES._parallel(draft(situation, endorsing, opposing))
    found += RULES._said(SEED, draft(situation, endorsing, opposing))
    assert all(f.critic == "rules" for f in found)


async def test_the_shipped_scenes_pass_the_rules(library: Library) -> None:
    for (seed, culture, slot), scene in library.scenes.items():
        written = draft(scene.situation, scene.endorsing, scene.opposing)
        found = await RULES.findings(library.seeds[seed], library.cultures[culture], written)
        assert blocking(found) == [], (seed, culture, slot)


async def test_a_culture_added_as_a_file_joins_the_rules(tmp_path: Path) -> None:
    text = (DATA / "cultures" / "jp.yaml").read_text(encoding="utf-8").replace("id: jp", "id: xx")
    (tmp_path / "cultures").mkdir()
    (tmp_path / "cultures" / "xx.yaml").write_text(text, encoding="utf-8")
    added = Library(tmp_path).cultures["xx"]
    critic = RuleCritic({**LIBRARY.cultures, "xx": added}, LIBRARY.cues)
    term = added.lexicon.places[0]
    found = await critic.findings(SEED, US, changed(situation=f"A clerk moves to {term}."))
    assert "belongs to another culture (xx)" in {f.repair for f in found}


def remark(quote: str, severity: str = "severe") -> dict[str, str]:
    return {"kind": "stereotype", "quote": quote, "severity": severity, "repair": "leave it out"}


@pytest.mark.parametrize(
    ("quote", "severity"),
    [
        ("hears three colleagues out", "severe"),
        ("HEARS THREE COLLEAGUES OUT.", "severe"),
        ('"hears three colleagues out"', "severe"),
        ("hears four colleagues out", "minor"),
        ("the whole scene", "minor"),
        ("", "minor"),
        (" . ", "minor"),
    ],
)
async def test_a_quote_that_is_not_in_the_draft_is_no_evidence(
    make_asker: MakeAsker, quote: str, severity: str
) -> None:
    with Scripted([json.dumps({"findings": [remark(quote)]})]) as server:
        found = await ModelCritic(make_asker(server.url)).findings(SEED, US, SOUND)
    assert [(f.critic, f.kind, f.quote, f.severity) for f in found] == [("stub", "stereotype", quote, severity)]
    assert found[0].made_by.prompt and found[0].made_by.call


async def test_a_minor_remark_stays_minor(make_asker: MakeAsker) -> None:
    with Scripted([json.dumps({"findings": [remark("hears three colleagues out", "minor")]})]) as server:
        found = await ModelCritic(make_asker(server.url)).findings(SEED, US, SOUND)
    assert blocking(found) == []


async def test_a_critic_without_an_answer_says_so(make_asker: MakeAsker) -> None:
    with Scripted([json.dumps({"findings": [remark("x")] * 5})]) as server, pytest.raises(UnusableError):
        await ModelCritic(make_asker(server.url)).findings(SEED, US, SOUND)


async def test_an_advisory_critic_without_an_answer_is_noted_and_blocks_nothing(make_asker: MakeAsker) -> None:
    with Scripted(["I would rather not say."]) as server:
        critic = Advisory(ModelCritic(make_asker(server.url)), "stub")
        (finding,) = await critic.findings(SEED, US, SOUND)
    assert (finding.critic, finding.kind, finding.severity) == ("stub", "no answer", "minor")
    assert "stub gave no answer that fits" in finding.repair


async def test_a_critic_that_nobody_answered_has_not_found_nothing(make_asker: MakeAsker) -> None:
    with Scripted([429]) as server:
        critic = ModelCritic(make_asker(server.url, retries=0))
        for asked in (critic, Advisory(critic, "stub")):
            with pytest.raises(NotAnsweredError):
                await asked.findings(SEED, US, SOUND)


async def test_the_planted_defect_is_found(make_asker: MakeAsker, stub: Stub) -> None:
    critic = ModelCritic(make_asker(stub.url))
    assert await critic.findings(SEED, US, SOUND) == []
    found = await critic.findings(SEED, US, changed(situation=f"{SOUND.situation} They are late, {STEREOTYPE}."))
    assert [f.severity for f in found] == ["severe"]


@pytest.mark.parametrize(
    ("remark", "found"),
    [
        ("as any young farmer would", 1),
        ("like every widow of the village", 1),
        ("what young mothers want", 1),
        ("typical Brazilians, the clerk thinks", 1),
        ("it is in their blood", 1),
        ("at his age", 1),
        ("every worker signs the list", 0),
        ("the only chair is taken", 0),
        ("two women unload the van", 0),
    ],
)
async def test_remarks_about_a_whole_group_are_severe(remark: str, found: int) -> None:
    scene = draft(f"At the depot, {remark}, and the bell rings.", "She opens the door.", "He shuts the window.")
    findings = await RULES.findings(SEED, LIBRARY.cultures["us"], scene)
    assert [(f.kind, f.severity) for f in findings if f.kind == "stereotype"] == [("stereotype", "severe")] * found


async def test_a_tone_that_differs_is_remarked_on() -> None:
    warm = "She smiles, proudly sets the table and sings while the kettle boils."
    cold = "She scowls, bitterly wipes the table and mutters while the kettle boils."
    plain = "She nods, slowly lays the table and listens while the kettle boils."
    (finding,) = [
        f
        for f in await RULES.findings(SEED, LIBRARY.cultures["us"], draft("At noon.", warm, cold))
        if f.kind == "value judged"
    ]
    assert (finding.severity, finding.quote) == ("minor", cold[:120])
    assert not [
        f
        for f in await RULES.findings(
            SEED, LIBRARY.cultures["us"], draft("At noon.", plain, plain.replace("noon", "one"))
        )
        if f.kind == "value judged"
    ]


async def test_an_entry_that_ends_in_a_full_stop_is_seen() -> None:
    scene = draft("In Washington, D.C., the bus is late.", "She waits.", "He walks.")
    findings = await RULES.findings(SEED, LIBRARY.cultures["jp"], scene)
    assert "Washington, D.C." in [f.quote for f in findings]
