import asyncio
from typing import Any

import pytest
from pydantic import Field

from gravity.agents.asking import Answer, Asker, together
from gravity.agents.chat import Reply
from gravity.agents.errors import ModelError, NotAnsweredError, RefusalError, UnusableError
from gravity.store.answers import Answers
from gravity.store.database import Database
from tests.agents.conftest import MakeAsker
from tests.stub.scripted import Scripted
from tests.stub.server import Faults

ONE: dict[str, Any] = {"statement": "S", "situation": "At home.", "first": "One.", "second": "Two."}
OTHER = {**ONE, "statement": "T"}


class Pick(Answer):
    """This note is for people and not for models."""

    pick: int = Field(ge=1, le=3, description="not for models either")


async def test_an_answer_is_checked_and_says_what_it_came_from(make_asker: MakeAsker, database: Database) -> None:
    with Scripted(['{"pick": 2}']) as server:
        asked = await make_asker(server.url).ask("judge", Pick, **ONE)
    assert asked.answer == Pick(pick=2)
    assert asked.made_by.model == "stub"
    kept = Answers(database).get(asked.made_by.call)
    assert kept is not None
    assert (kept.role, kept.model, kept.answer) == ("tester", "stub", '{"pick": 2}')
    assert kept.prompt == asked.made_by.prompt != ""
    assert kept.tokens_in and kept.tokens_out


async def test_the_schema_is_sent_without_bounds_and_notes_from_the_code(make_asker: MakeAsker) -> None:
    with Scripted(['{"pick": 2}']) as server:
        await make_asker(server.url).ask("judge", Pick, **ONE)
    wanted = server.bodies[0]["response_format"]["json_schema"]
    assert wanted["strict"] is True
    assert wanted["schema"] == {
        "type": "object",
        "additionalProperties": False,
        "properties": {"pick": {"type": "integer"}},
        "required": ["pick"],
    }


@pytest.mark.parametrize(
    ("unfit", "reason"),
    [
        ('{"pick": 7}', "pick: Input should be less than or equal to 3"),
        ('{"pick": 1, "thought": "hm"}', "thought: Extra inputs are not permitted"),
        ("{}", "pick: Field required"),
        ('{"pick": 1', "Invalid JSON"),
        ("", "Answer 1 did not arrive"),
        ("I pick two.", "Invalid JSON"),
    ],
)
async def test_an_answer_that_does_not_fit_is_asked_for_again_with_the_reason(
    make_asker: MakeAsker, unfit: str, reason: str
) -> None:
    with Scripted([unfit, '{"pick": 1}']) as server:
        asked = await make_asker(server.url).ask("judge", Pick, **ONE)
    assert asked.answer.pick == 1
    first, second = server.said("user")
    assert second.startswith(first)
    assert reason in second.removeprefix(first)
    assert server.said("system")[0] == server.said("system")[1]


async def test_a_check_can_refuse(make_asker: MakeAsker) -> None:
    def odd(answer: Pick) -> None:
        if answer.pick % 2 == 0:
            raise ValueError(f"{answer.pick} is even")

    with Scripted(['{"pick": 2}', '{"pick": 3}']) as server:
        asked = await make_asker(server.url).ask("judge", Pick, check=odd, **ONE)
    assert asked.answer.pick == 3
    assert "2 is even" in server.said("user")[1]


@pytest.mark.parametrize("attempts", [1, 2, 4])
async def test_it_is_asked_a_bounded_number_of_times(make_asker: MakeAsker, attempts: int) -> None:
    # The same answer is refused for the same reason each time, and is asked for anew all the same.
    with Scripted(['{"pick": 7}']) as server:
        with pytest.raises(UnusableError) as raised:
            await make_asker(server.url, attempts=attempts).ask("judge", Pick, **ONE)
        assert server.counts.requests == attempts
        assert len(set(server.said("user"))) == attempts
    assert f"after {attempts} tries" in str(raised.value)
    assert "less than or equal to 3" in str(raised.value)
    assert "\n" not in str(raised.value)


async def test_kept_answers_are_not_asked_for_again(make_asker: MakeAsker) -> None:
    with Scripted(['{"pick": 9}', '{"pick": 2}', '{"pick": 3}']) as server:
        first = await make_asker(server.url).ask("judge", Pick, **ONE)
        assert server.counts.requests == 2
        # A new process would see the same database; what did not fit leads to what did.
        again = await make_asker(server.url).ask("judge", Pick, **ONE)
        assert server.counts.requests == 2
        other = await make_asker(server.url).ask("judge", Pick, **OTHER)
        assert server.counts.requests == 3
    assert again == first
    assert other.answer.pick == 3


async def test_what_is_asked_side_by_side_is_asked_once(make_asker: MakeAsker) -> None:
    """Other questions do not wait for it, and where nobody answers the first the second is asked."""
    with Scripted(['{"pick": 2}'], Faults(latency=0.05)) as server:
        asker = make_asker(server.url)
        told = await together(*(asker.ask("judge", Pick, **asked) for asked in (ONE, OTHER, ONE, ONE)))
        assert server.counts.requests == 2 and server.counts.most_in_flight == 2
    assert len({one.made_by.call for one in told}) == 2 and told[0] == told[2] == told[3]
    with Scripted([500, '{"pick": 2}']) as server:
        asker = make_asker(server.url, retries=0)
        first, second = await asyncio.gather(*(asker.ask("judge", Pick, **ONE) for _ in "12"), return_exceptions=True)
    assert isinstance(first, NotAnsweredError) and not isinstance(second, BaseException)


async def test_answers_that_do_not_fit_are_kept_and_never_reused(make_asker: MakeAsker, database: Database) -> None:
    answers = Answers(database)
    with Scripted(['{"pick": 9}', '{"pick": 8}', '{"pick": 2}']) as server:
        with pytest.raises(UnusableError):
            await make_asker(server.url, attempts=2).ask("judge", Pick, **ONE)
        assert answers.usage()["tester", "stub"]["calls"] == 2
        asked = await make_asker(server.url, attempts=2).ask("judge", Pick, **ONE)
        # Asked anew from the beginning, in the same words.
        assert [said == server.said("user")[0] for said in server.said("user")] == [True, False, True]
    assert asked.answer.pick == 2
    kept = answers.get(asked.made_by.call)
    assert kept is not None and (kept.answer, kept.usable) == ('{"pick": 2}', True)
    # All that was paid for is counted.
    assert answers.usage()["tester", "stub"]["calls"] == 3


async def test_nobody_answering_keeps_nothing_and_is_not_tried_like_a_bad_answer(
    make_asker: MakeAsker, database: Database
) -> None:
    with Scripted([503, '{"pick": 2}']) as server:
        asker = make_asker(server.url, retries=0)
        with pytest.raises(NotAnsweredError) as raised:
            await asker.ask("judge", Pick, **ONE)
        assert (server.counts.requests, raised.value.kind) == (1, "HTTP 503")
        assert Answers(database).usage() == {}
        assert (await asker.ask("judge", Pick, **ONE)).answer.pick == 2


class Told:
    """A chat model that tells in words of its own that it has no answer, until `errors` are used up."""

    name = "told"

    def __init__(self, *errors: Exception) -> None:
        self.identity: dict[str, Any] = {"kind": "told"}
        self.errors = list(errors)
        self.asked: list[str] = []

    async def complete(self, system: str, user: str, schema: dict[str, Any]) -> Reply:
        self.asked.append(user)
        if self.errors:
            raise self.errors.pop(0)
        return Reply('{"pick": 2}', 1, 1, 0.1)

    async def close(self) -> None:
        """Nothing to give back."""


async def test_an_answer_that_the_model_could_not_end_is_asked_for_again(database: Database) -> None:
    model = Told(UnusableError("cut at max_tokens 512: raise it"))
    asked = await Asker("tester", model, Answers(database)).ask("judge", Pick, **ONE)
    assert asked.answer.pick == 2
    assert "Answer 1 did not arrive." in model.asked[1]


async def test_a_refusal_is_not_asked_for_again(database: Database) -> None:
    model = Told(RefusalError("told refused: I would rather not"))
    with pytest.raises(RefusalError, match="I would rather not"):
        await Asker("tester", model, Answers(database)).ask("judge", Pick, **ONE)
    assert len(model.asked) == 1


async def test_together_loses_no_answer_and_raises_the_gravest_error() -> None:
    ended: list[int] = []

    async def after(turns: int, error: Exception | None = None) -> int:
        for _ in range(turns):
            await asyncio.sleep(0)
        ended.append(turns)
        if error is not None:
            raise error
        return turns

    assert await together(after(3), after(1), after(2)) == [3, 1, 2]
    unusable, unanswered, gone = UnusableError("unfit"), NotAnsweredError("timeout", "nobody"), ModelError("gone")
    for errors, gravest in (([unusable, unanswered], unanswered), ([unanswered, unusable, gone], gone)):
        ended.clear()
        with pytest.raises(type(gravest)):
            await together(*(after(n, error) for n, error in enumerate(errors)), after(9))
        assert sorted(ended) == [*range(len(errors)), 9]


@pytest.mark.parametrize(
    "change", [{"model": "another"}, {"temperature": 0.1}, {"seed": 7}, {"max_tokens": 99}], ids=lambda c: next(iter(c))
)
async def test_a_change_of_the_model_asks_again(make_asker: MakeAsker, change: dict[str, Any]) -> None:
    with Scripted(['{"pick": 2}']) as server:
        await make_asker(server.url).ask("judge", Pick, **ONE)
        await make_asker(server.url, **change).ask("judge", Pick, **ONE)
        assert server.counts.requests == 2


@pytest.mark.parametrize("change", [{"max_in_flight": 1}, {"timeout": 5}, {"retries": 0}], ids=lambda c: next(iter(c)))
async def test_what_does_not_shape_an_answer_asks_nothing_again(make_asker: MakeAsker, change: dict[str, Any]) -> None:
    with Scripted(['{"pick": 2}']) as server:
        await make_asker(server.url).ask("judge", Pick, **ONE)
        await make_asker(server.url, **change).ask("judge", Pick, **ONE)
        assert server.counts.requests == 1


async def test_another_schema_asks_again(make_asker: MakeAsker) -> None:
    class Choice(Answer):
        pick: int

    with Scripted(['{"pick": 2}']) as server:
        await make_asker(server.url).ask("judge", Pick, **ONE)
        await make_asker(server.url).ask("judge", Choice, **ONE)
        assert server.counts.requests == 2


async def test_calls_in_flight_are_bounded(make_asker: MakeAsker) -> None:
    with Scripted(['{"pick": 2}']) as server:
        asker = make_asker(server.url, max_in_flight=3)
        await asyncio.gather(*(asker.ask("judge", Pick, **{**ONE, "statement": str(number)}) for number in range(20)))
        assert server.counts.requests == 20
        assert server.counts.most_in_flight <= 3
