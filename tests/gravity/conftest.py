"""One store that the real command line has filled, for all tests that only look at it."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from gravity.config import Config
from gravity.project import Project
from tests.gravity.support import Done, gravity, toml
from tests.stub.server import Stub
from tests.stub.truth import Character
from tests.support import BOOKS, READERS, REVIEWS, rows, seasoned

KEY = "sk-planted-key-of-the-tests"
EACH = 2
CASES = 24
SEEDS = 8
BAD_ROW = '{"rating": 9, "text": "Nine of five.", "user_id": "planted-us-1", "parent_asin": "b"}'


@dataclass(frozen=True)
class Filled:
    """The folder that the commands ran in, the readers taken in, and what the commands printed."""

    folder: Path
    server: Stub
    readers: list[str]
    ingested: Done
    qualified: Done
    curated: Done


@pytest.fixture(scope="session")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Filled]:
    """Two readers of each culture, curated by models that qualified, with an API key in the environment."""
    folder = tmp_path_factory.mktemp("filled")
    by_culture: dict[str, list[dict[str, str]]] = {}
    for row in rows(READERS):
        by_culture.setdefault(row["culture"], []).append(row)
    given = [row for listed in by_culture.values() for row in listed[:EACH]]
    readers = [row["id"] for row in given]
    lines = REVIEWS.read_text(encoding="utf-8").splitlines()
    kept = [line for line in lines if json.loads(line)["user_id"] in readers]
    (folder / "reviews.jsonl").write_text("\n".join([*kept, kept[0], BAD_ROW, ""]), encoding="utf-8")
    (folder / "readers.jsonl").write_text("\n".join(map(json.dumps, given)), encoding="utf-8")
    with Stub(Character(defects=0.3)) as server:
        # The stub is 0.80 sure of facets and 0.85 of stances; gold cases show that it is surer than it says.
        (folder / "gravity.toml").write_text(
            toml(
                server.url,
                curate={"seeds": SEEDS, "scenarios_per_seed": 1, "min_confidence": 0.82},
                judging={"cases": CASES},
            ),
            encoding="utf-8",
        )
        files = ("reviews.jsonl", "--format", "amazon-2023", "--items", str(BOOKS), "--readers", "readers.jsonl")
        ingested = gravity(folder, "ingest", *files, "--json", OPENAI_API_KEY=KEY)
        qualified = gravity(folder, "qualify", "--json", OPENAI_API_KEY=KEY)
        made = Project(Config.model_validate({"store": {"path": folder / ".gravity"}}))
        seasoned(made)
        made.stores.database.close()
        curated = gravity(folder, "curate", OPENAI_API_KEY=KEY)
        yield Filled(folder, server, readers, ingested, qualified, curated)
