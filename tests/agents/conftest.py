"""Askers of a played model, readers of views, and the models that a test opens itself."""

from collections.abc import AsyncIterator, Sequence
from typing import Any, Protocol

import pytest

from gravity.agents.asking import Asker
from gravity.agents.evidence import Evidence
from gravity.agents.kinds import OpenAISettings
from gravity.agents.kinds.openai import OpenAIChat
from gravity.agents.repeats import Repeats
from gravity.agents.views.chunks import Cutting
from gravity.agents.views.finder import Finder
from gravity.agents.views.reading import ViewReader
from gravity.agents.views.refuter import Refuter
from gravity.frameworks.loader import Library
from gravity.store.answers import Answers
from gravity.store.database import Database
from gravity.store.records import Review
from tests.stub.embedder import HashEmbedder


@pytest.fixture
async def opened() -> AsyncIterator[list[OpenAIChat]]:
    """A list for the models that a test opens; they are closed after it."""
    models: list[OpenAIChat] = []
    yield models
    for model in models:
        await model.close()


class MakeAsker(Protocol):
    def __call__(self, url: str, role: str = "tester", attempts: int = 3, **settings: Any) -> Asker: ...


@pytest.fixture
def make_asker(database: Database, opened: list[OpenAIChat]) -> MakeAsker:
    """Makes askers of the model that the server at a URL plays; all keep their answers in one database."""

    def make(url: str, role: str = "tester", attempts: int = 3, **settings: Any) -> Asker:
        given = {"model": "stub", "base_url": url, "timeout": 10, "retries": 2, **settings}
        opened.append(OpenAIChat(OpenAISettings(kind="openai", **given)))
        return Asker(role, opened[-1], Answers(database), attempts)

    return make


class MakeReader(Protocol):
    def __call__(self, url: str, second: str | None = None) -> ViewReader: ...


@pytest.fixture
def make_reader(make_asker: MakeAsker, library: Library) -> MakeReader:
    """Makes readers of views: the server at a URL finds them, and the one at `second`, or the same, refutes them."""

    def make(url: str, second: str | None = None) -> ViewReader:
        books = library.domain("books")
        again = make_asker(second or url)
        repeats = Repeats(again, HashEmbedder())
        return ViewReader("run", Finder(make_asker(url), books), Refuter(again, books), repeats, Cutting())

    return make


async def evidence_in(reviews: Sequence[Review], reader: ViewReader) -> Evidence:
    """The reviews of one reader and the views in them that were kept."""
    reading, views = await reader.read(reviews[0].reader, reviews)
    assert not reading.failed
    return Evidence(reviews, [view for view in views if view.verdict == "kept"])
