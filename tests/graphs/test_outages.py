"""An outage is never a result: whatever was not answered waits, and in the end the store is as if all had been well."""

import asyncio
import json
import random
from collections import Counter
from pathlib import Path
from typing import Any, Literal

import pytest
from aiohttp import web

from gravity.agents.errors import ModelError
from gravity.graphs.curate import curate_graph
from gravity.graphs.pending import pending_readings, pending_scenarios
from gravity.project import Project
from gravity.store.records import Scenario
from tests.graphs.support import at_work, facts, pairs, scenarios
from tests.graphs.test_check import with_panel
from tests.stub.server import Faults, Stub
from tests.stub.truth import Character
from tests.support import config, project, run_id, take_in

Outage = Literal["unavailable", "closed", "busy", "slow"]
CURATE = {"seeds": 4, "scenarios_per_seed": 2}
MODEL = {"retries": 0, "timeout": 1.0, "max_in_flight": 4}


class Unsteady(Stub):
    """Well at first, and then now and then away for some requests in one of several ways, until it is `well`."""

    def __init__(self, seed: int) -> None:
        super().__init__(Character(defects=0.3))
        self._dice = random.Random(seed)
        self._until = self._dice.randint(2, 30)
        self._outage: Outage | None = None
        self.well = False
        self.outages: Counter[Outage] = Counter()
        self._kinds: list[Outage] = ["unavailable", "closed", "busy", "slow"]

    def _now(self) -> Outage | None:
        if self.well:
            return None
        if self.counts.requests > self._until:
            begins = self._outage is None
            self._outage = self._dice.choice(self._kinds) if begins else None
            self._until = self.counts.requests + self._dice.randint(1, 12 if begins else 50)
        return self._outage

    async def _complete(self, request: web.Request) -> web.StreamResponse:
        outage = self._now()
        if outage is None:
            return await super()._complete(request)
        self.counts.requests += 1
        self.outages[outage] += 1
        if outage == "closed":
            assert request.transport is not None
            request.transport.close()
        if outage == "slow":
            await asyncio.sleep(2)
        return web.json_response(
            {"error": {"message": "not now"}}, status=429 if outage == "busy" else 503, headers={"Retry-After": "0.01"}
        )


async def started(made: Project) -> bool:
    """Starts a run; whether it came to its end."""
    async with at_work(made):
        try:
            await curate_graph(with_panel(made)).ainvoke({})
        except ModelError as error:
            assert "in a row were not answered" in str(error)
            return False
    return not made.stores.ledger.unanswered(run_id(made))


def nothing_from_silence(made: Project) -> None:
    """Every settled record rests on answers, and nothing has failed."""
    settled = scenarios(made)
    assert not any(_failed(scenario) for scenario in settled)
    assert all(fact.value != "failed" and fact.made_by.call for fact in facts(made) if fact.made_by.model == "stub")
    checks = made.stores.ledger.checks(run_id(made)).values()
    assert all(len(check.choices) == 2 and all(c.made_by.call for c in check.choices) for check in checks)
    profiled = made.stores.ledger.profiled(run_id(made))
    readings = made.stores.views.readings(run_id(made))
    assert profiled <= readings.keys() and not any(reading.failed for reading in readings.values())
    assert {pair.reader for pair in pairs(made)} <= profiled


def _failed(scenario: Scenario) -> bool:
    votes = scenario.rounds[-1].votes
    found = scenario.rounds[-1].findings
    return scenario.verdict == "failed" or not (found or votes) or not all(vote.made_by.call for vote in votes)


def content(made: Project) -> dict[str, Any]:
    """All that a run made."""
    return {
        "readings": sorted((one.model_dump() for one in made.stores.views.readings(run_id(made)).values()), key=str),
        "seeds": [one.model_dump() for one in made.stores.views.seeds(run_id(made)) if one.verdict == "kept"],
        "scenarios": [one.model_dump() for one in scenarios(made)],
        "facts": [one.model_dump() for one in facts(made)],
        "pairs": [one.model_dump() for one in pairs(made)],
        "checks": {pair: one.model_dump() for pair, one in made.stores.ledger.checks(run_id(made)).items()},
    }


@pytest.mark.parametrize("seed", [1, 3])
async def test_outages_at_random_moments_leave_no_trace(tmp_path: Path, seed: int) -> None:
    def prepared(url: str, name: str, **model: Any) -> Project:
        # Without seeds of readers' own: groups of views that stay silent twice running are gone on without.
        settings = config(url, tmp_path / name, model=MODEL | model, **CURATE, seeds_brought=0)
        # Small samples: of most lots not each pair is checked, and which ones are depends on the lot being whole.
        settings.judging.acceptable_error = 0.45
        made = project(settings)
        take_in(made, each=2)
        return made

    with Unsteady(seed) as server:
        # One address for both, since it is part of what shapes an answer.
        server.well = True
        # Patient, or a busy machine makes silence of its own.
        calm = prepared(server.url, "calm", timeout=60)
        assert await started(calm)
        asked = sum(server.counts.asked.values())
        server.well, server.counts.requests = False, 0
        server.counts.asked.clear()
        again, starts = prepared(server.url, "unsteady"), 1
        while not await started(again):
            nothing_from_silence(again)
            # As another process has it.
            again = project(again.config)
            starts += 1
            server.well = starts > 8
        assert starts > 2 and len(server.outages) >= 2
    assert content(again) == content(calm)
    assert content(again)["checks"] and not again.stores.ledger.unanswered(run_id(again))
    assert asked <= sum(server.counts.asked.values())


async def test_what_waits_is_counted_by_reason_and_forgotten_when_it_is_settled(tmp_path: Path) -> None:
    with Stub(faults=Faults(broken=0.25, seed=3)) as server:
        made = project(config(server.url, tmp_path, model={"retries": 0, "max_in_flight": 2}, **CURATE))
        take_in(made, each=2)
        await started(made)
        left = {row.what: row for row in made.stores.ledger.unanswered(run_id(made))}
        crew = made.setup(unqualified=True).crew()
        assert {row.reason for row in left.values()} == {"HTTP 500"}
        assert left["scenario"].items == len(pending_scenarios(crew, {})) > 0
        assert left["reading"].items == len(pending_readings(crew, {})) > 0
        server.faults = Faults()
        again = project(made.config)
        assert await started(again)
    assert again.stores.ledger.unanswered(run_id(again)) == []


class Deaf(Stub):
    """Does not answer a question about the reader whose reviews hold a text, if the question has some words too."""

    text, words = "", ""

    async def _respond(self, body: dict[str, Any]) -> web.StreamResponse:
        about = any(self.text in message["content"] for message in body["messages"])
        if self.text and about and self.words in json.dumps(body):
            return web.json_response({"error": {"message": "too long"}}, status=400)
        return await super()._respond(body)


@pytest.mark.parametrize(
    ("what", "words", "made_of"),
    [("profile", '"f1"', {"in", "jp", "us"}), ("reading", '"views"', set())],
    ids=["a profile", "a reading"],
)
async def test_pairs_of_a_culture_wait_for_all_of_it_while_asking_helps(
    tmp_path: Path, what: str, words: str, made_of: set[str]
) -> None:
    """The readers of one culture are answered but for one: there are no pairs of it, until nothing more can be done.

    Where it is a reading there are none of the others either, since seeds come from the readers of all cultures."""
    with Deaf() as server:
        made = project(config(server.url, tmp_path, model={"retries": 0}, seeds=2))
        take_in(made, each=2)
        first = made.stores.corpus.readers("br")[0]
        crew = made.setup(unqualified=True).crew()
        known = crew.retriever.longest(crew.retriever.ratings(first.id).known)
        server.text, server.words = known[0].text[:200], words
        await started(made)
        (left,) = made.stores.ledger.unanswered(run_id(made))
        assert (left.what, left.reason, left.items) == (what, "HTTP 400", 1)
        assert {pair.culture for pair in pairs(made)} == made_of
        # Asking again settles nothing, so what there is of the culture is gone on with.
        again = project(made.config)
        await started(again)
    assert {pair.culture for pair in pairs(again)} == {"br", "in", "jp", "us"}
    assert first.id not in {pair.reader for pair in pairs(again)}
    assert first.id not in again.stores.ledger.profiled(run_id(again))
    assert again.stores.ledger.unanswered(run_id(again)) == [left]
