"""`gravity qualify`, and what curate makes of it."""

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gravity.agents.qualification import DEFECT, PREFERENCE, SCENARIO
from gravity.agents.qualification import TASKS as ALL_TASKS
from gravity.commands.qualify import print_qualifications
from gravity.config import Config
from gravity.errors import ConfigError
from gravity.project import Project
from gravity.store.dataset import export
from gravity.store.records import Finding
from tests.agents.gold import GOLD
from tests.gravity.conftest import CASES, Filled
from tests.stub.server import Stub
from tests.stub.truth import Character, Oracle
from tests.support import config, curate, project, run_id, silent, take_in

JUDGING = {"cases": 10, "min_accuracy": 0.5, "profiler_votes": True}
TASKS = ("scenario", "preference", "personality", "view", "stance", "facet", "defect", "writing", "invention")


def settings(url: str, home: Path, judging: dict[str, Any] | None = None, **roles: Any) -> Config:
    given = config(url, home, seeds=3).model_dump()
    given["judging"] = {**JUDGING, **(judging or {})}
    given["roles"].update(roles)
    return Config.model_validate(given)


def qualified(made: Config) -> Project:
    """A project whose models were put to the gold cases."""
    opened = project(made)
    opened.qualify(silent)
    return opened


def shown(filled: Filled) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(filled.qualified.output)
    return found


def test_the_figures_of_every_role_and_culture_as_json(filled: Filled) -> None:
    assert (filled.qualified.code, filled.qualified.errors) == (0, "")
    rows = shown(filled)
    cultures = ["br", "in", "jp", "us"]
    assert sorted((row["task"], row["model"], row["culture"]) for row in rows) == sorted(
        (task, model, culture)
        for task, model in [*((task, "stub") for task in TASKS), ("defect", "rules")]
        for culture in cultures
    )
    twins = Counter(case.culture for case in GOLD.inventions.values() if case.split == "held-out")
    for row in rows:
        assert row["cases"] == (min(CASES, twins[row["culture"]]) if row["task"] == "invention" else CASES)
        if row["model"] == "rules":
            continue
        assert row["qualifies"] and row["right"] == row["answered"] > 0
        assert row["calls"] > 0 and row["tokens"] > row["calls"] and row["seconds"] > 0
        if row["task"] in ("scenario", "preference", "writing"):
            assert row["calls"] == 2 * CASES and row["consistent"] == row["swapped"] == CASES
            # Stated at 0.9 throughout and always right.
            assert row["ece"] == pytest.approx(0.1) and row["brier"] == pytest.approx(0.01)
        if row["task"] in ("stance", "facet"):
            assert row["calibration"] is not None and row["ece"] < 0.05
        if row["task"] in ("defect", "invention"):
            assert (row["right"], row["clean"], row["alarms"]) == (row["cases"], row["cases"], 0)


def test_the_tables_say_who_counts(stub: Stub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    monkeypatch.setenv("COLUMNS", "260")
    made = project(settings(stub.url, tmp_path))
    print_qualifications(made, made.qualify(silent))
    printed = capsys.readouterr().out
    for text in (
        *(task.title for task in ALL_TASKS.values()),
        "95% interval",
        "consistent",
        "first side",
        "Brier",
        "ECE",
        "tokens",
    ):
        assert text in printed
    assert "Found defects by kind, all cultures" in printed
    assert "Widest gap between cultures, defects found: 0%" in printed
    assert "Found inventions by kind, all cultures" in printed
    assert "Panels that judge writings, on gold cases" in printed
    assert "Every culture has models that count: `gravity curate` can begin." in printed
    # The same again asks nothing.
    requests = stub.counts.requests
    made.qualify(silent)
    assert stub.counts.requests == requests


def test_a_poor_judge_is_told_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    monkeypatch.setenv("COLUMNS", "260")
    with Stub(Character(accuracy=0.6)) as server:
        made = project(settings(server.url, tmp_path, {"min_accuracy": 0.9}))
        print_qualifications(made, made.qualify(silent))
    printed = capsys.readouterr().out
    assert (
        "us: no scenario judge, no pair judge, no reader of views, no profiler (the lower bound must be above 90%)"
        in printed
    )
    assert "with --unqualified alone, and marks their rows" in printed


def refusal(made: Project) -> str:
    with pytest.raises(ConfigError) as caught:
        curate(made, unqualified=False, readers=4)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_nobody_qualified_is_said_at_once_and_asks_nothing(stub: Stub, tmp_path: Path) -> None:
    made = project(settings(stub.url, tmp_path))
    take_in(made, each=1)
    said = refusal(made)
    assert said.startswith(
        "not qualified (br, in, jp, us: no scenario judge, no pair judge, no reader of views, no profiler)"
    )
    assert "gravity qualify" in said and "--unqualified" in said
    assert stub.counts.requests == 0 and made.stores.ledger.latest_run() is None


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """Readers taken in, and a model that has qualified in every culture."""
    with Stub() as server:
        made = qualified(settings(server.url, tmp_path_factory.mktemp("known")))
        take_in(made, each=1)
        assert made.setup().unqualified_cultures == []
        yield made


@pytest.mark.parametrize("change", ["model", "prompt", "gold", "cases", "orders"])
def test_a_change_lets_the_scores_expire(known: Project, monkeypatch: pytest.MonkeyPatch, change: str) -> None:
    given = known.config
    if change == "prompt":
        from gravity import standing
        from gravity.agents.prompting import prompt

        class Changed:
            hash = "changed"

        monkeypatch.setattr(standing, "prompt", lambda name: Changed() if name == "judge" else prompt(name))
    if change == "gold":
        monkeypatch.setattr("gravity.frameworks.gold.Gold.version", "another")
    if change == "model":
        stub_settings = given.models["stub"].model_copy(update={"temperature": 0.1})
        given = given.model_copy(update={"models": {**given.models, "stub": stub_settings}})
    if change in ("cases", "orders"):
        judging = given.judging.model_copy(update={"cases": 11} if change == "cases" else {"orders": 1})
        given = given.model_copy(update={"judging": judging})
    again = project(given)
    assert set(again.setup().unqualified_cultures) == set(again.library.cultures)
    assert "no scenario judge" in refusal(again)
    assert list(again.setup().standing.expired()) == ["stub"]


def test_curate_says_that_scores_have_expired(known: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gravity.frameworks.gold.Gold.version", "another")
    assert "expired" in refusal(project(known.config))


class Parochial(Oracle):
    """Errs in whatever is of one country, which it knows by a gold case's text."""

    def __init__(self, culture: str) -> None:
        super().__init__()
        self.culture = culture

    def _judgement(self, user: str, chance: Any) -> dict[str, Any]:
        answer = super()._judgement(user, chance)
        foreign = any(
            case.culture == self.culture and case.first in user and case.second in user
            for case in self._gold.scenarios.values()
        )
        wrong = {"A": "B", "B": "A", "both": "neither", "neither": "both"}
        return {**answer, "answer": wrong[answer["answer"]]} if foreign else answer


def test_who_counts_is_told_culture_by_culture(tmp_path: Path) -> None:
    with Stub() as server:
        server.oracle = Parochial("jp")
        made = qualified(settings(server.url, tmp_path))
        take_in(made, each=1)
        assert made.setup().unqualified_cultures == ["jp"]
        assert made.setup().standing.lacks("jp") == ["no scenario judge"]
        able = {culture: made.setup().standing.able(SCENARIO, culture) for culture in ("us", "jp")}
        assert able == {"us": ["stub"], "jp": []}
        assert "not qualified (jp: no scenario judge)" in refusal(made)
        # The other cultures go on without it.
        curate(project(made.config), unqualified=False, culture="us")
        # And with --unqualified all do, and only its rows are marked.
        again = project(made.config)
        curate(again)
        found = {(pair.culture, pair.qualified) for pair in again.stores.ledger.pairs(run_id(again))}
    assert found == {("br", True), ("in", True), ("us", True), ("jp", False)}
    result = export(again.stores.ledger, again.setup().record, tmp_path / "out", 0.2, False)
    assert result.unqualified > 0
    assert "not qualified**" in (tmp_path / "out" / "README.md").read_text(encoding="utf-8")


def test_an_unqualified_judge_has_no_vote(tmp_path: Path) -> None:
    with Stub() as good, Stub(Character(accuracy=0.0)) as bad:
        given = settings(good.url, tmp_path).model_dump()
        given["models"]["liar"] = {**given["models"]["stub"], "model": "liar", "base_url": bad.url}
        given["roles"]["judges"] = ["stub", "liar"]
        made = qualified(Config.model_validate(given))
        take_in(made, each=1)
        assert made.setup().unqualified_cultures == []
        assert made.setup().standing.failed(SCENARIO, "us") == ["liar"]
        curate(made, unqualified=False, culture="us")
        settled = [made.stores.ledger.scenario(one) for one in made.stores.ledger.settled_scenarios(run_id(made))]
        assert {vote.judge for one in settled if one for done in one.rounds for vote in done.votes} == {"stub"}
        checks = made.stores.ledger.checks(run_id(made)).values()
        assert {choice.judge for check in checks for choice in check.choices} == {"stub"}
        assert made.setup().record.settings.counting["us"].judges == ["stub"]


def test_who_inferred_the_labels_has_no_vote_on_them(tmp_path: Path) -> None:
    """Unless it is told to. It stays qualified, is named, and what it said on gold cases is counted apart."""
    with Stub() as server:
        given = settings(server.url, tmp_path, judging={"profiler_votes": False}).model_dump()
        # The same model under another name and temperature, and another one.
        given["models"]["twin"] = {**given["models"]["stub"], "temperature": 0.9}
        given["models"]["other"] = {**given["models"]["stub"], "model": "other"}
        given["roles"]["judges"] = ["twin", "other"]
        made = qualified(Config.model_validate(given))
        checking = made.setup().record.settings.counting["us"].checking["preference"]
        assert (checking.judges, checking.without_vote) == (["other"], ["stub (twin)"])
        (barred,) = made.setup().standing.barred(PREFERENCE, "us")
        assert made.setup().standing.record(PREFERENCE, [barred], "us").right > 0
        alone = Config.model_validate({**given, "roles": {**given["roles"], "judges": ["twin"]}})
        assert project(alone).setup().record.settings.counting["us"].checking["preference"].judges == []


def test_a_quorum_needs_as_many_that_qualified(tmp_path: Path) -> None:
    with Stub() as good, Stub(Character(accuracy=0.0)) as bad:
        given = settings(good.url, tmp_path).model_dump()
        given["models"]["liar"] = {**given["models"]["stub"], "model": "liar", "base_url": bad.url}
        given["roles"]["judges"] = ["stub", "liar"]
        given["judging"]["quorum"] = 2
        made = qualified(Config.model_validate(given))
    assert made.setup().standing.lacks("us") == ["fewer than 2 scenario judges", "fewer than 2 pair judges"]


def test_a_judge_that_takes_the_first_side_does_not_qualify(tmp_path: Path) -> None:
    with Stub(Character(position_bias=1.0)) as server:
        made = qualified(settings(server.url, tmp_path))
    assert made.setup().standing.lacks("us") == ["no scenario judge", "no pair judge"]


def test_unqualified_rows_are_marked_and_leave_so(stub: Stub, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    made = project(settings(stub.url, tmp_path))
    take_in(made, each=1)
    curate(made)
    assert "Unqualified (br, in, jp, us: no scenario judge" in caplog.text
    found = list(made.stores.ledger.pairs(run_id(made)))
    assert found and not any(pair.qualified for pair in found)
    assert made.stores.ledger.checks(run_id(made)) == {}
    result = export(made.stores.ledger, made.setup().record, tmp_path / "out", 0.2, False)
    assert result.unqualified == sum(result.rows.values()) > 0


class Alarmed(Oracle):
    """A critic that finds a severe fault in everything, the clean twins too."""

    def _findings(self, user: str) -> dict[str, Any]:
        quote = user.split("Situation: ")[1][:20].strip()
        finding = {"kind": "stereotype", "quote": quote, "severity": "severe", "repair": "leave it out"}
        return {"findings": [finding]}


def test_a_critic_that_failed_advises_and_blocks_nothing(tmp_path: Path) -> None:
    with Stub() as server:
        server.oracle = Alarmed()
        given = settings(server.url, tmp_path)
        before = project(given)
        take_in(before, each=1)
        # Before anyone has tried it, it blocks.
        curate(before, culture="us")
        assert {one.verdict for one in _settled(before)} == {"rejected"}
        made = qualified(given)
        assert made.setup().standing.failed(DEFECT, "us") == ["stub"] and made.setup().unqualified_cultures == []
        curate(made, unqualified=False, culture="us")
    settled = _settled(made)
    assert {one.verdict for one in settled} == {"vetted"}
    findings: list[Finding] = [f for one in settled for f in one.rounds[-1].findings if f.critic == "stub"]
    assert len(findings) == len(settled) and {f.severity for f in findings} == {"minor"}
    assert made.setup().record.settings.counting["us"].advisory_critics == ["stub"]


def _settled(made: Project) -> list[Any]:
    return [made.stores.ledger.scenario(identity) for identity in made.stores.ledger.settled_scenarios(run_id(made))]
