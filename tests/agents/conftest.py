"""Askers of a played model."""

from collections.abc import AsyncIterator
from typing import Any, Protocol

import pytest

from gravity.agents.asking import Asker
from gravity.agents.kinds import OpenAISettings
from gravity.agents.kinds.openai import OpenAIChat
from gravity.store.answers import Answers
from gravity.store.database import Database


class MakeAsker(Protocol):
    def __call__(self, url: str, role: str = "tester", attempts: int = 3, **settings: Any) -> Asker: ...


@pytest.fixture
async def make_asker(database: Database) -> AsyncIterator[MakeAsker]:
    """Makes askers of the model that the server at a URL plays; all keep their answers in one database."""
    models: list[OpenAIChat] = []

    def make(url: str, role: str = "tester", attempts: int = 3, **settings: Any) -> Asker:
        given = {"model": "stub", "base_url": url, "timeout": 10, "retries": 2, **settings}
        models.append(OpenAIChat(OpenAISettings(kind="openai", **given)))
        return Asker(role, models[-1], Answers(database), attempts)

    yield make
    for model in models:
        await model.close()
