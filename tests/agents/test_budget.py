"""Budgets, with many calls in flight to a server on loopback."""

import asyncio
import json
from typing import Any

import pytest

from gravity.agents.budget import Amount, Bounds, Budget, PaidChat, Terms
from gravity.agents.errors import BUDGET, AskError, NotAnsweredError
from gravity.agents.kinds import OpenAISettings
from gravity.agents.kinds.openai import OpenAIChat
from gravity.agents.price import Price
from gravity.store.database import Database
from gravity.store.spending import Spendings
from tests.stub.scripted import Raw, Scripted
from tests.stub.server import Faults, completion

GOOD = '{"word": "sea"}'
SCHEMA: dict[str, Any] = {"type": "object"}
PRICE = Price(currency="EUR", input=10, cached_input=1, output=100, reasoning=200)
TOKENS = 7 + max(1, len(GOOD) // 4)  # that the stub counts for an answer


def budget(database: Database, bounds: Bounds, run: str = "run") -> Budget:
    spendings = Spendings(database)
    calls, tokens, money = spendings.at_most(run)
    spent = Amount(calls, tokens, money.get("EUR", 0.0))
    return Budget(run, spendings, bounds, {"stub": Terms(20, PRICE)}, spent)


def chat(models: list[OpenAIChat], url: str, name: str = "stub") -> OpenAIChat:
    settings = OpenAISettings(kind="openai", model=name, base_url=url, max_tokens=20, retries=0)
    models.append(OpenAIChat(settings))
    return models[-1]


async def ask(paid: PaidChat, times: int) -> list[BaseException]:
    """The errors of so many calls at a time."""
    work = (paid.complete("s", f"u{n}", SCHEMA) for n in range(times))
    return [found for found in await asyncio.gather(*work, return_exceptions=True) if isinstance(found, BaseException)]


async def test_calls_are_counted_to_the_last_and_over_all_processes(
    opened: list[OpenAIChat], database: Database
) -> None:
    with Scripted([GOOD], Faults(latency=0.02)) as server:
        model = chat(opened, server.url)
        errors = await ask(budget(database, Bounds(calls=7)).paying("judge", model), 50)
        assert server.counts.requests == 7
        assert len(errors) == 43
        assert all(isinstance(error, NotAnsweredError) and error.kind == BUDGET for error in errors)
        assert "7 of 7 calls (limits.max_calls)" in str(errors[0])
        # Another process goes on from what this one spent, and another run from nothing.
        assert len(await ask(budget(database, Bounds(calls=10)).paying("judge", model), 50)) == 47
        assert server.counts.requests == 10
        assert len(await ask(budget(database, Bounds(calls=4), "another").paying("judge", model), 4)) == 0
        assert server.counts.requests == 14


@pytest.mark.parametrize("bounds", [Bounds(tokens=400), Bounds(cost=0.02, currency="EUR")], ids=["tokens", "money"])
async def test_no_budget_is_overdrawn_and_little_is_left(
    opened: list[OpenAIChat], database: Database, bounds: Bounds
) -> None:
    with Scripted([GOOD], Faults(latency=0.02)) as server:
        model = chat(opened, server.url)
        held = budget(database, bounds)
        errors = await ask(held.paying("judge", model), 200)
        assert errors
        assert len(errors) + server.counts.requests == 200
    assert not bounds.passed(held.spent)
    # It stopped when the most that a call can come to was more than what was left.
    assert bounds.passed(held.spent + Terms(20, PRICE).most("s", "u199", json.dumps(SCHEMA)))
    assert held.spent.tokens == server.counts.requests * TOKENS
    assert budget(database, bounds).spent == held.spent


async def test_a_call_that_nobody_answers_costs_nothing(opened: list[OpenAIChat], database: Database) -> None:
    with Scripted([500, 500, GOOD]) as server:
        paid = budget(database, Bounds(calls=1)).paying("judge", chat(opened, server.url))
        for _ in range(2):
            with pytest.raises(AskError, match="500"):
                await paid.complete("s", "u", SCHEMA)
        assert (await paid.complete("s", "u", SCHEMA)).text == GOOD
        with pytest.raises(NotAnsweredError, match="budget is spent"):
            await paid.complete("s", "u", SCHEMA)
    assert Spendings(database).at_most("run")[0] == 1


async def test_tokens_that_nobody_counted_are_not_free(opened: list[OpenAIChat], database: Database) -> None:
    silent = completion("stub", GOOD, 7)
    del silent["usage"]
    with Scripted([GOOD, Raw(json.dumps(silent))]) as server:
        held = budget(database, Bounds())
        paid = held.paying("judge", chat(opened, server.url))
        await paid.complete("s", "u", SCHEMA)
        await paid.complete("s", "u", SCHEMA)
    (row,) = Spendings(database).by_role("run")
    assert (row.calls, row.uncounted, row.tokens_in + row.tokens_out) == (2, 1, TOKENS)
    assert row.cost == pytest.approx(PRICE.of(7, TOKENS - 7))
    # The budget takes the most that it can have been.
    assert held.spent.tokens == TOKENS + Terms(20).most("s", "u", json.dumps(SCHEMA)).tokens


async def test_a_model_without_a_price_is_not_free_but_unpriced(opened: list[OpenAIChat], database: Database) -> None:
    with Scripted([GOOD]) as server:
        held = budget(database, Bounds())
        await held.paying("judge", chat(opened, server.url)).complete("s", "u", SCHEMA)
        await held.paying("judge", chat(opened, server.url, "other")).complete("s", "u", SCHEMA)
    found = {row.model: row.as_json() for row in Spendings(database).by_role("run")}
    assert found["other"]["currency"] is None
    assert found["other"]["cost"] is None
    assert found["stub"]["cost"] > 0


def test_cached_and_reasoning_tokens_have_prices_of_their_own() -> None:
    assert PRICE.of(1_000_000, 0) == 10
    assert PRICE.of(1_000_000, 0, cached=400_000) == pytest.approx(6.4)
    assert PRICE.of(0, 1_000_000, reasoning=500_000) == pytest.approx(150)
    plain = Price(currency="EUR", input=10, output=100)
    assert plain.of(1_000_000, 1_000_000, 400_000, 500_000) == pytest.approx(110)
