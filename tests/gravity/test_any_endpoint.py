"""`gravity curate` at endpoints with manners of their own ends with the same rows as at a plain one."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.gravity.support import gravity, here, toml
from tests.stub.embedding import Embeddings
from tests.stub.manners import Provider
from tests.support import BOOKS, READERS, REVIEWS

MANY = ("no-system", "no-seed", "no-temperature", "no-max-completion-tokens", "no-usage")


def curated(folder: Path, taken_in: Path, embeddings: Embeddings, *manners: str) -> tuple[str, dict[str, Any]]:
    """What stood on stderr, and the counts of the run, without those of calls."""
    shutil.copytree(taken_in / ".gravity", folder / ".gravity")
    with Provider(*manners) as server, embeddings:
        vectors = {"kind": "openai", "model": "hash64", "base_url": embeddings.url}
        seeds = {"seeds": 2, "scenarios_per_seed": 1}
        (folder / "gravity.toml").write_text(toml(server.url, embeddings=vectors, curate=seeds), encoding="utf-8")
        done = gravity(folder, "curate", "--unqualified", "--readers", "4")
        assert done.code == 0
        counted = json.loads(here(folder, "status", "--json").output)
    return done.errors, {name: counted[name] for name in ("scenarios", "stances", "pairs")}


@pytest.fixture(scope="module")
def taken_in(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("taken-in")
    files = [str(REVIEWS), "--format", "amazon-2023", "--items", str(BOOKS), "--readers", str(READERS)]
    assert here(folder, "ingest", *files).code == 0
    return folder


@pytest.fixture(scope="module")
def plain(taken_in: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The counts at a plain endpoint."""
    _, counted = curated(tmp_path_factory.mktemp("plain"), taken_in, Embeddings())
    assert all(row["vetted"] == row["total"] >= 2 for row in counted["scenarios"].values())
    return counted


@pytest.mark.parametrize(
    ("manners", "embeddings"),
    [
        ((*MANY, "no-bounds", "think"), Embeddings("small-batch", 32)),
        ((*MANY, "no-json-schema", "no-tool-choice"), Embeddings("no-base64")),
        ((*MANY, "no-response-format", "no-tools", "sentences"), Embeddings("short-texts", 700)),
    ],
    ids=["think", "tool", "plain"],
)
def test_the_rows_are_the_same(
    tmp_path: Path, taken_in: Path, plain: dict[str, Any], manners: tuple[str, ...], embeddings: Embeddings
) -> None:
    told, counted = curated(tmp_path, taken_in, embeddings, *manners)
    assert counted == plain
    for field in ("seed", "temperature", "max_completion_tokens", "the system role"):
        assert told.count(f"refuses {field} (") == 1
