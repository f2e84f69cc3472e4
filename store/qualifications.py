"""What models showed on gold cases, kept by everything that it depends on, so that a change lets it expire."""

from sqlalchemy import delete, insert, select

from gravity.store import tables
from gravity.store.database import Database
from gravity.store.records import Qualification

FIELDS = {"key", "culture", "task", "model", "time"}


class Qualifications:
    """The kept qualifications."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def keep(self, found: list[Qualification]) -> None:
        """Keeps what a model showed in each culture; what stood under the same key makes room."""
        rows = [{**row.model_dump(include=FIELDS), "figures": row.model_dump(exclude=FIELDS)} for row in found]
        table = tables.qualifications
        with self.database.begin() as connection:
            connection.execute(delete(table).where(table.c.key.in_({row.key for row in found})))
            connection.execute(insert(table), rows)

    def by_culture(self, key: str) -> dict[str, Qualification]:
        """What stands under `key`, by culture; empty where it was never asked for or has expired."""
        with self.database.begin() as connection:
            query = select(tables.qualifications).where(tables.qualifications.c.key == key)
            rows = [dict(row) for row in connection.execute(query).mappings()]
        return {row["culture"]: Qualification.model_validate({**row, **row.pop("figures")}) for row in rows}

    def expired(self, task: str, model: str, key: str) -> str | None:
        """When the model was last qualified for the task under another key than `key`; None if it never was."""
        table = tables.qualifications
        query = select(table.c.time).where(table.c.task == task, table.c.model == model, table.c.key != key)
        with self.database.begin() as connection:
            return connection.execute(query.order_by(table.c.time.desc()).limit(1)).scalar()
