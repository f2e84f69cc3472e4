"""Askers of a played model, and the models that a test opens itself."""

from collections.abc import AsyncIterator
from typing import Any, Protocol

import pytest

from gravity.agents.asking import Asker
from gravity.agents.kinds import OpenAISettings
from gravity.agents.kinds.openai import OpenAIChat
from gravity.store.answers import Answers
from gravity.store.database import Database


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
