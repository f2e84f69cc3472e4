"""Scenarios: written, criticised, sent back, judged, settled."""

import hashlib
import random
from pathlib import Path
from typing import Any

import pytest

from gravity.config import Config, Limits
from gravity.frameworks.loader import Library
from gravity.project import Project
from tests.graphs.support import scenes
from tests.stub.server import Faults, Stub
from tests.stub.truth import STEREOTYPE, Character, Oracle, side_of
from tests.support import config, project, take_in

SEEDS = 6


def prepared(settings: Config) -> Project:
    """A project with one reader, of culture us, for whom scenarios are wanted."""
    made = project(settings)
    take_in(made, each=1)
    return made


async def test_a_severe_finding_sends_the_scene_back(tmp_path: Path) -> None:
    with Stub(Character(defects=1.0)) as server:
        settled = await scenes(prepared(config(server.url, tmp_path, seeds=SEEDS)), culture="us")
        assert server.counts.requests == SEEDS * 6
    assert len(settled) == SEEDS
    for scenario in settled:
        assert scenario.verdict == "vetted"
        first, second = scenario.rounds
        assert STEREOTYPE in first.draft.situation and STEREOTYPE not in second.draft.situation
        assert [(f.critic, f.kind, f.severity) for f in first.findings] == [("stub", "stereotype", "severe")]
        # What was sent back is not judged, and what was judged has no finding.
        assert (first.votes, second.findings, len(second.votes)) == ([], [], 2)
        assert scenario.draft == second.draft


class Stubborn(Oracle):
    """Makes the same mistake again, whatever the critic says."""

    def _scenes(self, user: str, chance: random.Random) -> dict[str, Any]:
        written = super()._scenes(user.split("This earlier attempt", 1)[0], chance)
        number = hashlib.sha256(user.encode()).hexdigest()[:6]
        return {**written, "situation": f"{written['situation']} They have the number {number}."}


@pytest.mark.parametrize("revisions", [0, 1, 3])
async def test_when_revisions_are_used_up_it_is_rejected_with_the_reason(tmp_path: Path, revisions: int) -> None:
    with Stub() as server:
        server.oracle = Stubborn(Character(defects=1.0))
        made = prepared(config(server.url, tmp_path, seeds=2, revisions=revisions))
        settled = await scenes(made, culture="us")
    for scenario in settled:
        assert scenario.verdict == "rejected"
        assert scenario.reason == "the critic stub found: stereotype (leave the remark out)"
        assert len(scenario.rounds) == revisions + 1
        assert all(f.severity == "severe" for done in scenario.rounds for f in done.findings)
        assert not any(done.votes for done in scenario.rounds)


class Careless(Oracle):
    """Writes the two ways of some scenes the wrong way round."""

    def _scenes(self, user: str, chance: random.Random) -> dict[str, Any]:
        written = super()._scenes(user, chance)
        if chance.random() < 0.5:
            written["endorsing"], written["opposing"] = written["opposing"], written["endorsing"]
        return written


async def test_a_scene_the_wrong_way_round_is_not_vetted(tmp_path: Path) -> None:
    with Stub() as server:
        server.oracle = Careless()
        made = prepared(config(server.url, tmp_path, seeds=16))
        settled = await scenes(made, culture="us")
    verdicts = set()
    for scenario in settled:
        right = side_of(made.setup().seeds[scenario.seed].statement, scenario.draft.endorsing) == "endorsing"
        assert scenario.verdict == ("vetted" if right else "rejected")
        verdicts.add(scenario.verdict)
        if not right:
            assert scenario.reason == "0 of 1 judges confirmed it, 1 did not, 0 gave no steady answer"
    assert verdicts == {"vetted", "rejected"}


async def test_a_judge_with_position_bias_vets_nothing(tmp_path: Path) -> None:
    with Stub(Character(position_bias=1.0)) as server:
        settled = await scenes(prepared(config(server.url, tmp_path, seeds=SEEDS)), culture="us")
    assert len(settled) == SEEDS
    assert {(s.verdict, s.reason) for s in settled} == {
        ("rejected", "0 of 1 judges confirmed it, 0 did not, 1 gave no steady answer")
    }


def with_roles(url: str, home: Path, models: dict[str, str], **roles: Any) -> Config:
    """A configuration in which some roles are played by models at other addresses."""
    base = config(url, home, seeds=3).model_dump()
    for name, address in models.items():
        base["models"][name] = {"kind": "openai", "model": name, "base_url": address, "timeout": 30, "retries": 0}
    base["roles"].update(roles)
    return Config.model_validate(base)


async def test_a_blocking_critic_without_a_usable_answer_fails_the_scenario(stub: Stub, tmp_path: Path) -> None:
    with Stub(faults=Faults(unfit=1.0)) as silent:
        made = prepared(with_roles(stub.url, tmp_path, {"silent": silent.url}, critics=["silent", "stub"]))
        settled = await scenes(made, culture="us")
    for scenario in settled:
        assert scenario.verdict == "failed" and not scenario.rounds[0].votes
        assert scenario.reason.startswith("not criticised: silent gave no answer that fits after 3 tries")


async def test_judges_of_whom_none_gives_a_usable_answer_fail_the_scenario(stub: Stub, tmp_path: Path) -> None:
    with Stub(faults=Faults(unfit=1.0)) as silent:
        made = prepared(with_roles(stub.url, tmp_path, {"silent": silent.url}, judges=["silent"]))
        settled = await scenes(made, culture="us")
    for scenario in settled:
        assert scenario.verdict == "failed" and len(scenario.rounds[0].votes) == 2
        assert scenario.reason.startswith("not judged: silent gave no answer that fits after 3 tries")


class Halting(Oracle):
    """Judges in one order and has no usable answer in the other."""

    def answer(self, user: str, schema: dict[str, Any], model: str = "") -> dict[str, Any]:
        told = super().answer(user, schema, model)
        return {} if told.get("answer") == "B" else told


async def test_half_a_judgement_is_none(tmp_path: Path) -> None:
    with Stub() as server:
        server.oracle = Halting()
        settled = await scenes(prepared(config(server.url, tmp_path, seeds=2)), culture="us")
    for scenario in settled:
        assert scenario.verdict == "failed" and scenario.reason.startswith("not judged: stub gave no answer that fits")
        assert sorted(vote.answered for vote in scenario.rounds[0].votes) == [False, True]


@pytest.mark.parametrize("role", ["writer", "critics", "judges"])
async def test_what_nobody_answers_settles_nothing(stub: Stub, tmp_path: Path, role: str) -> None:
    with Stub(faults=Faults(broken=1.0)) as away:
        played = "away" if role == "writer" else ["stub", "away"]
        made = prepared(with_roles(stub.url, tmp_path, {"away": away.url}, **{role: played}))
        made.config.limits = Limits(refusals_in_a_row=99)
        assert await scenes(made, culture="us") == []
        away.faults = Faults()
        settled = await scenes(made, culture="us")
    assert settled and {scenario.verdict for scenario in settled} == {"vetted"}
    # What was answered before is not asked again.
    assert set(stub.counts.asked.values()) == {1}


async def test_judges_of_several_models_vote_and_one_silent_one_is_outvoted(stub: Stub, tmp_path: Path) -> None:
    with Stub(faults=Faults(unfit=1.0)) as silent:
        settings = with_roles(stub.url, tmp_path, {"silent": silent.url}, judges=["stub", "silent"])
        settled = await scenes(prepared(settings), culture="us")
    for scenario in settled:
        assert scenario.verdict == "vetted"
        assert scenario.reason == "1 of 2 judges confirmed it, 0 did not, 1 gave no steady answer"
        assert len(scenario.rounds[-1].votes) == 4


class Speechless(Oracle):
    """Has no usable answer when asked to write a scene anew."""

    def _scenes(self, user: str, chance: random.Random) -> dict[str, Any]:
        return {} if "This earlier attempt" in user else super()._scenes(user, chance)


async def test_a_rewriting_that_fails_keeps_the_round_that_was_sent_back(tmp_path: Path) -> None:
    with Stub() as server:
        server.oracle = Speechless(Character(defects=1.0))
        settled = await scenes(prepared(config(server.url, tmp_path, seeds=2)), culture="us")
    for scenario in settled:
        assert scenario.verdict == "failed"
        assert scenario.reason.startswith("not written: stub gave no answer that fits after 3 tries: situation: ")
        (kept,) = scenario.rounds
        assert STEREOTYPE in kept.draft.situation and kept.findings


async def test_more_scenarios_than_places_are_all_different(stub: Stub, tmp_path: Path) -> None:
    made = prepared(config(stub.url, tmp_path, seeds=1, scenarios_per_seed=9))
    settled = await scenes(made, culture="us")
    assert sorted(s.slot for s in settled) == list(range(9))
    assert len({s.draft.situation for s in settled}) == 9


@pytest.mark.parametrize("judged", [False, True])
async def test_the_bank_alone_needs_no_model(tmp_path: Path, library: Library, judged: bool) -> None:
    """The writer of the embedded default, with a judge that counts words and the rules as only critic."""
    settings = Config.model_validate(
        {
            "models": {"contrast": {"kind": "contrast"}, "bank": {"kind": "bank"}},
            "roles": {"profiler": "contrast", "writer": "bank", "judges": ["contrast"], "critics": []},
            "store": {"path": tmp_path},
            "curate": {"seeds": 10, "scenarios_per_seed": 4},
        }
    )
    settings.curate.bank = judged is False
    made = prepared(settings)
    settled = await scenes(made, culture="us")
    slots = 1 + max(slot for _, _, slot in library.scenes)
    # What the bank does not have is not asked of it.
    assert len(settled) == 10 * min(4, slots)
    for scenario in settled:
        assert scenario.verdict in ("vetted", "rejected") if judged else scenario.verdict == "vetted"
        assert scenario.draft.situation == library.scenes[scenario.seed, "us", scenario.slot].situation
        votes = [(vote.judge, vote.order) for vote in scenario.rounds[-1].votes]
        # What ships was read blind before it was released; nobody is asked about it unless the configuration says so.
        assert votes == ([("contrast(hash64)", "endorsing")] if judged else [])
