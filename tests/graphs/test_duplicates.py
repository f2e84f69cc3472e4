"""A scene that nearly repeats an earlier one does not stay in the bank, whoever was done first."""

import random
import re
from pathlib import Path
from typing import Any

import pytest

from gravity.graphs.crew import Crew
from gravity.project import Project
from gravity.store.duplicates import reject_duplicates
from gravity.store.records import Scenario
from tests.graphs.support import curated, pairs, scenarios, scenes
from tests.store.build import pair, scenario
from tests.stub.server import Faults, Stub
from tests.stub.truth import Oracle
from tests.support import config, draft, project, take_in

TEXTS = {
    "a": "Maren keeps the lighthouse keys in a tin and asks the whole crew before she lends them.",
    "b": "Tomas counts the crates at the market twice and writes down what the seller owes him.",
    "c": "A choir rehearses late and the oldest singer stays behind to stack the wooden chairs.",
}


def scene(made: Project, seed: str, slot: int, text: str, culture: str = "us") -> Scenario:
    base = scenario(made.setup().record, seed, culture, slot)
    rounds = [base.rounds[-1].model_copy(update={"draft": draft(text, f"{text} Yes.", f"{text} No.")})]
    return base.model_copy(update={"rounds": rounds})


@pytest.fixture
def made(tmp_path: Path) -> Project:
    return project(config("http://127.0.0.1:9/v1", tmp_path))


def refuse(crew: Crew, limit: float | None = None) -> None:
    reject_duplicates(crew.ledger, crew.vectors, crew.run, crew.cultures, limit or crew.plan.duplicate_similarity)


def verdicts(made: Project) -> dict[tuple[str, str, int], str]:
    return {(s.culture, s.seed, s.slot): s.verdict for s in scenarios(made)}


@pytest.mark.parametrize("order", range(4))
def test_the_earlier_one_stays_whatever_the_order_of_completion(made: Project, order: int) -> None:
    near = TEXTS["a"].replace("tin", "box")
    planted = [
        scene(made, "s1", 0, TEXTS["a"]),
        scene(made, "s2", 0, TEXTS["b"]),
        scene(made, "s3", 0, TEXTS["c"]),
        scene(made, "s1", 1, near),
        scene(made, "s2", 1, TEXTS["b"]),
        # The same in another culture is another scene.
        scene(made, "s1", 0, TEXTS["a"], "br"),
    ]
    random.Random(order).shuffle(planted)
    for one in planted:
        made.stores.ledger.add_scenario(one)
    refuse(made.setup(unqualified=True).crew())
    assert verdicts(made) == {
        ("us", "s1", 0): "vetted",
        ("us", "s2", 0): "vetted",
        ("us", "s3", 0): "vetted",
        ("us", "s1", 1): "rejected",
        ("us", "s2", 1): "rejected",
        ("br", "s1", 0): "vetted",
    }
    by_place = {(s.culture, s.seed, s.slot): s for s in scenarios(made)}
    first = by_place["us", "s1", 0]
    reason = by_place["us", "s1", 1].reason
    assert reason.startswith(f"nearly repeats scenario {first.id} of seed s1 (cosine 0.9")
    assert by_place["us", "s2", 1].reason.endswith("(cosine 1.000)")
    # Once more there is nothing to refuse.
    before = scenarios(made)
    refuse(made.setup(unqualified=True).crew())
    assert scenarios(made) == before


def test_what_was_refused_does_not_refuse_others(made: Project) -> None:
    """Of a chain, in which each is near to the next alone, the first and the third stay."""
    words = [
        "harbour",
        "letter",
        "bridge",
        "teacher",
        "winter",
        "bread",
        "music",
        "garden",
        "ticket",
        "doctor",
        "river",
        "market",
    ]
    others = ["copper", "violin", "saddle", "orchard", "lantern", "parcel"]
    chain = [" ".join([*others[:step], *words[step:]]) for step in (0, 3, 6)]
    for slot, text in enumerate(chain):
        made.stores.ledger.add_scenario(scene(made, "s1", slot, text))
    crew = made.setup(unqualified=True).crew()
    first, second, third = crew.vectors.embedder.passages([f"{text}\n{text} Yes.\n{text} No." for text in chain])
    near, far = min(float(first @ second), float(second @ third)), float(first @ third)
    assert near > far
    refuse(crew, (near + far) / 2)
    assert [s.verdict for s in sorted(scenarios(made), key=lambda s: s.slot)] == ["vetted", "rejected", "vetted"]


class Repeating(Oracle):
    """Writes the same scene for a seed in each of its slots, but for a word."""

    def _scenes(self, user: str, chance: random.Random) -> dict[str, Any]:
        written = super()._scenes(user, chance)
        first = written["situation"].split(": ")[0]
        return {**written, "situation": first.split(" with the number")[0] + f" with the number {_number(user, self)}."}


def _number(user: str, oracle: Oracle) -> str:
    statement = re.findall(r"First view: (.*)", user)[0]
    side = oracle._issues.sides[statement]
    return f"{oracle._issues.names.index(side.issue):03}{'a' if side.first else 'b'}"


async def test_a_run_makes_no_pair_of_a_scene_that_repeats(tmp_path: Path) -> None:
    with Stub(faults=Faults(latency=0.002)) as server:
        server.oracle = Repeating()
        wanted = config(server.url, tmp_path, seeds=3, scenarios_per_seed=3, seeds_brought=0, own_seeds=0)
        wanted.curate.duplicate_similarity = 0.7
        made = project(wanted)
        take_in(made, each=2)
        await curated(made)
    settled = scenarios(made)
    refused = [s for s in settled if s.reason.startswith("nearly repeats scenario ")]
    assert refused and {s.verdict for s in refused} == {"rejected"}
    kept = {s.id for s in settled if s.verdict == "vetted"}
    assert {one.scenario for one in pairs(made) if one.track == "values"} <= kept
    # Of each culture the first slot of the first seed is never the one that goes.
    earliest = {min((s.slot, s.seed) for s in settled if s.culture == culture) for culture in made.library.cultures}
    assert not {(s.slot, s.seed) for s in refused} & earliest


def test_no_vetted_pair_rests_on_a_scene_that_gives_way_later(made: Project) -> None:
    """A preview composes pairs of a few seeds; the full run then writes a nearly equal scene for another seed."""
    early = scene(made, "s5", 0, TEXTS["a"])
    made.stores.ledger.add_scenario(early)
    refuse(made.setup(unqualified=True).crew())
    made.stores.ledger.add_pairs([pair(made.setup().record, "ana", "s5", scenario=early.id)])
    made.stores.ledger.add_scenario(scene(made, "s1", 0, TEXTS["a"]))
    refuse(made.setup(unqualified=True).crew())
    vetted = {s.id for s in scenarios(made) if s.verdict == "vetted"}
    assert len(vetted) == 1
    assert {one.scenario for one in pairs(made) if one.verdict == "vetted"} <= vetted


async def test_scenes_of_the_stub_are_far_from_one_another(stub: Stub, tmp_path: Path) -> None:
    """So that tests of other things are not about duplicates."""
    made = project(config(stub.url, tmp_path, seeds=5, scenarios_per_seed=3))
    take_in(made, each=1)
    await scenes(made, culture="us")
    refuse(made.setup(unqualified=True).crew())
    assert {s.verdict for s in scenarios(made)} == {"vetted"}
