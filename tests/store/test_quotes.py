"""What readers said word for word, found again from what rests on it."""

from pathlib import Path

import pyarrow.parquet as pq
import pytest

from gravity.store.database import Database
from gravity.store.dataset import export
from gravity.store.ledger import Ledger
from gravity.store.views import AROUND, Reading, Views, around
from tests.store import build

RUN = build.run(record=build.SURE)
FIRST = build.view(RUN, "ana", "review of ana", "I like a slow start.", quote="Quotes «like» this, 日本 and é")
SECOND = build.view(RUN, "ana", "another", "I dislike happy ends.", quote="The end is too sweet")
SAME_WORDS = build.view(RUN, "ana", "another", "I want an end that hurts.", quote="The end is too sweet")
OTHER = build.view(RUN, "bo", "review of bo")


@pytest.fixture
def views(database: Database) -> Views:
    made = Views(database)
    made.add_reading(Reading(run=RUN.id, reader="ana", reviews=2), [FIRST, SECOND, SAME_WORDS])
    made.add_reading(Reading(run=RUN.id, reader="bo", reviews=1), [OTHER])
    return made


def test_a_row_holds_the_quotes_behind_its_fact_and_no_others(views: Views, tmp_path: Path) -> None:
    ledger = Ledger(views.database)
    ledger.open_run(RUN)
    rests_on = {"hof-pdi-01": [SECOND, FIRST, SAME_WORDS], "hof-idv-01": [FIRST], "hof-mas-01": []}
    stances = [
        build.fact(RUN, "ana", name).model_copy(update={"views": [view.id for view in behind]})
        for name, behind in rests_on.items()
    ]
    ledger.add_profile(RUN.id, "ana", [*stances, build.fact(RUN, "ana", "trust", "facet", "high")])
    pairs = [build.pair(RUN, "ana", name, fact=["stance", name], takes="agree") for name in rests_on]
    pairs.append(build.pair(RUN, "ana", "item", "personality", fact=["facet", "trust"], takes="high"))
    pairs.append(build.pair(RUN, "ana", "book", "interests"))
    ledger.add_pairs(pairs)
    for pair in pairs:
        ledger.add_check(build.check(pair))
    export(ledger, RUN, tmp_path / "ds", test_share=0.0, overwrite=False)
    rows = {row["seed"] or row["track"]: row for row in pq.read_table(tmp_path / "ds" / "train.parquet").to_pylist()}
    assert {name: row["quotes"] for name, row in rows.items()} == {
        "hof-pdi-01": [SECOND.quote, FIRST.quote],
        "hof-idv-01": [FIRST.quote],
        "hof-mas-01": [],
        "personality": [],
        "interests": [],
    }
    assert "`quotes` holds the reader's own words" in (tmp_path / "ds" / "README.md").read_text(encoding="utf-8")


def test_views_are_found_by_their_ids_in_the_order_asked_for(views: Views) -> None:
    assert views.named([OTHER.id, SECOND.id, "nobody's", FIRST.id]) == [OTHER, SECOND, FIRST]
    assert views.named([]) == []


def test_a_seed_that_readers_brought_is_found_in_its_run_alone(views: Views) -> None:
    seed = build.brought(RUN, "readers-1", "pace")
    views.add_seeds([seed])
    assert views.seed(RUN.id, "readers-1") == seed
    assert views.seed("b" * 16, "readers-1") is None
    assert views.seed(RUN.id, "hof-pdi-01") is None


def test_a_quote_is_shown_within_the_words_around_it() -> None:
    text = f"{'Before it. ' * 40}Here it stands, 日本.{' After it.' * 40}"
    shown = around("Here it stands", build.review("r", text=text))
    before, _, rest = shown.partition("«")
    quote, _, after = rest.partition("»")
    assert quote == "Here it stands" and before[1:] + quote + after[:-1] in text
    assert (before[0], after[-1]) == ("…", "…") and len(before) - 1 == len(after) - 1 == AROUND
    assert around("Whole", build.review("r", text="Whole text")) == "«Whole» text"
    assert around("title", build.review("r", title="In the title", text="Elsewhere")) == "In the «title»"
    with pytest.raises(ValueError, match="not found"):
        around("nowhere", build.review("r", text="Text"))
