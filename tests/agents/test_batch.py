"""A model that is asked in batches: an ordinary chat model, whose batches survive the process that sent them."""

import asyncio
import logging
from collections.abc import AsyncIterator
from typing import Any

import pytest

from gravity.agents.asking import Asked, Asker
from gravity.agents.batching.chat import BatchChat
from gravity.agents.comparing import Judgement
from gravity.agents.errors import ModelError, NotAnsweredError, RefusalError, UnusableError
from gravity.agents.kinds import OpenAISettings
from gravity.agents.kinds.openai import OpenAIChat
from gravity.agents.prompting import prompt
from gravity.frameworks.loader import Library
from gravity.store.answers import Answers
from gravity.store.batches import Batches
from gravity.store.database import Database
from tests.stub.manners import DRESSES, Provider
from tests.stub.server import Stub
from tests.stub.truth import Oracle

QUICK = {"batch": True, "batch_wait": 0.05, "batch_poll": 0.02, "batch_poll_max": 0.05, "timeout": 10, "retries": 2}
SCENES = [
    (seed, Oracle().answer(f"First view: {seed.statement}\n", {"properties": {"situation": {}}}))
    for seed in list(Library().seeds.values())[:12]
]
QUESTIONS = [
    {"statement": s.statement, "situation": d["situation"], "first": d["endorsing"], "second": d["opposing"]}
    for s, d in SCENES
]


class Bench:
    """Batch models, as each process would open its own, over one database."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.models: list[OpenAIChat] = []

    def asker(self, url: str, attempts: int = 3, **settings: Any) -> Asker:
        given = OpenAISettings.model_validate({"kind": "openai", "model": "stub", "base_url": url, **QUICK, **settings})
        model = BatchChat(given) if given.batch else OpenAIChat(given)
        if isinstance(model, BatchChat):
            model.keep_in(Batches(self.database))
        self.models.append(model)
        return Asker("judge", model, Answers(self.database), attempts)

    async def stop(self) -> None:
        """The end of all processes."""
        for model in self.models:
            await model.close()


@pytest.fixture
async def bench(database: Database) -> AsyncIterator[Bench]:
    made = Bench(database)
    yield made
    await made.stop()


async def ask(asker: Asker, question: dict[str, Any]) -> Asked[Judgement]:
    return await asker.ask("judge", Judgement, **question)


async def ask_all(asker: Asker, questions: list[dict[str, Any]] = QUESTIONS) -> list[Asked[Judgement]]:
    return await asyncio.gather(*(ask(asker, question) for question in questions))


async def failures(asker: Asker, questions: list[dict[str, Any]] = QUESTIONS) -> list[BaseException]:
    asked = await asyncio.gather(*(ask(asker, question) for question in questions), return_exceptions=True)
    return [found for found in asked if isinstance(found, BaseException)]


async def until(reached: Any) -> None:
    while not reached():
        await asyncio.sleep(0.01)


async def test_what_is_asked_at_a_time_goes_in_one_batch_and_is_answered_as_live(bench: Bench, stub: Stub) -> None:
    asked = await ask_all(bench.asker(stub.url))
    assert (stub.batches.sizes, stub.counts.requests) == ([len(QUESTIONS)], 0)
    # The same questions asked live, with nothing kept, are the same requests and get the same answers.
    empty = Bench(Database("sqlite://"))
    with Provider() as live:
        asker = empty.asker(live.url, batch=False)
        assert [call.answer for call in await ask_all(asker)] == [call.answer for call in asked]
        assert sorted(map(str, stub.batches.bodies.values())) == sorted(map(str, live.bodies))
    await empty.stop()
    empty.database.close()


async def test_an_answer_is_kept_for_live_use_too(bench: Bench, stub: Stub) -> None:
    first = await ask(bench.asker(stub.url), QUESTIONS[0])
    again = await ask(bench.asker(stub.url, batch=False), QUESTIONS[0])
    assert first == again
    assert (stub.counts.requests, stub.batches.sizes) == (0, [1])


async def test_the_same_question_at_the_same_time_is_asked_once(bench: Bench, stub: Stub) -> None:
    asker = bench.asker(stub.url)
    first, second = await asyncio.gather(ask(asker, QUESTIONS[0]), ask(asker, QUESTIONS[0]))
    assert first == second
    assert stub.batches.sizes == [1]


async def test_a_full_batch_is_sent_at_once_and_the_others_gather(bench: Bench, stub: Stub) -> None:
    await ask_all(bench.asker(stub.url, batch_size=5))
    assert stub.batches.sizes == [5, 5, 2]
    await ask_all(bench.asker(stub.url, seed=3, batch_megabytes=1e-3))
    assert stub.batches.sizes[3:] == [1] * len(QUESTIONS)


async def test_while_a_batch_is_away_requests_gather_for_the_next(bench: Bench, stub: Stub) -> None:
    stub.batches.held = True
    asker = bench.asker(stub.url)
    first = asyncio.create_task(ask_all(asker, QUESTIONS[:4]))
    await until(lambda: stub.batches.made)
    second = asyncio.create_task(ask_all(asker, QUESTIONS[4:8]))
    await asyncio.sleep(3 * QUICK["batch_wait"])
    third = asyncio.create_task(ask_all(asker, QUESTIONS[8:]))
    await asyncio.sleep(3 * QUICK["batch_wait"])
    assert stub.batches.sizes == [4]
    stub.batches.held = False
    await asyncio.gather(first, second, third)
    assert stub.batches.sizes == [4, 8]


@pytest.mark.parametrize(("end", "again"), [("partial", 4), ("expired", 6)])
async def test_what_came_is_taken_and_the_rest_asked_again(bench: Bench, stub: Stub, end: str, again: int) -> None:
    stub.batches.ends = [end]
    asked = await ask_all(bench.asker(stub.url))
    assert stub.batches.sizes == [len(QUESTIONS), again]
    assert sorted(stub.batches.asked.values()) == [1] * (len(QUESTIONS) - again) + [2] * again
    assert len({call.made_by.call for call in asked}) == len(QUESTIONS)


async def test_what_was_cancelled_is_left_for_the_next_run(bench: Bench, stub: Stub) -> None:
    stub.batches.ends = ["cancelled"]
    errors = await failures(bench.asker(stub.url))
    assert len(errors) == 6
    for error in errors:
        assert isinstance(error, NotAnsweredError)
        assert error.kind == "batch cancelled"
        assert f"{stub.url} answered: This request was cancelled." in str(error)
    await ask_all(bench.asker(stub.url))
    assert stub.batches.sizes == [len(QUESTIONS), 6]


@pytest.mark.parametrize(
    ("reason", "error", "says"),
    [
        (
            {"code": "invalid_json_line", "message": "This line is not parseable as valid JSON.", "line": 7},
            NotAnsweredError,
            "answered: batch batch_1 failed: This line is not parseable as valid JSON.",
        ),
        (
            {"code": "model_not_found", "message": "The provided model 'stub' is not supported by the Batch API."},
            ModelError,
            "The provided model 'stub' is not supported by the Batch API.",
        ),
    ],
)
async def test_a_batch_that_is_refused_says_why(
    bench: Bench, stub: Stub, reason: dict[str, Any], error: type[Exception], says: str
) -> None:
    stub.batches.ends, stub.batches.fails_for = ["failed"], reason
    for raised in await failures(bench.asker(stub.url)):
        assert isinstance(raised, error)
        assert says in str(raised)
        assert "\n" not in str(raised)
    assert stub.batches.sizes == [len(QUESTIONS)]
    # It is not remembered for ever.
    await ask_all(bench.asker(stub.url))
    assert stub.batches.sizes == [len(QUESTIONS)] * 2


async def test_a_full_queue_is_waited_for(bench: Bench, stub: Stub) -> None:
    stub.batches.ends = ["failed"]
    stub.batches.fails_for = {"code": "token_limit_exceeded", "message": "Enqueued token limit reached for stub."}
    await ask_all(bench.asker(stub.url))
    assert set(stub.batches.asked.values()) == {1}


@pytest.mark.parametrize(
    "manners", [["no-seed"], ["no-bounds", "no-system"], ["no-json-schema", "no-tools", "no-max-completion-tokens"]]
)
async def test_what_is_refused_for_its_form_is_asked_in_another_one(bench: Bench, manners: list[str]) -> None:
    with Provider(*manners) as server:
        asked = await ask_all(bench.asker(server.url))
        refusals = len(set(manners) - {"no-bounds"})
        assert server.batches.sizes == [len(QUESTIONS)] * (1 + refusals)
        # The next question knows already.
        await ask(bench.asker(server.url, seed=4), QUESTIONS[0])
        assert server.batches.sizes[1 + refusals :] == [1]
    assert {call.answer.answer for call in asked} <= {"A", "B"}


@pytest.mark.parametrize("dress", sorted(DRESSES.keys() - {"surrogate"}))
async def test_answers_are_read_as_live_ones(bench: Bench, dress: str) -> None:
    with Provider(dress) as server:
        outcomes = []
        for batch in (True, False):
            asker = bench.asker(server.url, attempts=1, batch=batch)
            # Not what the other has kept.
            asker.model.identity = {**asker.model.identity, "batch": batch}
            try:
                asked = await ask(asker, QUESTIONS[0])
                call = Answers(bench.database).get(str(asked.made_by.call))
                assert call is not None
                outcomes.append(call.model_dump(exclude={"key", "seconds"}))
            except (UnusableError, RefusalError) as error:
                outcomes.append({type(error).__name__: str(error)})
    assert outcomes[0] == outcomes[1]


async def test_half_a_character_is_asked_again(bench: Bench) -> None:
    with Provider("surrogate", count=1) as server:
        asked = await ask(bench.asker(server.url), QUESTIONS[0])
        assert server.batches.sizes == [1, 1]
    assert asked.answer.answer == "A"


async def stopped(bench: Bench, asker: Asker, reached: Any) -> None:
    """Asks all, and ends the process when a moment is reached."""
    work = asyncio.create_task(ask_all(asker))
    await until(reached)
    work.cancel()
    await asyncio.gather(work, return_exceptions=True)
    await bench.stop()


@pytest.mark.parametrize("finished", [False, True])
async def test_another_process_picks_a_batch_up(bench: Bench, stub: Stub, finished: bool) -> None:
    stub.batches.held = True
    await stopped(bench, bench.asker(stub.url), lambda: stub.batches.looks)
    if finished:
        stub.batches.held = False
        await until(lambda: stub.batches.made["batch_1"]["status"] == "completed")
    asker = bench.asker(stub.url)
    # Some ask while the batch is away, others when it has been read; one asks what it does not hold.
    early = asyncio.create_task(ask_all(asker, QUESTIONS[:5]))
    await asyncio.sleep(0.1)
    stub.batches.held = False
    await early
    await ask_all(asker, QUESTIONS[5:])
    assert stub.batches.sizes == [len(QUESTIONS)]
    await ask(asker, {**QUESTIONS[0], "first": "He goes."})
    assert set(stub.batches.asked.values()) == {1}
    # Nothing is left of what has been kept.
    await bench.stop()
    assert [Batches(bench.database).get(key) for key in stub.batches.asked] == [None] * (len(QUESTIONS) + 1)


async def test_a_batch_begun_unseen_is_found(bench: Bench, stub: Stub) -> None:
    await ask(bench.asker(stub.url, seed=1), QUESTIONS[0])
    # Its making is answered with a failure as long as the process lasts.
    stub.batches.statuses["created"] = [503]
    await stopped(bench, bench.asker(stub.url, retries=0), lambda: not stub.batches.statuses["created"])
    for seed in (2, 3):
        await ask(bench.asker(stub.url, seed=seed), QUESTIONS[0])
    await ask_all(bench.asker(stub.url))
    assert stub.batches.sizes == [1, len(QUESTIONS), 1, 1]


async def test_a_failure_in_passing_starts_no_second_batch(bench: Bench, stub: Stub) -> None:
    stub.batches.statuses |= {"files": [503], "create": [429], "created": [500], "retrieve": [502], "content": [503]}
    await ask_all(bench.asker(stub.url, retries=3))
    assert stub.batches.sizes == [len(QUESTIONS)]
    assert not any(stub.batches.statuses.values())


async def test_a_server_out_of_reach_leaves_the_batch_to_the_next_run(bench: Bench, stub: Stub) -> None:
    stub.batches.statuses["retrieve"] = [503] * 2
    errors = await failures(bench.asker(stub.url, retries=1))
    assert [type(error) for error in errors] == [NotAnsweredError] * len(QUESTIONS)
    assert "answered 503: no retrieve today" in str(errors[0])
    await ask_all(bench.asker(stub.url))
    assert stub.batches.sizes == [len(QUESTIONS)]


async def test_a_server_that_goes_away_under_a_batch_leaves_it_to_the_next_run(bench: Bench) -> None:
    with Stub() as stub:
        stub.batches.held = True
        asked = asyncio.create_task(failures(bench.asker(stub.url, retries=1), QUESTIONS[:2]))
        await until(lambda: stub.batches.looks)
    errors = await asked
    assert [type(error) for error in errors] == [NotAnsweredError] * 2
    assert "cannot be reached" in str(errors[0])


async def test_a_batch_that_is_gone_is_asked_again(bench: Bench, stub: Stub) -> None:
    stub.batches.held = True
    await stopped(bench, bench.asker(stub.url), lambda: stub.batches.looks)
    # Another key of the same address is another account, which does not know it.
    stub.batches.made.clear()
    stub.batches.held = False
    await ask_all(bench.asker(stub.url))
    assert stub.batches.sizes == [len(QUESTIONS)]


@pytest.mark.parametrize("place", ["files", "create"])
async def test_a_server_without_batches_is_named(bench: Bench, stub: Stub, place: str) -> None:
    stub.batches.statuses[place] = [404] * 2
    errors = await failures(bench.asker(stub.url), QUESTIONS[:2])
    assert [type(error) for error in errors] == [ModelError] * 2
    path = {"files": "/files", "create": "/batches"}[place]
    assert str(errors[0]) == (
        f"model 'stub' at {stub.url} has no Batch API (it answers 404 to {path}: no {place} today): leave `batch` out"
    )


async def test_a_refused_key_ends_the_run(bench: Bench, stub: Stub) -> None:
    stub.batches.statuses["files"] = [401]
    (error,) = await failures(bench.asker(stub.url), QUESTIONS[:1])
    assert isinstance(error, ModelError)
    assert "refused with 401: check the model's name, base_url and OPENAI_API_KEY" in str(error)


async def test_what_waits_is_told_with_the_ids(bench: Bench, stub: Stub, caplog: pytest.LogCaptureFixture) -> None:
    stub.batches.ends = ["partial"]
    with caplog.at_level(logging.INFO, "gravity"):
        await ask_all(bench.asker(stub.url, batch_size=8))
    who = f"model 'stub' at {stub.url}"
    told = [record.message for record in caplog.records if record.name == "gravity"]
    assert f"{who}: waiting for 8 answers from 1 batch (batch_1)" in told
    assert f"{who}: batch_1 is completed: 5 of 8 answered" in told


async def test_a_model_can_be_asked_again_after_it_was_closed(bench: Bench, stub: Stub) -> None:
    asker = bench.asker(stub.url)
    await ask(asker, QUESTIONS[0])
    await asker.model.close()
    await ask(asker, QUESTIONS[1])
    assert stub.batches.sizes == [1, 1]


async def test_what_a_model_can_do_is_asked_live(bench: Bench, stub: Stub) -> None:
    model = bench.asker(stub.url).model
    assert isinstance(model, BatchChat)
    asked = prompt("judge").render(**QUESTIONS[0])
    _, abilities = await model.abilities(*asked, Judgement.model_json_schema())
    assert (abilities.structured, stub.counts.requests, stub.batches.sizes) == ("json_schema", 1, [])
