"""The requests that are away in batches, so that a process that starts again picks them up and pays for none twice."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, delete, func, insert, null, select, update

from gravity.store import tables
from gravity.store.database import Database

_TABLE = tables.batched


@dataclass(frozen=True)
class Batched:
    """Where a request is: in the batch made of an input `file`; without a `batch` nobody knows whether that began.
    `answer` is what came back for it, as the server wrote it."""

    file: str
    batch: str | None
    answer: dict[str, Any] | None


class Batches:
    """Requests by their keys, from before their batch begins until whoever asks has kept their answer."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def get(self, key: str) -> Batched | None:
        """Where the request is, or None."""
        query = select(_TABLE.c.file, _TABLE.c.batch, _TABLE.c.answer).where(_TABLE.c.key == key)
        with self.database.begin() as connection:
            row = connection.execute(query).mappings().first()
        return Batched(**row) if row else None

    def add(self, file: str, keys: Collection[str]) -> None:
        """Keeps that a batch is about to be made of the input `file` with these requests."""
        rows = [{"key": key, "file": file, "batch": None, "answer": None} for key in keys]
        with self.database.begin() as connection:
            connection.execute(delete(_TABLE).where(_TABLE.c.key == bindparam("one")), [{"one": key} for key in keys])
            connection.execute(insert(_TABLE), rows)

    def begun(self, file: str, batch: str) -> None:
        """Keeps the batch that was made of the input `file`."""
        with self.database.begin() as connection:
            connection.execute(update(_TABLE).where(_TABLE.c.file == file).values(batch=batch))

    def size(self, file: str) -> int:
        """How many requests the input `file` holds."""
        with self.database.begin() as connection:
            return connection.execute(select(func.count()).where(_TABLE.c.file == file)).scalar_one()

    def ended(self, file: str, answers: Mapping[str, dict[str, Any]]) -> None:
        """Keeps what came back for the requests of the input `file`, and forgets those that got no answer."""
        rows = [{"one": key, "came": answer} for key, answer in answers.items()]
        with self.database.begin() as connection:
            if rows:
                # What another process, or an earlier batch, has taken out is not put back.
                here = update(_TABLE).where(_TABLE.c.key == bindparam("one"), _TABLE.c.file == file)
                connection.execute(here.values(answer=bindparam("came", type_=_TABLE.c.answer.type)), rows)
            without = _TABLE.c.answer.is_(null())
            connection.execute(delete(_TABLE).where(_TABLE.c.file == file, without))

    def forget(self, keys: Collection[str]) -> None:
        """Forgets requests whose answers are kept, or cannot be used."""
        with self.database.begin() as connection:
            if keys:
                connection.execute(
                    delete(_TABLE).where(_TABLE.c.key == bindparam("one")), [{"one": key} for key in keys]
                )
