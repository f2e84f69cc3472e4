"""A model that is not answered again and again stops the run, and says why."""

import pytest

from gravity.agents.asking import Asker
from gravity.agents.breaker import Breaker
from gravity.agents.errors import BUDGET, ModelError, NotAnsweredError
from gravity.store.answers import Answers
from gravity.store.database import Database
from tests.agents.conftest import MakeAsker
from tests.agents.test_asking import ONE, Pick
from tests.stub.scripted import Scripted


def missed(breaker: Breaker, *kinds: str, model: str = "stub") -> None:
    for kind in kinds:
        breaker.not_answered(model, NotAnsweredError(kind, f"http://here answered: {kind}"))


def test_like_refusals_in_a_row_stop_the_run_in_one_line_that_says_all() -> None:
    breaker = Breaker(3)
    missed(breaker, "HTTP 503", "HTTP 503")
    with pytest.raises(ModelError) as raised:
        missed(breaker, "HTTP 503")
    said = str(raised.value)
    assert "\n" not in said and raised.value.exit_code == 4
    for part in ("'stub'", "3 questions in a row", "HTTP 503", "http://here answered", "limits.refusals_in_a_row"):
        assert part in said


def test_other_reasons_other_models_and_answers_begin_another_row() -> None:
    breaker = Breaker(2)
    missed(breaker, "timeout", "HTTP 503", "timeout")
    missed(breaker, "timeout", model="other")
    breaker.answered("stub")
    missed(breaker, "timeout")
    with pytest.raises(ModelError):
        missed(breaker, "timeout", model="other")


def test_a_spent_budget_is_no_fault_of_the_model() -> None:
    missed(Breaker(1), *[BUDGET] * 9)


async def test_all_roles_of_a_model_share_it(make_asker: MakeAsker, database: Database) -> None:
    breaker = Breaker(3)
    with Scripted([500, 500, '{"pick": 9}', '{"pick": 2}', 500, 500, 500]) as server:
        model = make_asker(server.url, retries=0).model
        askers = [Asker(role, model, Answers(database), breaker=breaker) for role in ("judge", "critic")]
        for number in (0, 1):
            with pytest.raises(NotAnsweredError):
                await askers[number].ask("judge", Pick, **ONE)
        await askers[0].ask("judge", Pick, **ONE)
        for number in (0, 1):
            with pytest.raises(NotAnsweredError):
                await askers[number].ask("judge", Pick, **{**ONE, "statement": "T"})
        with pytest.raises(ModelError, match=f"{server.url} answered 500"):
            await askers[1].ask("judge", Pick, **{**ONE, "statement": "T"})


def test_a_batch_that_failed_as_a_whole_failed_once() -> None:
    breaker = Breaker(2)
    for batch in ("batch_1", "batch_1", "batch_1"):
        breaker.not_answered("stub", NotAnsweredError("batch failed", "it failed", batch))
    with pytest.raises(ModelError):
        breaker.not_answered("stub", NotAnsweredError("batch failed", "it failed", "batch_2"))
