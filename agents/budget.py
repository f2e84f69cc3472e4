"""What a run may spend on chat models, and what it has spent.

A call is reserved at the most that it can cost before it is sent, and settled at what it did cost. So a budget is kept
however many calls are under way: one that may not fit waits for those, and is refused when there are none left.
"""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from gravity.agents.chat import ChatModel, Reply
from gravity.agents.errors import BUDGET, NotAnsweredError, RefusalError, UnusableError
from gravity.agents.price import Price
from gravity.store.calls import Spending
from gravity.store.spending import Spendings


@dataclass(frozen=True)
class Terms:
    """What a model's calls can cost: its price, where one is known, and the most tokens that an answer may have."""

    max_tokens: int
    price: Price | None = None

    def most(self, *sent: str) -> "Amount":
        """The most that a call with these texts can come to: a token is rarely less than two bytes."""
        tokens_in = sum(len(text.encode()) for text in sent) // 2
        cost = self.price.of(tokens_in, self.max_tokens) if self.price else 0.0
        return Amount(1, tokens_in + self.max_tokens, cost)


@dataclass(frozen=True)
class Amount:
    """Calls, tokens and money."""

    calls: int = 0
    tokens: int = 0
    cost: float = 0.0

    def __add__(self, other: "Amount") -> "Amount":
        return Amount(self.calls + other.calls, self.tokens + other.tokens, self.cost + other.cost)

    def __sub__(self, other: "Amount") -> "Amount":
        return Amount(self.calls - other.calls, self.tokens - other.tokens, self.cost - other.cost)


@dataclass(frozen=True)
class Bounds:
    """The most of each; None where there is no bound."""

    calls: int | None = None
    tokens: int | None = None
    cost: float | None = None
    currency: str | None = None

    def passed(self, amount: Amount) -> bool:
        """Whether the amount is over a bound."""
        pairs = ((self.calls, amount.calls), (self.tokens, amount.tokens), (self.cost, amount.cost))
        return any(bound is not None and value > bound + 1e-9 for bound, value in pairs)

    def reached(self, spent: Amount, wanted: Amount) -> str:
        """Which bounds stand in the way, and what was spent of each."""
        after = spent + wanted
        said = []
        if self.calls is not None and after.calls > self.calls:
            said.append(f"{spent.calls:,} of {self.calls:,} calls (limits.max_calls)")
        if self.tokens is not None and after.tokens > self.tokens:
            said.append(f"{spent.tokens:,} of {self.tokens:,} tokens (limits.max_tokens)")
        if self.cost is not None and after.cost > self.cost + 1e-9:
            said.append(f"{spent.cost:.4g} of {self.cost:.4g} {self.currency} (limits.max_cost)")
        return " and ".join(said)


@dataclass
class Budget:
    """The budget of a run; `spent` counts from what earlier processes spent for it. `terms` are by model name."""

    run: str
    spendings: Spendings
    bounds: Bounds = Bounds()
    terms: Mapping[str, Terms] = field(default_factory=dict)
    spent: Amount = Amount()
    _reserved: Amount = Amount()
    _refused: str = ""
    _waiting: list[asyncio.Future[None]] = field(default_factory=list)

    def paying(self, role: str, chat: ChatModel) -> "PaidChat":
        """The chat model in a role, with its calls paid from here."""
        return PaidChat(self, role, chat)

    async def reserve(self, most: Amount) -> None:
        """Sets aside what a call may come to, waiting for calls under way where they may leave enough.

        Raises NotAnsweredError of the kind BUDGET where they do not; from then on for every call.
        """
        while not self._refused and self.bounds.passed(self.spent + self._reserved + most):
            if not self._reserved.calls:
                self._refused = (
                    f"the budget is spent: {self.bounds.reached(self.spent, most)}, and the next call may need more "
                    "than is left: raise it and start again to go on"
                )
                break
            waiter = asyncio.get_running_loop().create_future()
            self._waiting.append(waiter)
            await waiter
        if self._refused:
            raise NotAnsweredError(BUDGET, self._refused)
        self._reserved += most

    def release(self, most: Amount, spent: Amount = Amount()) -> None:
        """Gives back what was set aside, less what was spent of it."""
        self._reserved -= most
        self.spent += spent
        waiting, self._waiting = self._waiting, []
        for waiter in waiting:
            if not waiter.done():
                waiter.set_result(None)


class PaidChat:
    """A chat model whose calls are paid for from a budget. A call that nobody answers costs nothing."""

    def __init__(self, budget: Budget, role: str, chat: ChatModel) -> None:
        self.chat = chat
        self.name = chat.name
        self.identity = chat.identity
        self._budget = budget
        self._role = role

    async def complete(self, system: str, user: str, schema: dict[str, Any]) -> Reply:
        """One answer. Raises NotAnsweredError of the kind BUDGET where the budget does not bear it."""
        budget, terms = self._budget, self._budget.terms.get(self.name, Terms(0))
        most, spent = terms.most(system, user, json.dumps(schema)), Amount()
        await budget.reserve(most)
        try:
            try:
                reply = await self.chat.complete(system, user, schema)
            except (UnusableError, RefusalError):
                # Answered and so paid for, but what was counted is lost.
                spent = self._note(Reply("", None, None, 0.0), terms, most)
                raise
            spent = self._note(reply, terms, most)
            return reply
        finally:
            budget.release(most, spent)

    async def close(self) -> None:
        """Closes the chat model."""
        await self.chat.close()

    def _note(self, reply: Reply, terms: Terms, most: Amount) -> Amount:
        price, cost, amount = terms.price, None, most
        if reply.tokens_in is not None and reply.tokens_out is not None:
            tokens = (reply.tokens_in, reply.tokens_out, reply.tokens_cached, reply.tokens_reasoning)
            cost = price.of(*tokens) if price else None
            amount = Amount(1, reply.tokens_in + reply.tokens_out, cost or 0.0)
        self._budget.spendings.add(
            Spending(
                run=self._budget.run,
                role=self._role,
                model=self.name,
                tokens_in=reply.tokens_in,
                tokens_out=reply.tokens_out,
                tokens_cached=reply.tokens_cached,
                tokens_reasoning=reply.tokens_reasoning,
                seconds=reply.seconds,
                currency=price.currency if price else None,
                cost=cost,
                most_tokens=amount.tokens,
                most_cost=amount.cost,
            )
        )
        return amount
