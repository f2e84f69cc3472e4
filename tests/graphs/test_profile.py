"""One reader's profile: what it reads, and in what order it goes."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import event

from gravity.graphs.profile import profile_graph
from gravity.store.database import Database
from tests.graphs.support import at_work
from tests.stub.server import Stub
from tests.support import config, project, run_id, take_in


@contextmanager
def statements(database: Database) -> Iterator[list[str]]:
    """The SQL statements that are executed meanwhile."""
    seen: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        seen.append(statement)

    event.listen(database.engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(database.engine, "before_cursor_execute", note)


async def test_a_profile_reads_its_reviews_once(stub: Stub, tmp_path: Path) -> None:
    """However many calls they are shown to: here two for the stances, as many to check them, and three more."""
    made = project(config(stub.url, tmp_path, seeds=30, seeds_per_call=15, reviews_per_call=5))
    take_in(made, each=1)
    crew = made.setup(unqualified=True).crew()
    reader = made.stores.corpus.readers()[0]
    crew.retriever.index(reader.id)
    async with at_work(made):
        with statements(made.stores.database) as seen:
            await profile_graph(crew).ainvoke({"reader": reader.id})
    assert stub.counts.requests >= 4
    assert made.stores.ledger.profiled(run_id(made)) == {reader.id}
    assert sum("FROM reviews" in statement for statement in seen) == 1
    assert sum("FROM readers" in statement for statement in seen) == 1
    assert sum("FROM books" in statement for statement in seen) == 1
