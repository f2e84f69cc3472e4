"""Seeds that readers bring, within a run: gathered, written about, asked about, composed, exported; and what waits."""

import asyncio
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from gravity.agents.card import FOLDS, fold
from gravity.graphs.gathering import bring_seeds
from gravity.graphs.pending import pending_groups, pending_scenarios
from gravity.project import Project
from gravity.store.records import Fact, Pair, Scenario
from gravity.store.views import Group, ReaderSeed, View
from tests.agents.gathering.test_gatherer import brought
from tests.graphs.quiet import CONSTRUCTS, TRUTH, true_views
from tests.graphs.support import at_work, curated, facts, pairs, scenarios
from tests.graphs.test_reading import Choosy, known_to, prepared
from tests.stub.server import Stub
from tests.support import curate, project, run_id, seasoned

CULTURE = {reader: reader.split("-")[1] for reader in TRUTH}
BROUGHT = {"held_back": 0, "readers_per_seed": 2, "own_seeds": 2}


def gathered(made: Project) -> list[ReaderSeed]:
    return made.stores.views.seeds(run_id(made))


def groups_of(made: Project) -> list[Group]:
    return made.stores.views.groups(run_id(made))


@dataclass(frozen=True)
class Whole:
    """A run of all quiet readers, and all that came of it."""

    made: Project
    views: dict[str, View]
    groups: list[Group]
    seeds: dict[str, ReaderSeed]
    scenarios: list[Scenario]
    facts: list[Fact]
    pairs: list[Pair]

    def kept(self, shared: bool) -> list[ReaderSeed]:
        return [one for one in self.seeds.values() if one.verdict == "kept" and (one.reader is None) == shared]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Whole]:
    with Choosy() as server:
        made = prepared(server.url, tmp_path_factory.mktemp("gathered"), each=6, **BROUGHT)
        asyncio.run(curated(made))
        views = {one.id: one for one in made.stores.views.kept(run_id(made))}
        seeds = {one.id: one for one in gathered(made)}
        yield Whole(made, views, groups_of(made), seeds, scenarios(made), facts(made), pairs(made))


def test_groups_are_disjoint_with_one_view_a_reader_and_all_are_settled(whole: Whole) -> None:
    members = [identity for group in whole.groups for identity in group.views]
    assert whole.groups and len(members) == len(set(members)) and set(members) <= set(whole.views)
    for group in whole.groups:
        readers = [whole.views[identity].reader for identity in group.views]
        assert len(readers) == len(set(readers)) >= 2 and group.settled
    assert all(whole.views[identity].same_as is None for identity in members)


def test_shared_seeds_are_the_planted_constructs_with_the_true_readers_on_either_side(whole: Whole) -> None:
    shared = [one for one in whole.seeds.values() if one.reader is None]
    constructs = {row["statement"]: row for row in CONSTRUCTS.values()}
    assert len([one for one in shared if one.statement in constructs]) >= 5
    for seed in shared:
        if seed.statement not in constructs or not seed.views:
            continue
        construct = constructs[seed.statement]["id"]
        assert (seed.opposite, seed.topics) == (constructs[seed.statement]["opposite"], [construct])
        sides: dict[str, set[str]] = defaultdict(set)
        for identity in seed.views:
            own = whole.views[identity]
            true = true_views(own.reader, known_to(whole.made, own.reader))
            (side,) = {one["side"] for one in true if (one["review"], one["statement"]) == (own.review, own.statement)}
            sides[side].add(own.reader)
        assert (seed.agree, seed.disagree) == (len(sides["statement"]), len(sides["opposite"]))
        assert seed.cultures == sorted({CULTURE[whole.views[identity].reader] for identity in seed.views})


def test_shared_seeds_divide_readers_and_the_dropped_say_why_not(whole: Whole) -> None:
    for seed in whole.seeds.values():
        if seed.reader is not None:
            continue
        speak, larger = seed.agree + seed.disagree, max(seed.agree, seed.disagree)
        if seed.verdict == "kept":
            assert speak >= 2 and larger <= 0.9 * speak and not seed.reason
        else:
            assert speak < 2 or larger > 0.9 * speak or seed.reason.startswith("it says what")
            assert seed.reason
    assert whole.kept(shared=True) and any(one.verdict == "dropped" for one in whole.seeds.values())


def test_no_seed_says_what_a_shipped_one_says(whole: Whole) -> None:
    """The planted readers hold shipped seeds too, and several of them the same."""
    shipped = {side for seed in whole.made.library.seeds.values() for side in (seed.statement, seed.opposite)}
    asked = {side for seed in whole.made.setup().seeds.values() for side in (seed.statement, seed.opposite)}
    for seed in whole.kept(shared=True):
        assert seed.statement not in asked and seed.opposite not in asked
    assert shipped > asked


def test_a_rare_view_is_a_seed_for_its_reader_alone(whole: Whole) -> None:
    own = whole.kept(shared=False)
    covered = {identity for seed in whole.kept(shared=True) for identity in seed.views}
    assert len({one.reader for one in own}) > 12
    for seed in own:
        (identity,) = seed.views
        view = whole.views[identity]
        assert (view.reader, view.statement, view.opposite) == (seed.reader, seed.statement, seed.opposite)
        assert identity not in covered and view.same_as is None
        assert seed.cultures == [CULTURE[view.reader]]
        assert {s.culture for s in whole.scenarios if s.seed == seed.id} == set(seed.cultures)
        assert {fact.reader for fact in whole.facts if fact.name == seed.id} == {seed.reader}
        assert {pair.reader for pair in whole.pairs if pair.subject == seed.id} <= {seed.reader}
    made_pairs = {seed.reader for seed in own if any(pair.subject == seed.id for pair in whole.pairs)}
    assert len(made_pairs) > 12


def test_scenes_of_readers_seeds_are_written_in_the_cultures_of_these_readers(whole: Whole) -> None:
    by_seed: dict[str, set[str]] = defaultdict(set)
    for scenario in whole.scenarios:
        by_seed[scenario.seed].add(scenario.culture)
    for seed in whole.kept(shared=True) + whole.kept(shared=False):
        assert by_seed[seed.id] == set(seed.cultures)
    shipped = set(whole.made.setup().seeds)
    assert by_seed.keys() == shipped | {seed.id for seed in whole.seeds.values() if seed.verdict == "kept"}
    assert all(by_seed[seed] == set(CULTURE.values()) for seed in shipped)


def test_pairs_of_readers_seeds_choose_the_side_that_the_reader_showed(whole: Whole) -> None:
    own = [pair for pair in whole.pairs if pair.framework == "readers"]
    by_id = {scenario.id: scenario for scenario in whole.scenarios}
    assert len(own) > 20
    for pair in own:
        seed, draft = whole.seeds[pair.subject], by_id[pair.scenario or ""].draft
        assert (pair.track, pair.dimension, seed.verdict) == ("values", seed.dimension, "kept")
        ways = (draft.endorsing, draft.opposing)
        chosen, rejected = ways if pair.takes == "agree" else ways[::-1]
        assert (pair.chosen[0]["content"], pair.rejected[0]["content"]) == (chosen, rejected)
    # A reader's own view is what they hold.
    alone = [pair for pair in own if whole.seeds[pair.subject].reader]
    assert alone and {pair.takes for pair in alone} == {"agree"}
    assert {pair.takes for pair in own} == {"agree", "disagree"}


def test_cards_leave_out_the_fold_of_a_readers_seed_and_tell_of_others(whole: Whole) -> None:
    told = 0
    rests_on = {(fact.reader, fact.name): set(fact.views) for fact in whole.facts if fact.kind == "stance"}
    for pair in whole.pairs:
        seeds = [line.seed for line in pair.profile if line.seed]
        told += any(seed in whole.seeds for seed in seeds)
        if pair.track == "values":
            assert pair.subject not in seeds and fold(pair.subject) not in {fold(seed) for seed in seeds}
            own = rests_on[pair.reader, pair.subject]
            assert own and all(own.isdisjoint(rests_on[pair.reader, seed]) for seed in seeds)
        for line in pair.profile:
            assert line.seed not in whole.seeds or line.framework == "readers"
    assert told
    assert {fold(seed.id) for seed in whole.seeds.values()} == set(range(FOLDS))


def test_a_dataset_holds_readers_seeds_in_one_split_each(tmp_path: Path) -> None:
    import pyarrow.parquet as pq

    with Stub() as server:
        # The bar is low and the lots are checked whole, so that pairs leave.
        made = prepared(server.url, tmp_path / "store", each=6, **BROUGHT, scenarios_per_seed=2)
        made.config.judging.acceptable_error = 0.45
        made.config.judging.min_accuracy = 0.5
        made.config.judging.cases = 10
        made.qualify(progress=lambda *_: None)
        seasoned(made)
        run = made.curate(progress=lambda *_: None)
    run.export(tmp_path / "dataset")
    places = defaultdict(set)
    for split in ("train", "test"):
        for row in pq.read_table(tmp_path / "dataset" / f"{split}.parquet").to_pylist():
            if row["framework"] == "readers":
                places[row["seed"]].add(split)
                assert row["confidence"] > 0.5 and row["evidence"] and row["scenario"]
    kept = {seed.id for seed in gathered(made) if seed.verdict == "kept"}
    assert len(places) > 5 and places.keys() <= kept
    assert all(len(found) == 1 for found in places.values())
    assert {split for found in places.values() for split in found} == {"train", "test"}


async def test_a_common_view_is_no_seed(tmp_path: Path, stub: Stub) -> None:
    """The played refuter takes every view for one that 40 of 100 hold."""
    made = prepared(stub.url, tmp_path, **BROUGHT, seeds_brought=0, common=0.4)
    await curated(made)
    assert gathered(made) == [] and not [pair for pair in pairs(made) if pair.framework == "readers"]
    assert list(made.stores.views.kept(run_id(made)))


@pytest.mark.parametrize("key", ["issues", "w1", "fault"])
async def test_what_nobody_answers_leaves_everything_waiting_and_the_same_groups(
    choosy: Choosy, tmp_path: Path, key: str
) -> None:
    calm = prepared(choosy.url, tmp_path / "calm", each=4, **BROUGHT)
    await curated(calm)
    choosy.counts.asked.clear()
    made = prepared(choosy.url, tmp_path / "silent", each=4, **BROUGHT)
    made.config.limits.refusals_in_a_row = 1_000
    choosy.silent = {key: ""}
    await curated(made)
    groups, stores = groups_of(made), made.stores
    assert [group.views for group in groups] == [group.views for group in groups_of(calm)]
    assert not all(group.settled for group in groups)
    left = {row.what: row.items for row in stores.ledger.unanswered(run_id(made))}
    assert left == {"view group": sum(not group.settled for group in groups)}
    assert stores.ledger.profiled(run_id(made)) == set() and pairs(made) == []
    choosy.silent = {}
    again = project(made.config)
    await curated(again)
    assert [group.id for group in groups_of(again)] == [group.id for group in groups]
    assert all(group.settled for group in groups_of(again))
    assert again.stores.ledger.unanswered(run_id(again)) == []
    for found in (gathered, scenarios, facts, pairs):
        assert [one.model_dump() for one in found(again)] == [one.model_dump() for one in found(calm)]


@pytest.fixture
def choosy() -> Iterator[Choosy]:
    with Choosy() as server:
        yield server


async def test_a_second_silence_holds_up_nobody(choosy: Choosy, tmp_path: Path) -> None:
    made = prepared(choosy.url, tmp_path, each=2, **BROUGHT)
    made.config.limits.refusals_in_a_row = 1_000
    choosy.silent = {"issues": ""}
    await curated(made)
    assert made.stores.ledger.profiled(run_id(made)) == set()
    again = project(made.config)
    await curated(again)
    assert len(again.stores.ledger.profiled(run_id(again))) == 8 and pairs(again)
    (left,) = again.stores.ledger.unanswered(run_id(again))
    assert (left.what, left.items) == ("view group", len(groups_of(again)))
    assert all(seed.reader for seed in gathered(again))


async def test_started_again_it_groups_and_asks_nothing_new(choosy: Choosy, tmp_path: Path) -> None:
    made = prepared(choosy.url, tmp_path, each=3, **BROUGHT)
    await curated(made)
    groups, seeds, requests = groups_of(made), gathered(made), choosy.counts.requests
    again = project(made.config)
    crew = again.setup(unqualified=True).crew()
    assert pending_groups(crew) == [] and pending_scenarios(crew, {}) == []
    await curated(again)
    assert (groups_of(again), gathered(again), choosy.counts.requests) == (groups, seeds, requests)


async def test_readers_who_come_later_bring_groups_of_their_own(choosy: Choosy, tmp_path: Path) -> None:
    made = prepared(choosy.url, tmp_path, each=6, **BROUGHT)
    await curated(made, readers=8)
    groups, seeds = groups_of(made), gathered(made)
    again = project(made.config)
    await curated(again)
    before = {group.id: group for group in groups}
    after = {group.id: group for group in groups_of(again)}
    assert before.items() <= after.items() and len(after) > len(before)
    members = [identity for group in after.values() for identity in group.views]
    assert len(members) == len(set(members))
    # What was kept, and written about, stays so, whatever the later ones say.
    kept = {seed.id for seed in seeds if seed.verdict == "kept"}
    assert kept <= {seed.id for seed in gathered(again) if seed.verdict == "kept"}


async def test_a_seed_that_is_written_about_is_no_repeat_of_one_brought_later(choosy: Choosy, tmp_path: Path) -> None:
    made = prepared(choosy.url, tmp_path, held_back=0, own_seeds=1, common=0, seeds_brought=0)
    crew = made.setup(unqualified=True).crew()
    assert crew.gatherer is not None
    sides = CONSTRUCTS["c01"]["statement"], CONSTRUCTS["c01"]["opposite"]
    first, later = (brought(name, *sides, run=crew.run, cultures=["us"]) for name in ("readers-b", "readers-a"))
    async with at_work(made):
        crew.views.add_seeds([first])
        await curated(made)
        assert {s.seed for s in scenarios(made)} > {"readers-b"}
        again = project(made.config)
        crew = again.setup(unqualified=True).crew()
        crew.views.add_seeds([later])
        await bring_seeds(crew, crew.gatherer)  # type: ignore[arg-type]
        assert {seed.id: (seed.verdict, seed.reason) for seed in gathered(again)} == {
            "readers-b": ("kept", ""),
            "readers-a": ("dropped", "it says what readers-b says"),
        }
        await curated(again)


def test_with_the_command_it_comes_out_the_same(choosy: Choosy, tmp_path: Path) -> None:
    """With its checkpointer, after a run that was cut short among the groups."""

    def content(made: Project) -> list[Any]:
        return [[one.model_dump() for one in found(made)] for found in (gathered, scenarios, facts, pairs)]

    calm = prepared(choosy.url, tmp_path / "calm", each=2, **BROUGHT)
    curate(calm)
    made = prepared(choosy.url, tmp_path / "broken", each=2, **BROUGHT)
    choosy.silent = {"issues": ""}
    made.config.limits.refusals_in_a_row = 1_000
    curate(made)
    choosy.silent = {}
    again = project(made.config)
    curate(again)
    assert content(again) == content(calm) and content(again)[0]
