"""Model answers, kept by everything that shaped them, so that a call is paid for once."""

import hashlib
import json
from collections.abc import Collection, Mapping
from typing import Any
from uuid import uuid4

from sqlalchemy import case, func, or_, select, update

from gravity.store import tables
from gravity.store.calls import Call
from gravity.store.database import Database, insert_new


def call_key(shape: Mapping[str, Any]) -> str:
    """The key of a request: a hash over `shape`, which must hold all that shapes the answer."""
    return hashlib.sha256(json.dumps(shape, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def question_key(model: Mapping[str, Any], system: str, user: str, schema: Mapping[str, Any]) -> str:
    """The key of a question to the model of that identity."""
    return call_key({"model": model, "system": system, "user": user, "schema": schema})


class Answers:
    """The kept answers. What is kept is committed before it is used."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def get(self, key: str) -> Call | None:
        """The kept answer that can be used, or None."""
        call = self.last(key)
        return call if call and call.usable else None

    def last(self, key: str) -> Call | None:
        """The kept answer, whether it can be used or not; None where there is none."""
        with self.database.begin() as connection:
            row = connection.execute(select(tables.calls).where(tables.calls.c.key == key)).mappings().first()
        return Call.model_validate(dict(row)) if row else None

    def keep(self, call: Call) -> None:
        """Keeps an answer. A usable one that is kept under its key already stays; one that is not makes room and is
        kept on under a key of its own, since it was paid for."""
        table = tables.calls
        aside = update(table).where(table.c.key == call.key, table.c.usable.is_(False))
        with self.database.begin() as connection:
            if not insert_new(connection, table, [call]):
                connection.execute(aside.values(key=call_key({"made room": uuid4().hex})))
                insert_new(connection, table, [call])

    def cost(self, keys: Collection[str]) -> tuple[int, int, float]:
        """How many of the answers under `keys` are kept, and the tokens and seconds that they cost."""
        column = tables.calls.c
        query = select(column.tokens_in, column.tokens_out, column.seconds).where(column.key.in_(set(keys)))
        with self.database.begin() as connection:
            kept = connection.execute(query.order_by(column.key)).all()
        return len(kept), sum((row[0] or 0) + (row[1] or 0) for row in kept), sum(row[2] for row in kept)

    def usage(self) -> dict[tuple[str, str], dict[str, float]]:
        """Calls, tokens and model seconds by role and model; `uncounted` are the calls whose tokens nobody counted."""
        table = tables.calls
        uncounted = or_(table.c.tokens_in.is_(None), table.c.tokens_out.is_(None))
        sums = ("tokens_in", "tokens_cached", "tokens_out", "tokens_reasoning", "seconds")
        query = select(
            table.c.role,
            table.c.model,
            func.count().label("calls"),
            func.sum(case((uncounted, 1), else_=0)).label("uncounted"),
            *(func.coalesce(func.sum(table.c[name]), 0).label(name) for name in sums),
        ).group_by(table.c.role, table.c.model)
        with self.database.begin() as connection:
            rows = connection.execute(query).mappings().all()
        return {
            (row["role"], row["model"]): {name: row[name] for name in ("calls", "uncounted", *sums)} for row in rows
        }
