"""Readings within a run: what is found, what waits, what goes on, and what a reader without views comes to."""

import asyncio
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from gravity.graphs.profile import profile_graph
from gravity.graphs.reading import reading_graph
from gravity.project import Project
from gravity.store.records import Fact, Pair
from gravity.store.vectors import VectorStore
from gravity.store.views import Reading, View
from tests.graphs.quiet import TRUTH, true_views
from tests.graphs.support import at_work, curated, facts, pairs
from tests.stub.server import Stub, asked, completion, schema_of
from tests.support import QUIET, config, curate, places, project, run_id, take_in

SETTINGS = {"seeds": 3, "readers_per_seed": 2}


def asks(body: dict[str, Any], key: str) -> bool:
    """Whether a request asks for an answer with that key: views, v1 (to refute), s1 (stances), issues, w1, fault."""
    return key in schema_of(body)["properties"]


class Choosy(Stub):
    """Counts what it is asked by the first key of the answer, and is `silent` (503), or `mumbles`, for some keys where
    the question holds a text."""

    def __init__(self) -> None:
        super().__init__()
        self.silent: dict[str, str] = {}
        self.mumbles: dict[str, str] = {}
        self.keys: Counter[str] = Counter()

    async def _respond(self, body: dict[str, Any]) -> web.StreamResponse:
        key = next(iter(schema_of(body)["properties"]))
        self.keys[key] += 1
        if key in self.silent and self.silent[key] in asked(body):
            return web.json_response({"error": {"message": "not now"}}, status=503)
        if key in self.mumbles and self.mumbles[key] in asked(body):
            return web.json_response(completion("stub", "I would rather not say.", 7))
        return await super()._respond(body)


@pytest.fixture
def choosy() -> Iterator[Choosy]:
    with Choosy() as server:
        yield server


def prepared(url: str, home: Path, each: int = 1, **curate_settings: Any) -> Project:
    made = project(config(url, home, model={"retries": 0}, **(SETTINGS | curate_settings)))
    take_in(made, each, people=QUIET)
    return made


def readings(made: Project) -> dict[str, Reading]:
    return made.stores.views.readings(run_id(made))


def known_to(made: Project, reader: str) -> set[str]:
    crew = made.setup(unqualified=True).crew()
    return {one.id for one in crew.retriever.ratings(reader).known}


def said_by(made: Project, reader: str) -> str:
    """The beginning of the first review that the profile of a reader may see, as prompts show it."""
    crew = made.setup(unqualified=True).crew()
    return crew.retriever.ratings(reader).known[0].text[:40].replace("<", "‹")


@dataclass(frozen=True)
class Read:
    """A run of all quiet readers, and all that was read."""

    made: Project
    views: dict[str, list[View]]
    facts: list[Fact]
    pairs: list[Pair]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Read]:
    with Stub() as server:
        made = prepared(server.url, tmp_path_factory.mktemp("quiet"), each=6)
        asyncio.run(curated(made, scenario_seeds=1))
        views = {reader: made.stores.views.of(run_id(made), reader) for reader in TRUTH}
        yield Read(made, views, facts(made), pairs(made))


def test_all_true_views_of_the_reviews_that_a_profile_may_see_are_found_and_no_others(whole: Read) -> None:
    found = missed = 0
    for reader, views in whole.views.items():
        true = {(one["review"], one["statement"]) for one in true_views(reader, known_to(whole.made, reader))}
        kept = {(one.review, one.statement) for one in views if one.verdict == "kept"}
        assert kept <= true
        found, missed = found + len(kept), missed + len(true - kept)
    print(f"\nviews found of {found + missed} of {len(whole.views)} quiet readers: {found}")
    assert missed == 0 and found > 50


def test_a_review_without_views_shows_none_and_one_held_back_is_not_read(whole: Read) -> None:
    ids, silent, held_back = places(QUIET), 0, 0
    for reader, views in whole.views.items():
        shown = {one.review for one in views}
        speaking = {ids[reader][view["review"]] for view in TRUTH[reader]["views"]}
        known = known_to(whole.made, reader)
        silent += len(known - speaking)
        held_back += len(speaking - known)
        assert shown == speaking & known
        assert readings(whole.made)[reader].reviews == len(known)
    assert silent > 50 and held_back > 5


def test_kept_views_that_repeat_none_are_indexed_for_their_run(whole: Read) -> None:
    vectors: VectorStore = whole.made.stores.vectors
    for views in whole.views.values():
        distinct = {one.id for one in views if one.verdict == "kept" and one.same_as is None}
        assert set(vectors.vectors("views", [one.id for one in views])) == distinct


def test_stances_are_the_true_ones_of_the_reviews_that_were_read(whole: Read) -> None:
    """Or unknown, where the seed lay near to no view, or the reviews show both sides; no stance is made up."""
    taken = Counter[str]()
    for fact in whole.facts:
        if fact.kind != "stance" or fact.value not in ("agree", "disagree"):
            continue
        seed = whole.made.setup(unqualified=True).crew().seeds[fact.name]
        sides = {"agree": seed.statement, "disagree": seed.opposite}
        true = true_views(fact.reader, known_to(whole.made, fact.reader))
        rests_on = [one for one in true if one["review"] in fact.evidence]
        assert rests_on
        assert any(
            one["statement"] == sides[fact.value]
            or (one["seed"] == fact.name and one["stance"] == fact.value)
            or (one["construct"] and seed.topics == [one["construct"]])
            for one in rests_on
        )
        taken[fact.value] += 1
    assert taken["agree"] > 5 and taken["disagree"] > 5


async def test_a_reader_without_any_view_has_a_profile_without_stances_and_no_values_pair(
    choosy: Choosy, tmp_path: Path
) -> None:
    made = prepared(choosy.url, tmp_path, each=2, own_seeds=3)
    mute = made.stores.corpus.readers("us")[0].id
    # The reviews are read, and nothing is found in them.
    choosy.oracle._issues.by_review.clear()
    for reader in (one.id for one in made.stores.corpus.readers() if one.id != mute):
        choosy.oracle._issues.by_review.update(_shown_by(made, reader))
    await curated(made)
    assert readings(made)[mute].reviews > 0 and made.stores.views.of(run_id(made), mute) == []
    assert mute in made.stores.ledger.profiled(run_id(made))
    own = [fact for fact in facts(made) if fact.reader == mute and fact.kind == "stance"]
    assert len(own) >= SETTINGS["seeds"] and {fact.value for fact in own} == {"unknown"}
    assert {fact.made_by.call for fact in own} == {""}
    tracks = {reader: {p.track for p in pairs(made) if p.reader == reader} for reader in readings(made)}
    assert "values" not in tracks[mute] and tracks[mute]
    assert any("values" in found for found in tracks.values())


def _shown_by(made: Project, reader: str) -> dict[str, Any]:
    from gravity.frameworks.loader import Library
    from tests.stub.issues import Issues, beginning

    texts = [beginning(one.text) for one in made.stores.corpus.reviews_of(reader)]
    return {text: views for text, views in Issues(Library()).by_review.items() if text in texts}


async def test_an_unanswered_chunk_leaves_its_reader_pending_and_nothing_is_concluded(
    choosy: Choosy, tmp_path: Path
) -> None:
    made = prepared(choosy.url, tmp_path, each=2, own_seeds=3)
    mute = made.stores.corpus.readers("br")[0].id
    choosy.silent = {"views": said_by(made, mute)}
    await curated(made)
    assert mute not in readings(made) and len(readings(made)) == 7
    (left,) = made.stores.ledger.unanswered(run_id(made))
    assert (left.what, left.items) == ("reading", 1)
    # Seeds come from all readers, and profiles are asked about them: so they wait.
    assert made.stores.ledger.profiled(run_id(made)) == set() and made.stores.views.groups(run_id(made)) == []
    # A second silence holds up nobody else, and of this reader there is still no profile.
    again = project(made.config)
    await curated(again)
    assert mute not in readings(again)
    assert made.stores.ledger.profiled(run_id(made)) == set(readings(again))
    assert not [fact for fact in facts(again) if fact.reader == mute]
    choosy.silent = {}
    asked_before = choosy.keys["views"]
    last = project(made.config)
    await curated(last)
    assert set(readings(last)) == made.stores.ledger.profiled(run_id(last)) == {*readings(again), mute}
    assert made.stores.ledger.unanswered(run_id(last)) == []
    assert choosy.keys["views"] - asked_before <= 2


async def test_where_nobody_reads_no_profile_is_made(choosy: Choosy, tmp_path: Path) -> None:
    """Not even where asking settled nothing, since a profile would say that there are no views."""
    made = prepared(choosy.url, tmp_path)
    choosy.silent = {"views": ""}
    await curated(made, readers=2)
    again = project(made.config)
    await curated(again, readers=2)
    assert readings(again) == {} and facts(again) == [] and pairs(again) == []
    assert [(row.what, row.items) for row in again.stores.ledger.unanswered(run_id(again))] == [("reading", 2)]


def test_a_chunk_without_a_usable_answer_is_told_and_asked_again_on_retry(choosy: Choosy, tmp_path: Path) -> None:
    def content(made: Project) -> list[Any]:
        stores, run = made.stores, run_id(made)
        views = {reader: stores.views.of(run, reader) for reader in readings(made)}
        return [views, readings(made), stores.views.seeds(run), facts(made), pairs(made)]

    # One try each, so that an answer's key tells nothing of earlier tries.
    calm = prepared(choosy.url, tmp_path / "calm", each=2, attempts=1)
    curate(calm)
    made = prepared(choosy.url, tmp_path / "mumbled", each=2, attempts=1)
    mute = made.stores.corpus.readers("jp")[0].id
    choosy.mumbles = {"views": said_by(made, mute)}
    curate(made)
    (reason,) = readings(made)[mute].failed
    assert "no answer that fits" in reason
    assert made.stores.ledger.failures(run_id(made)) == {("review chunk", reason): 1}
    half = {one.half for one in made.stores.views.of(run_id(made), mute)}
    assert half <= {1} and mute in made.stores.ledger.profiled(run_id(made))
    # It has failed: started again as it was, nothing is asked.
    choosy.mumbles, requests = {}, choosy.counts.requests
    curate(project(made.config))
    assert choosy.counts.requests == requests and readings(made)[mute].failed
    made.curate(unqualified=True, progress=lambda *_: None, retry_failed=True)
    assert choosy.counts.requests > requests
    assert readings(made)[mute] == readings(calm)[mute] and not made.stores.ledger.failures(run_id(made))
    assert made.stores.views.of(run_id(made), mute) == calm.stores.views.of(run_id(calm), mute)
    stances = [[fact for fact in facts(one) if fact.reader == mute and fact.kind != "stance"] for one in (calm, made)]
    assert stances[0] == stances[1] and content(made)[1] == content(calm)[1]
    requests = choosy.counts.requests
    made.curate(unqualified=True, progress=lambda *_: None, retry_failed=True)
    assert choosy.counts.requests == requests


async def test_a_run_that_was_stopped_among_readings_goes_on_and_asks_nothing_twice(tmp_path: Path) -> None:
    class Tired(Choosy):
        """Says nothing more after so many requests."""

        after = 6

        async def _complete(self, request: web.Request) -> web.StreamResponse:
            if self.counts.requests >= self.after:
                await asyncio.sleep(60)
            return await super()._complete(request)

    with Tired() as server:
        made = prepared(server.url, tmp_path, each=2)
        work = asyncio.create_task(curated(made))
        while sum(figures["calls"] for figures in made.stores.answers.usage().values()) < server.after:
            await asyncio.sleep(0.01)
        work.cancel()
        with pytest.raises(asyncio.CancelledError):
            await work
        begun = dict(readings(made))
        assert len(begun) < 8 and server.keys.keys() <= {"views", "v1"}
        server.after = 10**9
        again = project(made.config)
        await curated(again)
        assert len(readings(again)) == 8 and begun.items() <= readings(again).items()
        assert set(server.counts.asked.values()) == {1}
        # And a third time there is nothing to ask.
        requests = server.counts.requests
        await curated(project(made.config))
        assert server.counts.requests == requests


@pytest.mark.parametrize("reader", ["quiet-us-1", "quiet-jp-4"])
async def test_calls_do_not_grow_with_the_number_of_seeds(tmp_path: Path, reader: str) -> None:
    """Requests for a reading and a profile, with 20 seeds and with 150; all that was asked about is a stance."""
    calls, seeds_asked = {}, {}
    for seeds in (20, 150):
        with Choosy() as server:
            made = prepared(server.url, tmp_path / str(seeds), each=6, seeds=seeds, min_confidence=0)
            crew = made.setup(unqualified=True).crew()
            crew.retriever.index(reader)
            async with at_work(made):
                await reading_graph(crew).ainvoke({"reader": reader})
                await profile_graph(crew).ainvoke({"reader": reader})
            own = [fact for fact in facts(made) if fact.reader == reader and fact.kind == "stance"]
            assert len(own) == seeds
            calls[seeds], seeds_asked[seeds] = server.keys, sum(bool(fact.made_by.call) for fact in own)
    print(f"\ncalls of {reader} with 20 seeds: {dict(calls[20])}; with 150: {dict(calls[150])}")
    assert seeds_asked[150] > seeds_asked[20]
    views = made.stores.views.of(run_id(made), reader)
    assert {one.half for one in views} == {0, 1}
    for counted in calls.values():
        assert (counted["views"], counted["v1"]) == (2, 2)
        # Each half once, and where a stance was taken once more the other way round.
        assert 2 <= counted["s1"] <= 4
        # Each half about the facets of two batches, both ways round.
        assert counted["f1"] == 8
        # With demographics, and one question for repeats.
        assert counted.total() <= 18


async def test_what_has_no_room_in_the_calls_of_a_reader_is_counted_in_the_reading(tmp_path: Path, stub: Stub) -> None:
    made = prepared(stub.url, tmp_path, chunks_per_half=1, reviews_per_call=3, held_back=0)
    first = made.stores.corpus.readers()[0].id
    crew = made.setup(unqualified=True).crew()
    async with at_work(made):
        await reading_graph(crew).ainvoke({"reader": first})
    told = readings(made)[first]
    assert told.reviews + told.reviews_left_out == len(made.stores.corpus.reviews_of(first))
    assert told.reviews <= 6 and told.reviews_left_out > 0 and stub.counts.requests <= 2 * 2
