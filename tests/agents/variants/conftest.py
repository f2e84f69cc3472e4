"""The planted run, still empty."""

from pathlib import Path

import pytest

from gravity.store.database import Database
from tests.agents.variants.planted import Planted


@pytest.fixture
def planted(database: Database, tmp_path: Path) -> Planted:
    return Planted(database, tmp_path)
