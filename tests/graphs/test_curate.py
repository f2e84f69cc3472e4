"""The whole loop against a played model that knows the truth about the planted readers."""

import asyncio
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from gravity.agents.card import fold
from gravity.agents.errors import ModelError
from gravity.agents.halves import halves
from gravity.agents.interests import Ratings, split
from gravity.frameworks.loader import Library
from gravity.project import Project
from gravity.store.population import LIKED
from gravity.store.records import Fact, Pair, Scenario
from gravity.store.views import ReaderSeed, View
from tests.graphs.support import curated, facts, pairs, scenarios
from tests.stub.server import Faults, Stub
from tests.stub.truth import Character, side_of
from tests.support import READERS, config, places, project, rows, run_id, take_in, truth

SEEDS, WRITTEN = 30, 5
GIVEN = {row["id"]: row for row in rows(READERS)}
CULTURES = sorted({row["culture"] for row in GIVEN.values()})


@dataclass(frozen=True)
class Whole:
    """A run of all planted readers, and all that it made."""

    made: Project
    server: Stub
    events: list[dict[str, Any]]
    scenarios: list[Scenario]
    facts: list[Fact]
    pairs: list[Pair]
    views: dict[str, View]
    brought: dict[str, ReaderSeed]

    def of_kind(self, kind: str) -> list[Fact]:
        return [fact for fact in self.facts if fact.kind == kind]

    def of_track(self, track: str) -> list[Pair]:
        return [pair for pair in self.pairs if pair.track == track]


def ratings(made: Project, reader: str) -> Ratings:
    """What of a reader's reviews the profile may see, and what it may not."""
    return made.setup().crew().retriever.ratings(reader)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Whole]:
    """Thirty shipped seeds and those that readers bring together, and scenarios for the first five."""
    with Stub() as server:
        made = project(config(server.url, tmp_path_factory.mktemp("whole"), seeds=SEEDS, own_seeds=0))
        take_in(made)
        events = asyncio.run(curated(made, scenario_seeds=WRITTEN))
        views = {view.id: view for view in made.stores.views.kept(run_id(made))}
        brought = {seed.id: seed for seed in made.stores.views.seeds(run_id(made)) if seed.verdict == "kept"}
        yield Whole(made, server, events, scenarios(made), facts(made), pairs(made), views, brought)


def test_every_stance_is_the_planted_one(whole: Whole, library: Library) -> None:
    """Exactly: a stance is taken if a review that shows it was not held back, and is unknown if not."""
    made = whole.made
    true, ids = truth(), places()
    seeds = {seed: seed for seed in made.setup().seeds}
    # The stub words what readers bring as the seed that it knows of it.
    by_words = {seed.statement: seed.id for seed in library.seeds.values()}
    seeds |= {identity: by_words[seed.statement] for identity, seed in whole.brought.items()}
    half = {view.review: view.half for view in whole.views.values()}
    found = {(fact.reader, fact.name): fact for fact in whole.of_kind("stance")}
    assert len(found) == len(GIVEN) * len(seeds) and len(seeds) > SEEDS
    for reader in GIVEN:
        known = {r.id for r in ratings(made, reader).known}
        for name, seed in seeds.items():
            shown = [ids[reader][place] for place in true[reader]["evidence"].get(seed, [])]
            shown = [identity for identity in shown if identity in known]
            fact = found[reader, name]
            # Whatever is taken for a stance was asked for a second time, the other way round.
            assert (fact.checked_by is not None) == (fact.value in ("agree", "disagree"))
            assert fact.value == (true[reader]["stances"].get(seed, "unknown") if shown else "unknown")
            # Each half of the reviews was asked apart, and shown the first of its views that say the same.
            assert set(fact.evidence) <= set(shown)
            assert {half[identity] for identity in fact.evidence} == {half[identity] for identity in shown}
            # Where nobody was asked none of the reader's views came near it.
            assert (fact.made_by.call and fact.made_by.prompt) or (fact.made_by.model, shown) == ("nobody", [])
    values = Counter(fact.value for fact in found.values())
    assert values["agree"] > 50 and values["disagree"] > 50


def test_a_seed_that_readers_brought_divides_them_as_the_truth_does(whole: Whole) -> None:
    """Its views are those of several readers on either side, and each is on the side that it is counted on."""
    true = truth()
    by_words = {seed.statement: seed.id for seed in whole.made.library.seeds.values()}
    assert whole.brought
    for seed in whole.brought.values():
        sides = [true[whole.views[view].reader]["stances"][by_words[seed.statement]] for view in seed.views]
        assert (sides.count("agree"), sides.count("disagree")) == (seed.agree, seed.disagree)
        assert min(seed.agree, seed.disagree) >= 1 and seed.agree + seed.disagree >= 4
        assert len({whole.views[view].reader for view in seed.views}) == len(seed.views)
        assert seed.cultures == sorted({GIVEN[whole.views[view].reader]["culture"] for view in seed.views})


def shows(whole: Whole, reader: str, facet: str) -> tuple[str, set[int]]:
    """The level of a facet that a planted reader's reviews show, of those that are not held back, and the halves that
    show it."""
    corpus = whole.made.stores.corpus
    reviews = corpus.reviews_of(reader)
    known = halves(split(reviews, corpus.books([review.book for review in reviews]), 0.3).known)
    true, ids = truth()[reader], places()[reader]
    evidence = {ids[place] for place in true["facet_evidence"].get(facet, [])}
    telling = {half for half, reviews in enumerate(known) if evidence & {review.id for review in reviews}}
    return (true["facets"][facet] if telling else "unknown"), telling


def test_every_facet_is_the_planted_one(whole: Whole, library: Library) -> None:
    found = {(fact.reader, fact.name): fact for fact in whole.of_kind("facet")}
    assert set(found) == {(reader, facet) for reader in GIVEN for facet in library.facets}
    for (reader, facet), fact in found.items():
        level, telling = shows(whole, reader, facet)
        assert fact.value == level and bool(fact.evidence) == bool(telling)
        assert fact.checked_by is not None and fact.made_by.call != fact.checked_by.call
        assert (fact.score is None) == (level == "unknown")
        assert fact.score is None or (fact.score > 50) == (level == "high")
    assert Counter(fact.value in ("high", "low") for fact in found.values())[True] > 50


def test_what_each_half_says_of_a_facet_is_kept(whole: Whole, library: Library) -> None:
    kept = whole.made.stores.facets.halves(run_id(whole.made))
    assert len(kept) == 2 * len(GIVEN) * len(library.facets)
    for half in kept:
        level, telling = shows(whole, half.reader, half.facet)
        assert half.level == (level if half.half in telling else "unknown")
    # With so few readers nothing is measured, and all facets make pairs.
    rows = whole.made.stores.facets.reliability(run_id(whole.made))
    assert {row.r for row in rows} == {None} and len(rows) == (len(library.facets) + 5) * (len(CULTURES) + 1)
    assert sum(row.both for row in rows if row.culture == "all") > 20
    assert all(row.both == row.agreed for row in rows)


def test_what_is_given_of_a_reader_stands_and_the_rest_is_inferred(whole: Whole) -> None:
    true = truth()
    found = {(fact.reader, fact.name): fact for fact in whole.of_kind("demographic")}
    assert set(found) == {(reader, name) for reader in GIVEN for name in ("gender", "age", "location")}
    inferred = 0
    for (reader, name), fact in found.items():
        if given := GIVEN[reader].get(name):
            assert (fact.value, fact.confidence, fact.made_by.model) == (given, 1.0, "given")
        else:
            inferred += 1
            assert fact.value == (true[reader]["demographics"].get(name) or "unknown")
            assert fact.made_by.model == "stub"
    assert inferred


def test_liked_genres_come_from_reviews_that_are_not_held_back(whole: Whole) -> None:
    made = whole.made
    for fact in whole.of_kind("interest"):
        known = {r.id for r in ratings(made, fact.reader).known}
        assert set(fact.evidence) <= known


def test_every_vetted_scenario_shows_what_it_claims(whole: Whole) -> None:
    made = whole.made
    settled = whole.scenarios
    assert len(settled) == len(CULTURES) * WRITTEN
    assert Counter(s.culture for s in settled) == dict.fromkeys(CULTURES, WRITTEN)
    assert {s.verdict for s in settled} == {"vetted"}
    for scenario in settled:
        statement = made.setup().seeds[scenario.seed].statement
        assert side_of(statement, scenario.draft.endorsing) == "endorsing"
        assert side_of(statement, scenario.draft.opposing) == "opposing"
        assert {(v.order, v.endorses) for v in scenario.rounds[-1].votes} == {
            ("endorsing", "endorsing"),
            ("opposing", "endorsing"),
        }


def test_values_pairs_are_scenarios_times_stances(whole: Whole) -> None:
    made = whole.made
    true = truth()
    bank = {(s.culture, s.seed): s for s in whole.scenarios}
    held = {(f.reader, f.name): f.value for f in whole.of_kind("stance") if f.value in ("agree", "disagree")}
    expected = {(reader, seed) for reader, seed in held if (GIVEN[reader]["culture"], seed) in bank}
    found = whole.of_track("values")
    assert {(pair.reader, pair.subject) for pair in found} == expected
    assert len(found) == len(expected) > 20
    for pair in found:
        draft = bank[pair.culture, pair.subject].draft
        ways = (pair.chosen[0]["content"], pair.rejected[0]["content"])
        agrees = true[pair.reader]["stances"][pair.subject] == "agree"
        assert ways == ((draft.endorsing, draft.opposing) if agrees else (draft.opposing, draft.endorsing))
        seed = made.setup().seeds[pair.subject]
        assert seed.statement not in pair.prompt[0]["content"] and seed.opposite not in pair.prompt[0]["content"]
    assert len({fold(pair.subject) for pair in found}) > 1


def test_personality_pairs_are_items_times_levels(whole: Whole, library: Library) -> None:
    found_levels = {(fact.reader, fact.name): fact.value for fact in whole.of_kind("facet")}
    expected = {
        (reader, item.id)
        for reader in GIVEN
        for item in library.items.values()
        if found_levels[reader, item.facet] in ("high", "low")
    }
    found = [(pair.reader, pair.subject) for pair in whole.of_track("personality")]
    assert set(found) == expected and len(found) == len(expected)


def test_interests_pairs_choose_what_the_reader_liked(whole: Whole) -> None:
    made = whole.made
    found = whole.of_track("interests")
    assert {pair.reader for pair in found} <= set(GIVEN) and len({pair.reader for pair in found}) > len(GIVEN) / 2
    for pair in found:
        held_back = ratings(made, pair.reader).held_back
        assert pair.subject in {r.book for r in held_back if r.rating >= LIKED}


def test_counts_add_up(whole: Whole) -> None:
    made, server = whole.made, whole.server
    assert made.stores.ledger.profiled(run_id(made)) == set(GIVEN)
    assert sum(made.stores.ledger.pair_counts(run_id(made)).values()) == len(whole.pairs)
    assert sum(made.stores.ledger.scenario_counts(run_id(made)).values()) == len(whole.scenarios)
    assert sum(made.stores.ledger.fact_counts(run_id(made)).values()) == len(whole.facts)
    assert {pair.verdict for pair in whole.pairs} == {"vetted"}
    usage = made.stores.answers.usage()
    assert {role for role, _ in usage} == {"profiler", "checker", "writer", "judge", "critic"}
    assert sum(figures["calls"] for figures in usage.values()) == server.counts.requests
    # For what readers bring the writer names a group's issues and places views at each; the critic looks at the issue.
    issues = [seed for seed in made.stores.views.seeds(run_id(made)) if not seed.reason.endswith("words longer")]
    worded = {(seed.statement, seed.opposite) for seed in issues}
    groups = made.stores.views.groups(run_id(made))
    assert groups and all(group.settled for group in groups)
    assert usage["writer", "stub"]["calls"] == len(whole.scenarios) + len(groups) + len(worded)
    assert usage["critic", "stub"]["calls"] == len(whole.scenarios) + len(worded)
    assert usage["judge", "stub"]["calls"] == 2 * len(whole.scenarios)


def test_progress_runs_to_the_end_of_each_stage(whole: Whole) -> None:
    events = whole.events
    stages = list(dict.fromkeys(event["stage"] for event in events))
    assert stages == ["index", "readings", "view groups", "scenarios", "profiles", "label tests", "pairs", "checks"]
    for stage in stages:
        seen = [event["done"] for event in events if event["stage"] == stage]
        total = events[[event["stage"] for event in events].index(stage)]["total"]
        assert seen == list(range(total + 1))


async def test_a_wish_for_a_few_readers_of_a_culture(stub: Stub, tmp_path: Path) -> None:
    made = project(config(stub.url, tmp_path, seeds=2, seeds_brought=0, own_seeds=0))
    take_in(made, each=3)
    await curated(made, culture="br", readers=2)
    assert len(made.stores.ledger.profiled(run_id(made))) == 2
    assert {s.culture for s in scenarios(made)} == {"br"} == {pair.culture for pair in pairs(made)}
    first = {pair.id for pair in pairs(made)}
    # A wider wish goes on from there.
    requests = stub.counts.requests
    again = project(made.config)
    await curated(again, culture="br")
    assert first < {pair.id for pair in pairs(again)}
    # For one more reader: each half is read, and refuted, and asked for its stances and for two batches of facets, both
    # ways round; and who they are.
    assert stub.counts.requests - requests <= 17
    # And the same wish again asks and makes nothing, in a project of its own as another process has it.
    requests, before = stub.counts.requests, pairs(again)
    last = project(made.config)
    await curated(last, culture="br")
    assert stub.counts.requests == requests
    assert pairs(last) == before
    assert set(stub.counts.asked.values()) == {1}


async def test_readers_spread_over_the_cultures(stub: Stub, tmp_path: Path) -> None:
    made = project(config(stub.url, tmp_path, seeds=1))
    take_in(made, each=2)
    await curated(made, readers=len(CULTURES), scenario_seeds=1)
    assert Counter(GIVEN[reader]["culture"] for reader in made.stores.ledger.profiled(run_id(made))) == dict.fromkeys(
        CULTURES, 1
    )


async def test_readers_with_too_few_reviews_are_left_out(stub: Stub, tmp_path: Path) -> None:
    made = project(config(stub.url, tmp_path, seeds=1, min_reviews=14))
    take_in(made, each=3)
    counts = made.stores.corpus.review_counts()
    await curated(made, scenario_seeds=1)
    assert (
        made.stores.ledger.profiled(run_id(made)) == {reader for reader, n in counts.items() if n >= 14} != set(counts)
    )


async def test_mixed_faults_lose_nothing(tmp_path: Path) -> None:
    """429, 500 and cut answers, and the same is made as without them."""
    results = []
    # One address for both, since it is part of what shapes an answer.
    with Stub(Character(defects=0.3)) as server:
        for name, faults in (
            ("clean", Faults()),
            ("faulty", Faults(busy=0.1, broken=0.05, cut=0.05, retry_after=0.01)),
        ):
            server.faults = faults
            made = project(config(server.url, tmp_path / name, seeds=4))
            take_in(made, each=2)
            await curated(made)
            results.append(
                (
                    {(s.seed, s.culture, s.slot, s.verdict, len(s.rounds)) for s in scenarios(made)},
                    {(f.reader, f.kind, f.name, f.value, f.confidence, *f.evidence) for f in facts(made)},
                    Counter(
                        (p.reader, p.track, p.subject, p.verdict, p.prompt[1]["content"], p.chosen[0]["content"])
                        for p in pairs(made)
                    ),
                )
            )
            seen = server.counts.faults
            if name == "faulty":
                assert min(seen["busy"], seen["broken"], seen["cut"]) >= 1
    assert results[0] == results[1]
    assert not any(value == "failed" for _, _, _, value, *_ in results[1][1])


async def test_unusable_answers_fail_everything_with_reasons_and_the_run_ends(tmp_path: Path) -> None:
    with Stub(faults=Faults(unfit=1.0)) as server:
        made = project(config(server.url, tmp_path, seeds=2))
        take_in(made, each=1)
        await curated(made)
        assert set(server.counts.asked.values()) == {1}
    settled = scenarios(made)
    assert len(settled) == len(CULTURES) * 2
    assert {s.verdict for s in settled} == {"failed"}
    assert all(s.reason.startswith("not written: stub gave no answer that fits after 3 tries") for s in settled)
    assert all(s.rounds == [] for s in settled)
    inferred = [f for f in facts(made) if f.made_by.model == "stub"]
    assert {f.kind for f in inferred} >= {"facet"}
    # Without views nobody was asked for stances, and nothing is known of them.
    stances = [f for f in facts(made) if f.kind == "stance"]
    assert len(stances) == len(CULTURES) * 2
    assert {f.value for f in [*inferred, *stances]} == {"failed"} and all(f.reason for f in [*inferred, *stances])
    assert all(f.reason.startswith("not all reviews could be read for views: stub gave no answer") for f in stances)
    readings = made.stores.views.readings(run_id(made))
    assert len(readings) == len(CULTURES) and all(len(reading.failed) >= 2 for reading in readings.values())
    assert not made.stores.views.seeds(run_id(made)) and not made.stores.views.groups(run_id(made))
    # Interests rest on ratings alone and go on.
    assert {pair.track for pair in pairs(made)} == {"interests"}


class Refusing(Stub):
    """Answers 401 after a number of requests, until it is `open` again."""

    def __init__(self, after: int) -> None:
        super().__init__(faults=Faults(latency=0.01))
        self.after = after
        self.open = False

    async def _respond(self, body: dict[str, Any]) -> Any:
        if not self.open and self.counts.requests > self.after:
            from aiohttp import web

            return web.json_response({"error": {"message": "no such key"}}, status=401)
        return await super()._respond(body)


async def test_a_model_that_refuses_stops_the_run_which_then_goes_on(tmp_path: Path) -> None:
    with Refusing(after=20) as server:
        made = project(config(server.url, tmp_path, model={"max_in_flight": 4}, seeds=3, seeds_brought=0))
        take_in(made, each=1)
        with pytest.raises(ModelError, match="refused with 401"):
            await curated(made)
        assert server.counts.requests < 40
        assert {s.verdict for s in scenarios(made)} <= {"vetted"}
        server.open = True
        again = project(made.config)
        await curated(again)
        assert len(scenarios(again)) == len(CULTURES) * 3
        assert {s.verdict for s in scenarios(again)} == {"vetted"}
        usage = again.stores.answers.usage()
        assert sum(figures["calls"] for figures in usage.values()) == len(server.counts.asked)
