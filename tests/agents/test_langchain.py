"""Models of LangChain's providers, before servers that speak Anthropic's and Google's protocols."""

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from langchain.chat_models import base

from gravity.agents.asking import Asker
from gravity.agents.comparing import Judgement
from gravity.agents.errors import ModelError, NotAnsweredError, RefusalError, UnusableError
from gravity.agents.evidence import Evidence
from gravity.agents.judge import ModelJudge
from gravity.agents.kinds import LangChainSettings
from gravity.agents.kinds.langchain import LangChainChat, tool_schema
from gravity.agents.profiler import ModelProfiler
from gravity.config import load_config
from gravity.errors import ConfigError
from gravity.frameworks.loader import Library
from gravity.store.answers import Answers
from gravity.store.database import Database
from tests.stub.anthropic import Anthropic
from tests.stub.google import Google
from tests.stub.provider import Provider, Step
from tests.support import config, curate, draft, project, review, take_in, view

KEY = "sk-ant-of-the-test"
Play = Callable[..., tuple[Provider, LangChainChat]]


@pytest.fixture(params=["anthropic", "google"])
def play(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Play]:
    """Plays a provider; gives it and a model behind it."""
    opened: list[Provider] = []
    name = request.param
    key = KEY if name == "anthropic" else "sk-goog-of-the-test"
    monkeypatch.setenv("MY_KEY", key)

    def made(*steps: Step, **settings: Any) -> tuple[Provider, LangChainChat]:
        server = (Anthropic if name == "anthropic" else Google)(steps).__enter__()
        opened.append(server)
        model = "anthropic:claude-stub" if name == "anthropic" else "google_genai:gemini-stub"
        extra = {} if name == "anthropic" else {"transport": "rest"}
        given = {"model": model, "base_url": server.url, "api_key_env": "MY_KEY", "extra": extra, "retries": 2}
        given |= {"timeout": 10, "max_tokens": 500}
        return server, LangChainChat(LangChainSettings.model_validate({"kind": "langchain", **given, **settings}))

    yield made
    for server in opened:
        server.stop()


def scene(library: Library) -> tuple[Any, Any]:
    found = next(iter(library.scenes.values()))
    return library.seeds[found.seed], draft(found.situation, found.endorsing, found.opposing)


async def votes(model: LangChainChat, database: Database, library: Library) -> list[Any]:
    seed, made = scene(library)
    judge = ModelJudge(Asker("judge", model, Answers(database)), library.domain("books"))
    return await judge.votes(seed, made)


@pytest.mark.parametrize("way", ["answer", "text"], ids=["by a tool", "as text"])
async def test_a_provider_judges(play: Play, database: Database, library: Library, way: Step) -> None:
    server, model = play(way, way)
    given = await votes(model, database, library)
    assert [vote.endorses for vote in given] == ["endorsing", "endorsing"]
    assert {vote.confidence for vote in given} == {0.9}
    # They are kept: nothing is asked twice.
    assert await votes(model, database, library) == given and len(server.bodies) == 2
    usage = Answers(database).usage()["judge", model.name]
    assert usage["calls"] == 2 and usage["tokens_in"] > 0 and usage["tokens_out"] >= 40
    await model.close()


async def test_nested_answers_are_asked_for_without_references_and_bounds(
    play: Play, database: Database, library: Library
) -> None:
    server, model = play()
    profiler = ModelProfiler("run", Asker("profiler", model, Answers(database)), library.domain("books"))
    seeds = list(library.seeds.values())[:2]
    reviews = [review("1"), review("2")]
    facts = await profiler.stances("r", Evidence(reviews, [view(one) for one in reviews]), seeds)
    assert [fact.value for fact in facts] == ["unknown", "unknown"]
    sent = json.dumps(server.bodies[0])
    assert "$ref" not in sent and "maxItems" not in sent and '"maximum"' not in sent
    await model.close()


async def test_tokens_are_counted_apart(play: Play) -> None:
    _, model = play()
    user = "Statement: S\n\nScene: At home.\n\nA: One.\n\nB: Two."
    reply = await model.complete("", user, Judgement.model_json_schema())
    if model.name.startswith("anthropic"):
        assert reply.tokens_cached == 8
    else:
        assert reply.tokens_reasoning == 7 and reply.tokens_out == 27
    await model.close()


@pytest.mark.parametrize("status", [429, 500, 503, 529])
async def test_a_passing_fault_is_got_over(play: Play, database: Database, library: Library, status: int) -> None:
    server, model = play(status)
    if status in (500, 503) and model.name.startswith("google"):
        pytest.skip("Google's own client tries these again, with pauses of its own")
    assert {vote.endorses for vote in await votes(model, database, library)} == {"endorsing"}
    assert len(server.bodies) == 3
    await model.close()


@pytest.mark.parametrize(("status", "kind"), [(429, "rate limit"), (529, "HTTP 529"), (400, "HTTP 400")])
async def test_a_lasting_fault_is_no_answer(play: Play, status: int, kind: str) -> None:
    server, model = play(*[status] * 9, retries=1)
    with pytest.raises(NotAnsweredError, match=f"played {status}") as raised:
        await ask(model)
    assert raised.value.kind == kind and "\n" not in str(raised.value)
    assert server.url in str(raised.value) and "of-the-test" not in str(raised.value)
    assert len(server.bodies) == (1 if status == 400 else 2)
    await model.close()


async def test_an_unknown_model_ends_the_run_with_the_servers_words(play: Play) -> None:
    _, model = play(404)
    with pytest.raises(ModelError, match=r"refused with 404: .*played 404") as raised:
        await ask(model)
    assert "\n" not in str(raised.value) and "of-the-test" not in str(raised.value)
    await model.close()


@pytest.mark.parametrize("step", ["refuse", "block"])
async def test_a_refusal_is_named_so(play: Play, step: Step) -> None:
    _, model = play(step)
    if step == "block" and model.name.startswith("anthropic"):
        pytest.skip("Anthropic has one way to refuse")
    with pytest.raises(RefusalError, match=f"{model.name} refused to answer"):
        await ask(model)
    await model.close()


@pytest.mark.parametrize(("step", "says"), [("cut", "cut at max_tokens 500: raise it"), ("empty", "answered nothing")])
async def test_cut_and_empty_answers_are_told_apart(play: Play, step: Step, says: str) -> None:
    _, model = play(step)
    with pytest.raises(UnusableError, match=says):
        await ask(model)
    await model.close()


async def test_nobody_there_is_no_answer(play: Play) -> None:
    server, model = play(retries=0, timeout=3)
    server.stop()
    with pytest.raises(NotAnsweredError) as raised:
        await ask(model)
    assert raised.value.kind in ("no connection", "timeout") and "\n" not in str(raised.value)
    await model.close()


async def test_the_key_comes_from_the_environment_and_stands_nowhere(play: Play) -> None:
    server, model = play()
    await ask(model)
    (sent,) = server.keys
    assert sent.startswith("sk-") and sent.endswith("of-the-test")
    assert "of-the-test" not in f"{model.name} {model.identity} {model.settings}"
    await model.close()


async def test_a_key_that_is_not_set_is_one_line(play: Play, monkeypatch: pytest.MonkeyPatch) -> None:
    _, model = play()
    monkeypatch.delenv("MY_KEY")
    with pytest.raises(ModelError, match="needs a key: set the environment variable MY_KEY"):
        await ask(model)
    await model.close()


def test_a_provider_plays_every_role_of_a_run(play: Play, tmp_path: Path) -> None:
    _, model = play()
    settings = config("http://localhost:1/v1", tmp_path, seeds=2)
    with project(settings.model_copy(update={"models": {"stub": model.settings}})) as made:
        take_in(made, each=1)
        run = curate(made, culture="us")
        vetted = made.stores.ledger.vetted_scenarios(run, "us")
        assert len(list(vetted)) == 2
        assert {role for role, _ in made.stores.answers.usage()} >= {"profiler", "writer", "judge", "critic"}


async def ask(model: LangChainChat) -> None:
    await model.complete("", "Statement: S\n\nScene: At home.\n\nA: One.\n\nB: Two.", Judgement.model_json_schema())


@pytest.mark.parametrize(
    ("model", "says"),
    [
        ("anthropic:claude-stub", "pip install 'gravity-preferences[anthropic]'"),
        ("google_genai:gemini-stub", "pip install 'gravity-preferences[google]'"),
        ("mistralai:m", "pip install langchain-mistralai"),
        ("nobody:m", "Unable to infer model provider for model='nobody:m'"),
    ],
)
async def test_a_package_that_is_missing_is_named(model: str, says: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for package in ("langchain_anthropic", "langchain_google_genai", "langchain_mistralai"):
        monkeypatch.setitem(sys.modules, package, None)
    base._get_chat_model_creator.cache_clear()
    chat = LangChainChat(LangChainSettings(kind="langchain", model=model))
    with pytest.raises(ModelError) as raised:
        await ask(chat)
    base._get_chat_model_creator.cache_clear()
    assert says in str(raised.value) and "\n" not in str(raised.value)
    await chat.close()


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        ('model = "claude"', "models.m.langchain.model"),
        ('model = "anthropic:c"\nbatch = true', "models.m.langchain.batch"),
        ('model = "anthropic:c"\nconfidence = "logprobs"', "models.m.langchain.confidence"),
        ('model = "anthropic:c"\nextra = {api_key = "sk-1"}', "must not stand in a file"),
    ],
)
def test_settings_that_do_not_fit_are_one_line(tmp_path: Any, lines: str, says: str) -> None:
    path = tmp_path / "gravity.toml"
    path.write_text(f'[models.m]\nkind = "langchain"\n{lines}\n')
    with pytest.raises(ConfigError) as raised:
        load_config(path)
    assert says in str(raised.value) and "\n" not in str(raised.value) and "sk-1" not in str(raised.value)


def test_a_schema_becomes_what_every_provider_takes() -> None:
    schema = {
        "$defs": {"Part": {"type": "object", "properties": {"n": {"type": "integer", "minimum": 0}}}},
        "properties": {"a": {"$ref": "#/$defs/Part"}, "b": {"const": "r1", "type": "string"}, "minimum": {}},
        "additionalProperties": False,
    }
    found = tool_schema(schema)
    assert found["properties"]["a"] == {"type": "object", "properties": {"n": {"type": "integer"}}}
    assert found["properties"]["b"] == {"type": "string", "enum": ["r1"]}
    assert found["title"] == "answer" and "additionalProperties" not in found and "minimum" in found["properties"]
