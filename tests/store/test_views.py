"""Readings, views, groups and readers' seeds in the store."""

from typing import Any

import pytest

from gravity.store.database import Database
from gravity.store.ledger import Ledger
from gravity.store.records import Provenance
from gravity.store.views import FRAMEWORK, Group, ReaderSeed, Reading, View, Views
from tests.agents.views.support import OPPOSITE, STATEMENT, view
from tests.store.build import fact
from tests.store.build import run as run_of

RUN = run_of()


@pytest.fixture
def views(database: Database) -> Views:
    return Views(database)


def reading(reader: str, run: str = "run", **more: Any) -> Reading:
    return Reading(run=run, reader=reader, reviews=3, **more)


def seed(identity: str, run: str = "run", **more: Any) -> ReaderSeed:
    given: dict[str, Any] = {
        "framework": FRAMEWORK,
        "dimension": "endings",
        "pole": "high",
        "statement": STATEMENT,
        "opposite": OPPOSITE,
        "topics": ["endings"],
        "cultures": ["br", "us"],
        "agree": 3,
        "disagree": 2,
        "views": ["a", "b"],
        "verdict": "kept",
        "made_by": Provenance(model="test"),
    }
    return ReaderSeed(id=identity, run=run, **(given | more))


def test_a_reading_is_kept_whole_and_once(views: Views) -> None:
    dropped = view("ana", "I like maps.", "I skip maps.", verdict="dropped", reason="no view: x", common=None)
    own = [view("ana"), dropped, view("ana", review="ana-2", same_as=view("ana").id)]
    views.add_reading(reading("ana", reviews_left_out=7, failed=["no answer"]), own)
    assert views.of("run", "ana") == own
    assert views.readings("run") == {"ana": reading("ana", reviews_left_out=7, failed=["no answer"])}
    # A second reading of the same reader adds nothing, whatever is in it.
    views.add_reading(reading("ana"), [view("ana", "I like dogs.", "I like cats.")])
    assert views.of("run", "ana") == own and views.readings("run")["ana"].failed == ["no answer"]


def test_a_reader_without_views_was_read_all_the_same(views: Views) -> None:
    views.add_reading(reading("ana"), [])
    assert set(views.readings("run")) == {"ana"} and views.of("run", "ana") == []


def test_runs_and_readers_are_apart(views: Views) -> None:
    for run in ("run", "other"):
        for reader in ("ana", "bob"):
            views.add_reading(reading(reader, run), [view(reader, run=run)])
    assert [(one.run, one.reader) for one in views.of("other", "bob")] == [("other", "bob")]
    assert [one.reader for one in views.kept("run")] == ["ana", "bob"]
    assert set(views.readings("other")) == {"ana", "bob"}


def test_kept_views_come_page_by_page_without_the_dropped(views: Views, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gravity.store.views.PAGE", 2)
    made: list[View] = []
    for n in range(7):
        made.append(view(f"reader-{n}", verdict="dropped" if n in (0, 3) else "kept"))
        views.add_reading(reading(f"reader-{n}"), [made[-1]])
    assert list(views.kept("run")) == [one for one in made if one.verdict == "kept"]


def test_groups_are_kept_once_and_settled_with_their_seeds(views: Views) -> None:
    groups = [Group(id=identity, run="run", views=["a", "b"]) for identity in ("g2", "g1")]
    views.add_groups(groups)
    views.settle(groups[0], [seed("s1")], "")
    views.add_groups(groups)
    assert [(group.id, group.settled) for group in views.groups("run")] == [("g1", False), ("g2", True)]
    assert views.seeds("run") == [seed("s1")]
    assert views.groups("other") == [] == views.seeds("other")


def test_a_group_that_failed_is_counted_and_can_be_asked_again(views: Views, database: Database) -> None:
    ledger = Ledger(database)
    views.add_groups([Group(id=identity, run="run", views=["a", "b"]) for identity in ("g1", "g2")])
    views.settle(views.groups("run")[0], [], "no answer that fits")
    assert ledger.failures("run") == {("view group", "no answer that fits"): 1}
    ledger.take_out_failed("run", [], [])
    assert not any(group.settled for group in views.groups("run")) and not ledger.failures("run")


def test_a_seed_that_is_there_stays_and_can_be_dropped_in_its_own_run_alone(views: Views) -> None:
    views.add_seeds([seed("s1"), seed("s2"), seed("s1", "other")])
    views.add_seeds([seed("s1", agree=9)])
    views.drop_seeds([seed("s1", reason="it says what s2 says")])
    assert [(one.id, one.verdict, one.reason, one.agree) for one in views.seeds("run")] == [
        ("s1", "dropped", "it says what s2 says", 3),
        ("s2", "kept", "", 3),
    ]
    assert views.seeds("other")[0].verdict == "kept"


@pytest.mark.parametrize(("dimension", "known"), [("schwartz/security", "schwartz"), ("endings", None)])
def test_which_framework_a_seed_is_near_to(dimension: str, known: str | None) -> None:
    assert seed("s", dimension=dimension).known == known


def test_readings_with_a_failed_chunk_are_taken_out_with_their_profiles(views: Views, database: Database) -> None:
    """A profile rests on all views of its reader, so it is made anew too."""
    ledger = Ledger(database)
    for reader, failed in (("ana", ["no answer that fits"]), ("bob", []), ("eve", ["no answer that fits"])):
        views.add_reading(reading(reader, RUN.id, failed=failed), [view(reader, run=RUN.id)])
        ledger.add_profile(RUN.id, reader, [fact(RUN, reader, "s1")])
    views.add_reading(reading("ana", "other", failed=["x"]), [view("ana", run="other")])
    assert ledger.failures(RUN.id) == {("review chunk", "no answer that fits"): 2}
    ledger.take_out_failed(RUN.id, ["ana", "bob"], ["us"])
    assert set(views.readings(RUN.id)) == {"bob", "eve"} == ledger.profiled(RUN.id)
    assert views.of(RUN.id, "ana") == [] and ledger.facts(RUN.id, "ana") == []
    assert len(views.of("other", "ana")) == 1 and len(views.of(RUN.id, "eve")) == 1
    assert ledger.failures(RUN.id) == {("review chunk", "no answer that fits"): 1}
