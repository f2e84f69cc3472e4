"""The descriptions that models wrote for comparisons, kept by what they were written from."""

from collections.abc import Iterable, Sequence

from sqlalchemy import select

from gravity.store import tables
from gravity.store.database import Database, insert_new
from gravity.store.generated import Generated
from gravity.store.records import Row

_MOST = 500  # keys in one query


class Kept(Row):
    """A text with its mark, and the `reader` whose card its writer was told; None for none."""

    key: str
    reader: str | None
    text: str
    mark: Generated


class Writings:
    """The kept texts."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def keep(self, texts: Sequence[Kept]) -> None:
        """Keeps texts; one that is there already stays as it is."""
        rows = [{**text.model_dump(exclude={"mark"}), "mark": text.mark.model_dump(mode="json")} for text in texts]
        with self.database.begin() as connection:
            insert_new(connection, tables.writings, rows)

    def of(self, keys: Iterable[str]) -> dict[str, Kept]:
        """Those of these keys that are there, by key."""
        wanted, found = list(dict.fromkeys(keys)), dict[str, Kept]()
        for start in range(0, len(wanted), _MOST):
            query = select(tables.writings).where(tables.writings.c.key.in_(wanted[start : start + _MOST]))
            with self.database.begin() as connection:
                rows = [Kept.model_validate(dict(row)) for row in connection.execute(query).mappings()]
            found |= {row.key: row for row in rows}
        return found
