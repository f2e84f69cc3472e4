"""What readers bring, from the store to the report: counted, tested between cultures, and silent where not measured."""

from collections.abc import Sequence
from pathlib import Path

import pytest
from sqlalchemy import insert

from gravity.audit.from_store import from_store
from gravity.audit.report import write
from gravity.frameworks.loader import Library
from gravity.store import tables
from gravity.store.corpus import Corpus
from gravity.store.database import Database
from gravity.store.ledger import Ledger
from gravity.store.records import Reader
from gravity.store.views import Reading, View, Views
from tests.audit.support import audited, named, some
from tests.store import build

RUN = build.run()
CULTURES = ("br", "us")
EACH = 12  # readers a culture
SHIPPED = [f"hof-{dimension}-0{number}" for dimension in ("pdi", "idv", "mas") for number in (1, 2, 3, 4)]
KNOWN = [build.brought(RUN, f"readers-known-{n}", "schwartz/security", statement=f"Known {n}.") for n in range(3)]
NEW = [build.brought(RUN, f"readers-new-{n}", f"construct {n}", statement=f"New {n}.") for n in range(9)]
DROPPED = build.brought(RUN, "readers-dropped", "dropped", verdict="dropped", reason="only 2 readers speak to it")
COVERED = "stances that the frameworks cover"


class Filled:
    """A store in which each reader has one view for each of their stances, and agrees with every seed of theirs."""

    def __init__(self, database: Database) -> None:
        self.database, self.ledger, self.views = database, Ledger(database), Views(database)
        self.ledger.open_run(RUN)
        self.views.add_seeds([*KNOWN, *NEW, DROPPED])

    def reader(
        self, name: str, culture: str, seeds: Sequence[str], more: Sequence[View] = (), read: bool = True
    ) -> None:
        list(Corpus(self.database).take_readers("r", [Reader(id=name, culture=culture)]))
        found = [
            build.view(RUN, name, f"review of {name}", f"I hold what {seed} says.", about="life") for seed in seeds
        ]
        facts = [
            build.fact(RUN, name, seed).model_copy(update={"views": [view.id] if read else []})
            for seed, view in zip(seeds, found, strict=True)
        ]
        self.ledger.add_profile(RUN.id, name, [*facts, build.fact(RUN, name, "hof-uai-01", value="unknown")])
        if read:
            self.views.add_reading(Reading(run=RUN.id, reader=name, reviews=1), [*found, *more])

    def culture(self, culture: str, within: Sequence[str], outside: Sequence[str]) -> None:
        for number in range(EACH):
            self.reader(f"{culture}-{number}", culture, [*within, *outside[number % 3 :]])


@pytest.fixture
def filled(database: Database) -> Filled:
    return Filled(database)


def test_a_culture_whose_stances_lie_outside_the_frameworks_is_found(filled: Filled, tmp_path: Path) -> None:
    new = [seed.id for seed in NEW]
    filled.culture("br", SHIPPED[:3], new)
    filled.culture("us", [*SHIPPED, *(seed.id for seed in KNOWN)], new[:3])
    made = audited(from_store(filled.database, RUN, Library()))
    brazil, states = named(made, COVERED, "br"), named(made, COVERED, "us")
    # 3 within, and 9, 8 or 7 outside; 12 shipped and 3 of a known dimension within, and 3, 2 or 1 outside.
    assert (brazil.value, brazil.n, brazil.clusters) == (36 / 132, 132, EACH)
    assert (states.value, states.n) == (180 / 204, 204)
    assert some(brazil.low) < some(brazil.value) < some(brazil.high) < some(states.low)
    assert (brazil.against, brazil.family) == (states.value, "exploratory")
    (finding,) = [finding for finding in made.findings if finding.section == "constructs"]
    assert (finding.level, finding.cultures) == ("moderate", ["br"])
    assert "cover 27% of the stances that readers of Brazil show, and 88%" in finding.what
    assert set(finding.rows) == set(new)
    # The most told come first.
    assert set(finding.rows[-2:]) == set(new[:2])
    write(made, tmp_path)
    for name in ("report.html", "report.md", "culture-br.html"):
        page = (tmp_path / name).read_text(encoding="utf-8")
        assert "stances that the frameworks cover" in page and "construct 8: New 8." in page
    assert "what no seed is about is in no figure" in (tmp_path / "report.html").read_text(encoding="utf-8")


def test_cultures_that_are_covered_alike_raise_nothing(filled: Filled) -> None:
    for culture in CULTURES:
        filled.culture(culture, SHIPPED, [seed.id for seed in NEW[:4]])
    made = audited(from_store(filled.database, RUN, Library()))
    assert named(made, COVERED, "br").enough and named(made, COVERED, "br").p is not None
    assert [finding.what for finding in made.findings if finding.section in ("constructs", "gates")] == []


def test_the_seeds_that_readers_brought_are_counted_by_what_they_are(filled: Filled) -> None:
    own = build.brought(RUN, "readers-own", "books", reader="br-0", cultures=["br"], agree=1, disagree=0)
    filled.views.add_seeds([own])
    filled.reader("br-0", "br", [KNOWN[0].id, NEW[0].id, own.id, SHIPPED[0]])
    filled.reader("us-0", "us", [NEW[0].id])
    made = audited(from_store(filled.database, RUN, Library()))
    counted = {f.group: f.value for f in made.figures if f.name == "seeds that readers brought" and f.culture == "br"}
    assert counted == {"a known dimension": 3, "a construct of their own": 9, "one reader's own": 1}
    # The reader's own seed is in no share but its own.
    assert named(made, COVERED, "br").n == 3 and named(made, COVERED, "br").value == pytest.approx(2 / 3)
    assert named(made, "stances toward one reader's own seeds", "br").value == 0.25
    worded = named(made, "readers on the statement's side", group=f"{NEW[0].dimension}: {NEW[0].statement}")
    assert (worded.n, worded.extra["agree"], worded.extra["disagree"]) == (6, 4, 2)
    assert worded.value == pytest.approx(4 / 6)
    taken = named(made, "takes the statement's side", "us", f"{NEW[0].dimension}: {NEW[0].statement}")
    assert (taken.n, taken.value, taken.enough) == (1, 1.0, False)
    assert not any("dropped" in figure.group for figure in made.figures if figure.section == "constructs")
    # A reader's own seed is told by construction: it is at no gate.
    assert named(made, "pass rate", "br", "stance link").n == 4


def test_a_view_is_reached_where_a_stance_within_the_frameworks_rests_on_it_or_on_a_repeat(filled: Filled) -> None:
    first = build.view(RUN, "br-0", "review", "I like it slow.")
    repeat = build.view(RUN, "br-0", "other", "Slow is good.", same_as=first.id)
    refuted = {"verdict": "dropped", "reason": "too general: it is about one book", "said": "implied"}
    dropped = build.view(RUN, "br-0", "review", "Books are good.", **refuted)
    refused = build.view(RUN, "br-0", "review", "No quote.", **{**refuted, "reason": "no quote", "checked_by": None})
    filled.reader("br-0", "br", [NEW[0].id], [first, repeat, dropped, refused])
    fact = build.fact(RUN, "br-0", SHIPPED[0]).model_copy(update={"views": [repeat.id]})
    with filled.database.begin() as connection:
        connection.execute(insert(tables.facts), [fact.model_dump()])
    made = audited(from_store(filled.database, RUN, Library()))
    reached = named(made, "views that the frameworks reach", "br")
    assert (reached.n, reached.value) == (2, 0.5)
    assert named(made, "views a reader", "br").value == 2
    assert named(made, "views about life", "br").value == 0.5
    assert named(made, "stated views", "br").value == 1.0
    assert {f.group: (f.value, f.n) for f in made.figures if f.name == "dropped views"} == {
        "no quote": (0.2, 5),
        "too general": (0.2, 5),
    }
    # What the rules refused did not come to the second asking.
    gate = named(made, "pass rate", "br", "second asking")
    assert (gate.n, gate.value) == (4, 0.75)


def test_a_reader_without_a_view_counts_and_one_nobody_read_does_not(filled: Filled) -> None:
    filled.reader("br-0", "br", [NEW[0].id, NEW[1].id])
    filled.reader("br-1", "br", [])
    filled.reader("us-0", "us", [SHIPPED[0]], read=False)
    made = audited(from_store(filled.database, RUN, Library()))
    assert (named(made, "views a reader", "br").n, named(made, "views a reader", "br").value) == (2, 1.0)
    assert named(made, "readers without a view", "br").value == 0.5
    assert not any(f.culture == "us" for f in made.figures if f.section == "views")
    # A stance that rests on no view is not one that a reader showed beside others.
    assert not any(f.culture == "us" for f in made.figures if f.name == COVERED)


def test_what_was_not_measured_is_said_and_is_no_full_coverage(database: Database) -> None:
    ledger, views = Ledger(database), Views(database)
    ledger.open_run(RUN)
    list(Corpus(database).take_readers("r", [Reader(id="ana", culture="br")]))
    view = build.view(RUN, "ana", "review")
    fact = build.fact(RUN, "ana", SHIPPED[0]).model_copy(update={"views": [view.id]})
    ledger.add_profile(RUN.id, "ana", [fact])
    made = audited(from_store(database, RUN, Library()))
    assert any("no views were read in the reviews" in note for note in made.notes)
    views.add_reading(Reading(run=RUN.id, reader="ana", reviews=1), [view])
    made = audited(from_store(database, RUN, Library()))
    assert any("readers brought no seeds" in note for note in made.notes)
    assert not [figure for figure in made.figures if figure.section == "constructs"]
    views.add_seeds([*NEW])
    made = audited(from_store(database, RUN, Library()))
    assert not any("brought" in note or "views" in note for note in made.notes)
    assert named(made, COVERED, "br").value == 1.0


def test_another_runs_views_and_seeds_are_not_looked_at(filled: Filled) -> None:
    filled.reader("br-0", "br", [NEW[0].id])
    seen = from_store(filled.database, build.run("b" * 16), Library())
    assert not len(seen.views) and not len(seen.brought)


def test_scenes_about_a_seed_that_readers_brought_have_its_dimension(filled: Filled) -> None:
    filled.ledger.add_scenario(build.scenario(RUN, NEW[0].id, "br"))
    (scene,) = from_store(filled.database, RUN, Library()).scenes.to_pylist()
    assert (scene["framework"], scene["dimension"]) == ("readers", NEW[0].dimension)


def test_a_pairs_page_shows_the_words_around_the_quote(filled: Filled) -> None:
    text = f"{'Plot. ' * 200}A fine book.{' Plot.' * 200}"
    list(Corpus(filled.database).take_reviews("f", [build.review("review of br-0", "br-0", text=text)], None))
    filled.reader("br-0", "br", [NEW[0].id])
    pair = build.pair(RUN, "br-0", NEW[0].id, fact=["stance", NEW[0].id], takes="agree")
    filled.ledger.add_pairs([pair])
    (quoted,) = from_store(filled.database, RUN, Library()).trails([pair.id])[pair.id]
    assert quoted.startswith("4/5 t: …") and "Plot. «A fine book.» Plot." in quoted and len(quoted) < 450
