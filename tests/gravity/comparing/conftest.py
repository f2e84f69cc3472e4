"""Planted readers, profiled once for all tests here, and played writers beside the played judges."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from gravity.config import Config
from gravity.project import Project
from tests.stub.described import PlayedWriters
from tests.stub.server import Stub
from tests.stub.tastes import PlayedWriter
from tests.support import config, curate, project, take_in

FIT = PlayedWriter("fit", strength=2.5, prose=1.0)
DEAF = PlayedWriter("deaf", strength=0.0, prose=0.0, card_spread=0.0, spread=0.0)


@dataclass
class Scene:
    """A folder with a store, and the servers of judges and writers."""

    home: Path
    judges: Stub
    writers: PlayedWriters

    def settings(self, **writers: dict[str, Any]) -> dict[str, Any]:
        """A configuration with these writers, as JSON has it."""
        made = config(self.judges.url, self.home / ".gravity").model_dump(mode="json")
        for name in ("fit", "deaf"):
            made["models"][name] = {"kind": "openai", "model": name, "base_url": self.writers.url}
        return {**made, "writers": writers}

    def project(self, **writers: dict[str, Any]) -> Project:
        """A project with these writers."""
        return project(Config.model_validate(self.settings(**writers)))


@pytest.fixture(scope="package")
def profiled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with a run of sixteen planted readers."""
    home = tmp_path_factory.mktemp("profiled")
    with Stub() as stub:
        made = project(config(stub.url, home / ".gravity"))
        take_in(made, each=4)
        curate(made)
        made.close()
    return home


@pytest.fixture
def scene(profiled: Path, tmp_path: Path) -> Iterator[Scene]:
    shutil.copytree(profiled, tmp_path, dirs_exist_ok=True)
    with Stub() as judges, PlayedWriters(FIT, DEAF) as writers:
        yield Scene(tmp_path, judges, writers)
