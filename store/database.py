"""Opens the SQL database and turns its failures into StoreError."""

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from pydantic import BaseModel
from sqlalchemy import Connection, Engine, Table, create_engine, event, inspect
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, SQLAlchemyError

from gravity.store.errors import StoreError
from gravity.store.tables import metadata


class Database:
    """One SQL database by URL. `begin` gives a connection whose work is committed whole or not at all."""

    def __init__(self, url: str) -> None:
        self.url = url
        try:
            self.engine = _engine(url)
            with self.begin() as connection:
                metadata.create_all(connection)
                _same_columns(connection)
        except (ArgumentError, NoSuchModuleError, ModuleNotFoundError, ValueError) as error:
            hidden = re.sub(r"://[^@/]*@", "://***@", url)
            reason = str(error).splitlines()[0]
            raise StoreError(f"the store's address '{hidden}' is not one SQLAlchemy can use: {reason}") from None

    @contextmanager
    def begin(self) -> Iterator[Connection]:
        """A transaction. Raises StoreError where the database refuses (disk full, locked, gone)."""
        try:
            with self.engine.begin() as connection:
                yield connection
        except DBAPIError as error:
            hidden = self.engine.url.render_as_string(hide_password=True)
            raise StoreError(f"the store at {hidden} cannot be used: {_one_line(error.orig)}") from error
        except SQLAlchemyError as error:
            raise StoreError(f"the store cannot be used: {_one_line(error)}") from error

    def close(self) -> None:
        """Gives the connections back."""
        self.engine.dispose()


def insert_new(connection: Connection, table: Table, rows: Sequence[BaseModel] | Sequence[dict[str, Any]]) -> int:
    """Inserts the rows whose key is not there yet, and returns how many those were."""
    if not rows:
        return 0
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    statement = dialect.insert(table).on_conflict_do_nothing()
    # Without preserve_rowcount the count of a batch is -1 on PostgreSQL.
    done = connection.execute(statement, values(rows), execution_options={"preserve_rowcount": True})
    return done.rowcount


def values(rows: Iterable[BaseModel | dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows as the dictionaries that SQLAlchemy takes."""
    return [row if isinstance(row, dict) else row.model_dump() for row in rows]


def _same_columns(connection: Connection) -> None:
    found = inspect(connection)
    for table in metadata.tables.values():
        missing = {column.name for column in table.columns} - {c["name"] for c in found.get_columns(table.name)}
        if missing:
            raise StoreError(
                f"the store was made by an older Gravity (its table {table.name} lacks {', '.join(sorted(missing))}): "
                "name another folder or database in [store] and take the reviews in again"
            )


def _one_line(error: object) -> str:
    return " ".join(str(error).split())


def _engine(url: str) -> Engine:
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite":
        return create_engine(parsed, pool_pre_ping=True)
    engine = create_engine(parsed, connect_args={"timeout": 30})

    @event.listens_for(engine, "connect")
    def _pragmas(connection: Any, _record: Any) -> None:
        # WAL with NORMAL survives a killed process without a disk flush a commit; a reader never waits.
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=NORMAL")

    return engine
