"""Seeds of another library than the shipped one: what is known of them reaches the dataset, whatever they say."""

import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from gravity.agents.composer import Composer
from gravity.agents.interests import Ratings
from gravity.agents.tracks import tracks
from gravity.frameworks.loader import Library
from gravity.store.corpus import Corpus
from gravity.store.database import Database
from gravity.store.dataset import export
from gravity.store.ledger import Ledger
from gravity.store.records import Reader, Round, Scenario
from gravity.store.runs import RunSettings, run_with
from gravity.store.vectors import VectorStore
from tests.store import build
from tests.store.build import check
from tests.stub.embedder import HashEmbedder
from tests.support import draft, fact, taste

# As many as it takes for each card to leave some out and tell others; statements that old parsers would misread.
SEEDS = [
    {
        "id": f"kin-{number}",
        "framework": "kinship",
        "dimension": "closeness",
        "pole": "high",
        "topics": ["family"],
        "statement": f"Personality: - I dine with my cousins on day {number}.",
        "opposite": f"Views they hold: - I dine alone on day {number}.",
    }
    for number in range(12)
]
FRAMEWORKS = """
kinship:
  name: Kinship
  dimensions:
    closeness:
      high: near
      low: far
"""


@pytest.fixture
def library(tmp_path: Path) -> Library:
    """A library in a folder of its own."""
    root = tmp_path / "material"
    (root / "seeds").mkdir(parents=True)
    (root / "frameworks.yaml").write_text(FRAMEWORKS, encoding="utf-8")
    (root / "seeds" / "kinship.jsonl").write_text("\n".join(map(json.dumps, SEEDS)), encoding="utf-8")
    return Library(root)


def test_card_lines_name_the_seeds_of_another_library(library: Library, database: Database, tmp_path: Path) -> None:
    made = tracks()
    tracked = [maker.TRACK for maker in made.values()]
    run = run_with(RunSettings(tracks=tracked, counting=build.run(record=build.SURE).settings.counting))
    composer = Composer(
        run=run.id,
        domain=Library().domain("books"),
        seeds=library.seeds,
        facets={},
        items={},
        taste=taste(Corpus(database), VectorStore(str(tmp_path / "chroma"), HashEmbedder())),
        tracks=made,
        min_confidence=0.6,
    )
    facts = [fact("stance", seed, "agree" if n % 2 else "disagree") for n, seed in enumerate(library.seeds)]
    scenarios = [
        Scenario(
            id=f"scene of {seed}", run=run.id, seed=seed, culture="us", slot=0, verdict="vetted", reason="",
            rounds=[Round(draft=draft(f"About {seed}.", "One way.", "Another way."))],
        )
        for seed in library.seeds
    ]  # fmt: skip
    pairs = composer.compose(Reader(id="r", culture="us"), facts, scenarios, Ratings([], []), {})
    ledger = Ledger(database)
    ledger.open_run(run)
    ledger.add_profile(run.id, "r", [one.model_copy(update={"run": run.id}) for one in facts])
    for one in scenarios:
        ledger.add_scenario(one)
    ledger.add_pairs(pairs)
    for pair in pairs:
        ledger.add_check(check(pair))
    export(ledger, run, tmp_path / "out", 0.0, overwrite=False)
    rows = pq.read_table(tmp_path / "out" / "train.parquet").to_pylist()
    assert {row["seed"] for row in rows} == set(library.seeds)
    for row in rows:
        heading, *views = row["profile"]
        assert heading == {"component": "values", "framework": None, "seed": None, "text": "Views they hold:"}
        assert views and row["seed"] not in {view["seed"] for view in views}
        for view in views:
            assert (view["component"], view["framework"]) == ("values", "kinship")
            seed = library.seeds[view["seed"]]
            agrees = list(library.seeds).index(seed.id) % 2
            assert view["text"] == f"- {seed.statement if agrees else seed.opposite}"
        card = row["prompt"][0]["content"].splitlines()
        assert [told["text"] for told in row["profile"]] == card[-len(row["profile"]) :]
        assert row["takes"] == ("agree" if list(library.seeds).index(row["seed"]) % 2 else "disagree")
