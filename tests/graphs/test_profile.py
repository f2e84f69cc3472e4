"""One reader's profile: what it reads, and in what order it goes."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from sqlalchemy import event

from gravity.agents.errors import NotAnsweredError
from gravity.frameworks.loader import Library
from gravity.graphs.profile import profile_graph
from gravity.graphs.reading import reading_graph
from gravity.store.database import Database
from tests.graphs.support import at_work
from tests.stub.server import Faults, Stub
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
    """However many calls they are shown to: here one for the stances that each half shows, as many to check them, those
    about the facets, and one more."""
    made = project(config(stub.url, tmp_path, seeds=30, seeds_per_call=15, reviews_per_call=5))
    take_in(made, each=1)
    crew = made.setup(unqualified=True).crew()
    reader = made.stores.corpus.readers()[0]
    crew.retriever.index(reader.id)
    async with at_work(made):
        await reading_graph(crew).ainvoke({"reader": reader.id})
        before = stub.counts.requests
        with statements(made.stores.database) as seen:
            await profile_graph(crew).ainvoke({"reader": reader.id})
    assert stub.counts.requests - before >= 5
    assert made.stores.ledger.profiled(run_id(made)) == {reader.id}
    assert sum("FROM reviews" in statement for statement in seen) == 1
    assert sum("FROM readers" in statement for statement in seen) == 1
    assert sum("FROM books" in statement for statement in seen) == 1


class Impersonal(Stub):
    """Does not answer about some facets, and that at once; other answers take a while."""

    away = True
    library = Library()

    async def _complete(self, request: web.Request) -> web.StreamResponse:
        if self.away and self.library.facets["trust"].high in (await request.text()):
            return web.json_response({"error": {"message": "not now"}}, status=503)
        return await super()._complete(request)


async def test_one_question_that_nobody_answers_leaves_the_profile_open_and_loses_no_other_answer(
    tmp_path: Path,
) -> None:
    with Impersonal(faults=Faults(latency=0.1)) as server:
        made = project(config(server.url, tmp_path, model={"retries": 0}, seeds=4))
        take_in(made, each=1)
        crew = made.setup(unqualified=True).crew()
        reader = made.stores.corpus.readers()[0]
        crew.retriever.index(reader.id)
        async with at_work(made):
            await reading_graph(crew).ainvoke({"reader": reader.id})
            read = server.counts.requests
            with pytest.raises(NotAnsweredError):
                await profile_graph(crew).ainvoke({"reader": reader.id})
            assert made.stores.ledger.profiled(run_id(made)) == set()
            assert made.stores.ledger.facts(run_id(made), reader.id) == []
            asked = server.counts.requests
            assert asked > read + 1
            server.away = False
            await profile_graph(crew).ainvoke({"reader": reader.id})
    assert made.stores.ledger.profiled(run_id(made)) == {reader.id}
    # The facets of one batch, of both halves and both ways round.
    assert server.counts.requests == asked + 4


async def test_of_reviews_that_nobody_has_read_no_stance_is_known(stub: Stub, tmp_path: Path) -> None:
    """It has failed and can be asked for anew: nothing is concluded from silence."""
    made = project(config(stub.url, tmp_path, seeds=4))
    take_in(made, each=1)
    crew = made.setup(unqualified=True).crew()
    reader = made.stores.corpus.readers()[0]
    async with at_work(made):
        await profile_graph(crew).ainvoke({"reader": reader.id})
    stances = [fact for fact in made.stores.ledger.facts(run_id(made), reader.id) if fact.kind == "stance"]
    assert [(fact.value, fact.reason) for fact in stances] == [
        ("failed", "not all reviews could be read for views: nobody has read them yet")
    ] * 4
