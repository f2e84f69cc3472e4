"""What runs spent: a row a call that was made, whatever became of its answer. Kept answers cost nothing again."""

from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import case, func, or_, select

from gravity.store import tables
from gravity.store.calls import Spending
from gravity.store.database import Database, insert_new


@dataclass(frozen=True)
class Spent:
    """What the calls of a model in a role came to at prices of one currency (None: no price was known).

    Of `uncounted` calls the server did not count the tokens; tokens and cost are sums over the others.
    """

    role: str
    model: str
    currency: str | None
    calls: int
    uncounted: int
    tokens_in: int
    tokens_cached: int
    tokens_out: int
    tokens_reasoning: int
    seconds: float
    cost: float

    def as_json(self) -> dict[str, Any]:
        """It as plain values; a cost that nobody knows is None and not 0."""
        return {**asdict(self), "cost": None if self.currency is None else self.cost}


class Spendings:
    """The calls that were paid for."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def add(self, spending: Spending) -> None:
        """Notes a call."""
        with self.database.begin() as connection:
            insert_new(connection, tables.spending, [spending])

    def by_role(self, run: str | None = None) -> list[Spent]:
        """What was spent by role, model and currency, in a run or in all of the store."""
        table = tables.spending
        uncounted = or_(table.c.tokens_in.is_(None), table.c.tokens_out.is_(None))
        sums = ("tokens_in", "tokens_cached", "tokens_out", "tokens_reasoning", "seconds", "cost")
        key = (table.c.role, table.c.model, table.c.currency)
        query = select(
            *key,
            func.count().label("calls"),
            func.sum(case((uncounted, 1), else_=0)).label("uncounted"),
            *(func.coalesce(func.sum(table.c[name]), 0).label(name) for name in sums),
        ).group_by(*key)
        if run is not None:
            query = query.where(table.c.run == run)
        with self.database.begin() as connection:
            rows = connection.execute(query.order_by(*key)).mappings().all()
        return [Spent(**row) for row in rows]

    def at_most(self, run: str) -> tuple[int, int, dict[str, float]]:
        """What a budget counts of a run: calls, tokens, and money by currency, each call at its most where the server
        did not count."""
        table = tables.spending
        query = (
            select(table.c.currency, func.count(), func.sum(table.c.most_tokens), func.sum(table.c.most_cost))
            .where(table.c.run == run)
            .group_by(table.c.currency)
        )
        with self.database.begin() as connection:
            rows = connection.execute(query).all()
        money = {currency: float(cost) for currency, _, _, cost in rows if currency is not None}
        return sum(row[1] for row in rows), sum(int(row[2]) for row in rows), money
