"""Any endpoint works or says why: requests adapt, answers are read, failures are told apart."""

import asyncio
import itertools
import json
import logging
from typing import Any

import pytest

from gravity.agents.asking import Asked
from gravity.agents.comparing import Judgement
from gravity.agents.endpoint.manners import forget
from gravity.agents.errors import AskError, ModelError, NotAnsweredError, RefusalError, UnusableError
from gravity.frameworks.loader import Library
from gravity.store.answers import Answers
from gravity.store.database import Database
from tests.agents.conftest import MakeAsker
from tests.stub.manners import DRESSES, Provider
from tests.stub.truth import Oracle

SEED = next(iter(Library().seeds.values()))
SCENES = Oracle().answer(f"First view: {SEED.statement}\n", {"properties": {"situation": {}}})
QUESTION = {
    "statement": SEED.statement,
    "situation": SCENES["situation"],
    "first": SCENES["endorsing"],
    "second": SCENES["opposing"],
}
# The wrong answer is among the drafts that the stub thinks aloud.
RIGHT = "A"
ADAPTED = {
    "no-json-schema": 2,
    "no-response-format": 2,
    "no-tool-choice": 1,
    "no-strict": 2,
    "no-bounds": 1,
    "no-references": 1,
    "no-max-completion-tokens": 2,
    "no-seed": 2,
    "no-seed-in-json": 2,
    "no-temperature": 2,
    "no-sampling-in-words": 3,
    "no-sampling-behind-a-gateway": 3,
    "no-system": 2,
    "no-system-in-the-template": 2,
    "no-developer": 2,
}
READ = [
    *("fence", "sentences", "think", "think-unopened", "think-unclosed", "thinking-in-brackets", "thinking"),
    *("parts", "two-objects", "another-object", "call-in-words", "reasoning", "no-usage", "absurd-usage"),
]


async def judged(make_asker: MakeAsker, server: Provider, **settings: Any) -> Asked[Judgement]:
    return await make_asker(server.url, **{"retries": 0, **settings}).ask("judge", Judgement, **QUESTION)


@pytest.mark.parametrize(("manner", "requests"), ADAPTED.items())
async def test_a_request_that_is_refused_is_made_in_another_form(
    make_asker: MakeAsker, caplog: pytest.LogCaptureFixture, manner: str, requests: int
) -> None:
    with Provider(manner) as server:
        first = await judged(make_asker, server)
        assert len(server.bodies) == requests
        # What was learned holds for others who ask the same model there, and what was answered is kept.
        again = await judged(make_asker, server, seed=5)
        assert len(server.bodies) == requests + 1
        assert (await judged(make_asker, server)).made_by == first.made_by
        assert len(server.bodies) == requests + 1
    assert first.answer.answer == again.answer.answer == RIGHT
    told = [record for record in caplog.records if record.name == "gravity"]
    assert len(told) == requests - 1
    assert all("model 'stub' at http" in record.message and "from now on" in record.message for record in told)


@pytest.mark.parametrize(
    ("manners", "last"),
    [
        (["no-json-schema"], "tool"),
        (["no-json-schema", "no-tool-choice"], "tool"),
        (["no-json-schema", "no-tools"], "json_object"),
        (["no-response-format", "no-tools"], "plain"),
        (["no-response-format", "no-tools", "no-system", "no-max-completion-tokens", "no-max-tokens"], "plain"),
        (["deaf"], "json_object"),
        (["deaf", "no-json-object"], "plain"),
    ],
    ids=lambda value: "+".join(value) if isinstance(value, list) else value,
)
async def test_the_ladder_is_gone_down_as_far_as_need_be(make_asker: MakeAsker, manners: list[str], last: str) -> None:
    with Provider(*manners) as server:
        asked = await judged(make_asker, server)
    body = server.bodies[-1]
    assert asked.answer.answer == RIGHT
    assert (body.get("response_format") or {}).get("type", "") == ("json_object" if last == "json_object" else "")
    assert bool(body.get("tools")) == (last == "tool")
    assert ('"maxLength": 300' in body["messages"][-1]["content"]) == (last in ("json_object", "plain"))
    assert ("tool_choice" in body) == (last == "tool" and "no-tool-choice" not in manners)
    assert ("max_tokens" in body, "max_completion_tokens" in body) == (False, "no-max-tokens" not in manners)


@pytest.mark.parametrize("manner", READ)
async def test_an_answer_is_read_as_people_would(make_asker: MakeAsker, manner: str) -> None:
    with Provider(manner) as server:
        asked = await judged(make_asker, server)
        assert len(server.bodies) == 1
    assert asked.answer.answer == RIGHT


PAIRS = [
    (first, second)
    for first, second in itertools.combinations([*ADAPTED, *READ], 2)
    # Of two dresses that change the text the second cannot find it any more.
    if not (first in DRESSES and second in DRESSES)
]


@pytest.mark.parametrize(("first", "second"), PAIRS[::4])
async def test_two_manners_go_together(make_asker: MakeAsker, first: str, second: str) -> None:
    with Provider(first, second) as server:
        assert (await judged(make_asker, server)).answer.answer == RIGHT


async def test_many_who_begin_at_once_learn_the_same(make_asker: MakeAsker) -> None:
    manners = ("no-seed", "no-system", "no-json-schema", "no-max-completion-tokens")
    with Provider(*manners) as server:
        asker = make_asker(server.url, retries=0)
        asked = await asyncio.gather(
            *(asker.ask("judge", Judgement, **{**QUESTION, "situation": f"Scene {n}."}) for n in range(20))
        )
    assert {each.answer.answer for each in asked} == {RIGHT}
    # Each change is made once, though all are refused: nobody loses what the server takes.
    last = server.bodies[-1]
    assert "temperature" in last and "max_tokens" in last and last["tools"] and "seed" not in last
    assert len(server.bodies) <= 20 * (1 + len(manners))


async def test_what_a_user_leaves_out_or_adds_is_so_from_the_first_request(make_asker: MakeAsker) -> None:
    settings = {
        "leave_out": ["temperature", "seed", "max_tokens", "system"],
        "structured": "plain",
        "reasoning_effort": "low",
        "extra_body": {"top_k": 1},
    }
    with Provider() as server:
        await judged(make_asker, server, **settings)
        forget()
        plain = make_asker(server.url, token_limit="max_tokens", max_tokens=77, temperature=0.1)
        await plain.ask("judge", Judgement, **QUESTION)
    first, second = server.bodies
    assert first.keys() - {"stream", "n"} == {"model", "messages", "reasoning_effort", "top_k"}
    assert [message["role"] for message in first["messages"]] == ["user"]
    assert (second["max_tokens"], second["temperature"]) == (77, 0.1) and "max_completion_tokens" not in second


@pytest.mark.parametrize(
    ("manner", "settings"), [("no-effort", {"reasoning_effort": "high"}), ("no-top-k", {"extra_body": {"top_k": 1}})]
)
async def test_fields_that_a_user_added_are_left_out_where_they_are_refused(
    make_asker: MakeAsker, manner: str, settings: dict[str, Any]
) -> None:
    with Provider(manner) as server:
        assert (await judged(make_asker, server, **settings)).answer.answer == RIGHT
    assert "seed" in server.bodies[-1]


@pytest.mark.parametrize("change", [{"reasoning_effort": "low"}, {"extra_body": {"top_k": 1}}, {"leave_out": ["seed"]}])
async def test_what_shapes_answers_belongs_to_the_model(make_asker: MakeAsker, change: dict[str, Any]) -> None:
    assert make_asker("http://a/v1", **change).model.identity != make_asker("http://a/v1").model.identity


@pytest.mark.parametrize("change", [{"structured": "plain"}, {"token_limit": "max_tokens"}, {"leave_out": ["system"]}])
async def test_what_only_transports_a_question_does_not(make_asker: MakeAsker, change: dict[str, Any]) -> None:
    assert make_asker("http://a/v1", **change).model.identity == make_asker("http://a/v1").model.identity


async def test_a_rung_that_a_user_chose_is_kept_and_its_refusal_told(make_asker: MakeAsker) -> None:
    with Provider("no-json-schema") as server:
        with pytest.raises(NotAnsweredError, match="answered 400: This response_format type is unavailable now"):
            await judged(make_asker, server, structured="json_schema")
        assert len(server.bodies) == 1


async def test_a_model_with_codex_in_its_name_is_asked_for_a_chat_completion(make_asker: MakeAsker) -> None:
    with Provider() as server:
        await judged(make_asker, server, model="gpt-5-codex")
    assert server.bodies[0]["messages"] and "input" not in server.bodies[0]


@pytest.mark.parametrize(
    ("manner", "error", "kind", "says"),
    [
        ("unknown-model", ModelError, "", "Model 'stub' not found. Please check the model name."),
        ("unknown-model-404", ModelError, "", "The model `stub` does not exist or you do not have access to it."),
        ("wrong-key", ModelError, "", "Incorrect API key provided: ***."),
        ("quota", NotAnsweredError, "quota", "answered 429: You exceeded your current quota"),
        ("credit", NotAnsweredError, "quota", "answered 402: Insufficient credits. Add more and try again."),
        ("unavailable", NotAnsweredError, "HTTP 503", "answered 503: upstream"),
        ("long-retry", NotAnsweredError, "rate limit", "it asks to wait 600 s, and max_wait is 120"),
        ("teapot", NotAnsweredError, "HTTP 418", "answered 418: This is a teapot."),
        ("context", NotAnsweredError, "context length", "lower max_tokens"),
        ("web-page", NotAnsweredError, "no chat completion", "what is no chat completion"),
        ("no-choices", NotAnsweredError, "no chat completion", "what is no chat completion"),
        ("cut-body", NotAnsweredError, "no chat completion", "what is no chat completion"),
        ("surrogate", NotAnsweredError, "no chat completion", "half a character"),
        ("error-with-200", NotAnsweredError, "HTTP 503", "answered 503: overloaded"),
        ("filter", RefusalError, "", "The prompt triggered the content management policy."),
        ("refusal", RefusalError, "", "I would rather not compare these."),
        ("filtered", RefusalError, "", "a content filter stopped the answer"),
        ("cut", UnusableError, "", "cut at max_tokens 2048: raise it"),
        ("cut-while-thinking", UnusableError, "", "cut at max_tokens 2048: raise it"),
        ("empty", UnusableError, "", "cut at max_tokens 2048: raise it"),
        ("silent", UnusableError, "", "the answer was empty"),
    ],
)
async def test_failures_are_told_apart_in_one_line(
    make_asker: MakeAsker,
    monkeypatch: pytest.MonkeyPatch,
    manner: str,
    error: type[Exception],
    kind: str,
    says: str,
) -> None:
    monkeypatch.setenv("MY_KEY", "sk-secret-of-the-test")
    with Provider(manner) as server:
        with pytest.raises((ModelError, AskError)) as raised:
            await judged(make_asker, server, api_key_env="MY_KEY")
        assert len(server.bodies) == (3 if error is UnusableError else 1)
    line = str(raised.value)
    assert type(raised.value) is error and getattr(raised.value, "kind", "") == kind
    assert says in line and "stub" in line and "\n" not in line and "sk-secret" not in line
    if error not in (UnusableError, RefusalError):
        assert server.url in line


@pytest.mark.parametrize("manner", ["web-page", "no-choices", "cut-body", "surrogate", "error-with-200", "unavailable"])
async def test_what_passes_is_asked_again(make_asker: MakeAsker, manner: str) -> None:
    with Provider(manner, count=1) as server:
        assert (await judged(make_asker, server, retries=1)).answer.answer == RIGHT


@pytest.mark.parametrize("manner", ["cut", "empty", "silent"])
async def test_an_answer_that_did_not_arrive_is_asked_for_without_blaming_it(
    make_asker: MakeAsker, manner: str
) -> None:
    with Provider(manner, count=1) as server:
        assert (await judged(make_asker, server)).answer.answer == RIGHT
    asked = server.bodies[1]["messages"][-1]["content"]
    assert asked.endswith("Answer 1 did not arrive. Answer again, and briefly.")


@pytest.mark.parametrize(
    ("usage", "counted"),
    [
        ({"prompt_tokens": 9, "completion_tokens": 4}, (9, 4, 0, 0)),
        (
            {
                "prompt_tokens": 9,
                "completion_tokens": 4,
                "prompt_tokens_details": {"cached_tokens": 5},
                "completion_tokens_details": {"reasoning_tokens": 2},
            },
            (9, 4, 5, 2),
        ),
        ({"prompt_tokens": 9, "completion_tokens": 4, "prompt_cache_hit_tokens": 6}, (9, 4, 6, 0)),
        (
            {
                "input_tokens": 3,
                "output_tokens": 4,
                "cache_read_input_tokens": 5,
                "cache_creation_input_tokens": 1,
            },
            (9, 4, 5, 0),
        ),
        ({"prompt_tokens": 10**20, "completion_tokens": -1}, (None, None, 0, 0)),
        ({}, (None, None, 0, 0)),
    ],
    ids=["plain", "details", "deepseek", "anthropic", "absurd", "none"],
)
async def test_tokens_are_counted_as_servers_tell_them(
    make_asker: MakeAsker, monkeypatch: pytest.MonkeyPatch, database: Database, usage: Any, counted: Any
) -> None:
    monkeypatch.setitem(DRESSES, "no-usage", lambda reply: reply.update(usage=usage))
    with Provider("no-usage") as server:
        asked = await judged(make_asker, server)
    call = Answers(database).get(asked.made_by.call or "")
    assert call is not None
    assert (call.tokens_in, call.tokens_out, call.tokens_cached, call.tokens_reasoning) == counted


async def test_the_server_s_sentence_stands_in_the_log_without_the_key(
    make_asker: MakeAsker, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("MY_KEY", "Unknown")
    with caplog.at_level(logging.WARNING, "gravity"), Provider("no-seed") as server:
        await judged(make_asker, server, api_key_env="MY_KEY")
    assert "refuses seed (*** parameter: 'seed'): asked without it from now on" in caplog.text


async def test_a_password_in_the_address_is_not_told(make_asker: MakeAsker) -> None:
    with Provider("teapot") as server:
        url = server.url.replace("http://", "http://me:secret@")
        asker = make_asker(url, retries=0)
        with pytest.raises(NotAnsweredError) as raised:
            await asker.ask("judge", Judgement, **QUESTION)
    assert server.url in str(raised.value)
    assert "secret" not in f"{raised.value}{json.dumps(asker.model.identity)}"
