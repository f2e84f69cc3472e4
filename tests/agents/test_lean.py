"""LeanChatOpenAI asks, retries, answers and fails as ChatOpenAI does: it goes by methods that are not public."""

import json
from typing import Any

import pytest
from langchain_core.messages import AIMessage
from langchain_openai import ChatOpenAI
from openai import ContentFilterFinishReasonError, DefaultAioHttpClient, LengthFinishReasonError
from pydantic import SecretStr

from gravity.agents import lean
from gravity.agents.errors import AskError, ModelError
from gravity.agents.kinds import OpenAISettings
from gravity.agents.kinds.openai import OpenAIChat
from gravity.agents.lean import LeanChatOpenAI
from tests.stub.scripted import Raw, Scripted, Step
from tests.stub.server import Faults, completion

ANSWER = json.dumps({"reason": "Sie fragt – 「先に」", "answer": "A", "confidence": 70}, ensure_ascii=False)
SCHEMA = {
    "type": "object",
    "properties": {"reason": {"type": "string"}, "answer": {"enum": ["A", "B"]}, "confidence": {"type": "integer"}},
    "required": ["reason", "answer", "confidence"],
    "additionalProperties": False,
}
SYSTEM, USER = "You compare two ways.", "A: sie fragt\n\nB: sie geht"


def changed(**fields: Any) -> Raw:
    """A completion with other fields at its top or in its only choice."""
    body = completion("stub", ANSWER, 7)
    body["choices"][0] |= {name: value for name, value in fields.items() if name in ("finish_reason", "message")}
    return Raw(json.dumps(body | {name: value for name, value in fields.items() if name not in body["choices"][0]}))


async def message(model: type[ChatOpenAI], step: Step) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The message that `model` makes of an answer, and the bodies of its requests."""
    form = {"type": "json_schema", "json_schema": {"name": "answer", "schema": SCHEMA, "strict": True}}
    transport = DefaultAioHttpClient()
    with Scripted([step]) as server:
        client = model(
            model="stub",
            base_url=server.url,
            api_key=SecretStr("none"),
            temperature=0.3,
            max_completion_tokens=50,
            seed=4,
            http_async_client=transport,
        )
        try:
            answer = await client.ainvoke([("system", SYSTEM), ("user", USER)], response_format=form)
        finally:
            await transport.aclose()
    assert isinstance(answer, AIMessage)
    return answer.model_dump(exclude={"id"}), server.bodies


USAGE = {
    "prompt_tokens": 9,
    "completion_tokens": 4,
    "total_tokens": 13,
    "prompt_tokens_details": {"cached_tokens": 5},
    "completion_tokens_details": {"reasoning_tokens": 2},
}


@pytest.mark.parametrize(
    "step",
    [
        ANSWER,
        "no JSON at all",
        "",
        changed(usage=USAGE),
        changed(usage=None),
        changed(system_fingerprint="fp-1", service_tier="default"),
        changed(unknown={"field": 1}),
        changed(message={"role": "assistant", "content": None, "refusal": "I would rather not."}),
    ],
    ids=["answer", "no json", "empty", "details of usage", "no usage", "metadata", "unknown field", "refusal"],
)
async def test_requests_and_messages_are_those_of_chat_openai(step: Step) -> None:
    (plain, asked), (ours, sent) = await message(ChatOpenAI, step), await message(LeanChatOpenAI, step)
    assert sent == asked and len(sent) == 1
    assert sent[0]["messages"] == [{"role": "system", "content": SYSTEM}, {"role": "user", "content": USER}]
    # The copy that ChatOpenAI parses of an answer, which nothing here reads, is what is left out.
    plain["additional_kwargs"].pop("parsed", None)
    assert ours == plain


async def outcome(steps: list[Step]) -> tuple[Any, list[dict[str, Any]]]:
    """What OpenAIChat makes of the steps, be it a reply or an error, and the bodies of its requests."""
    with Scripted(steps, Faults(retry_after=0.01)) as server:
        given = {"model": "stub", "base_url": server.url, "timeout": 10, "retries": 1}
        chat = OpenAIChat(OpenAISettings(kind="openai", **given))
        try:
            reply = await chat.complete(SYSTEM, USER, SCHEMA)
            made: Any = (reply.text, reply.tokens_in, reply.tokens_out)
        except (AskError, ModelError) as error:
            made = (type(error), str(error).replace(server.url, "URL"))
        await chat.close()
    return made, server.bodies


@pytest.mark.parametrize(
    ("steps", "requests"),
    [
        ([429, ANSWER], 2),
        ([500, ANSWER], 2),
        ([429], 2),
        ([500], 2),
        ([400], 1),
        ([401], 1),
        ([404], 1),
        ([422], 1),
    ],
    ids=["429 once", "500 once", "429", "500", "400", "401", "404", "422"],
)
async def test_retries_and_errors_are_those_of_chat_openai(
    monkeypatch: pytest.MonkeyPatch, steps: list[Step], requests: int
) -> None:
    ours, sent = await outcome(steps)
    monkeypatch.setattr(lean, "LeanChatOpenAI", ChatOpenAI)
    plain, asked = await outcome(steps)
    assert (ours, sent) == (plain, asked)
    assert len(sent) == requests


@pytest.mark.parametrize(
    "body",
    [
        Raw("<html>busy</html>", "text/html"),
        Raw('{"choices": [{"mess'),
        Raw(json.dumps(completion("stub", "", 1) | {"choices": []})),
        Raw(json.dumps({"error": {"message": "out of memory", "code": "server_error"}})),
    ],
    ids=["web page", "cut body", "no choices", "error in the body"],
)
async def test_what_is_no_answer_to_chat_openai_is_none(monkeypatch: pytest.MonkeyPatch, body: Raw) -> None:
    """The words of the error may differ: they come from different depths of the client."""
    ours, sent = await outcome([body])
    monkeypatch.setattr(lean, "LeanChatOpenAI", ChatOpenAI)
    plain, asked = await outcome([body])
    assert (ours[0], sent) == (plain[0], asked)


@pytest.mark.parametrize("reason", ["length", "content_filter"])
async def test_the_one_difference_is_an_answer_that_was_cut_off(reason: str) -> None:
    """ChatOpenAI raises what is no openai.APIError; here the text comes back, and its schema says what is wrong."""
    ours, sent = await outcome([changed(finish_reason=reason)])
    assert ours[0] == ANSWER and len(sent) == 1
    with pytest.raises((LengthFinishReasonError, ContentFilterFinishReasonError)):
        await message(ChatOpenAI, changed(finish_reason=reason))
