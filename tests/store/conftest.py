"""The ledger of the planted run, and a place to export it to."""

from pathlib import Path

import pytest

from gravity.store.database import Database
from gravity.store.ledger import Ledger
from tests.store.build import fact, pair, run, scenario
from tests.store.planted import READERS, RUN, SEEDS, confirm, planted


@pytest.fixture
def ledger(database: Database) -> Ledger:
    """A ledger that holds the planted pairs and what they rest on, and a pair of another run."""
    made = Ledger(database)
    made.open_run(RUN)
    made.add_pairs([*planted(), pair(run("b" * 16), "us1", "seed0")])
    for culture, readers in READERS.items():
        for reader in readers:
            stances = [fact(RUN, reader, seed, confidence=0.7) for seed in SEEDS]
            made.add_profile(RUN.id, reader, [*stances, fact(RUN, reader, "trust", "facet", "high")])
        for seed in SEEDS:
            made.add_scenario(scenario(RUN, seed, culture))
    confirm(made, planted())
    return made


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "out" / "dataset"
