"""Stances are believed where two answers, the second the other way round, say the same."""

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from gravity.agents.crosscheck import CrossCheck
from gravity.agents.errors import NotAnsweredError
from gravity.agents.evidence import Evidence
from gravity.agents.profiler import ModelProfiler
from gravity.agents.stances import Batch, taken
from gravity.frameworks.loader import Library
from gravity.frameworks.records import Facet, Seed
from gravity.frameworks.statistics import Calibration
from gravity.store.records import Fact, Provenance, Review
from tests.agents.conftest import MakeAsker, MakeReader, evidence_in
from tests.stub.scripted import Scripted
from tests.stub.server import Stub
from tests.stub.truth import Character
from tests.support import config, fact, project, review, take_in, truth, view

LIBRARY = Library()
SEEDS = list(LIBRARY.seeds.values())[:3]
BOOKS = LIBRARY.domain("books")
REVIEWS = [review(f"review-{number}", text=f"Text number {number}.") for number in range(1, 4)]
EVIDENCE = Evidence(REVIEWS, [view(one) for one in REVIEWS])
CHECKER = Provenance(model="checker", call="second")
SAME = Calibration(1.0, 0.0)


class Played:
    """A second opinion whose stances toward the turned statements are given, and which keeps what it was asked."""

    def __init__(self, *stances: tuple[str, float, Sequence[str]]) -> None:
        self.given = stances
        self.asked: list[Seed] = []
        self.shown: list[Evidence] = []

    async def stances(self, reader: str, evidence: Evidence, seeds: Sequence[Seed]) -> list[Fact]:
        self.asked += seeds
        self.shown.append(evidence)
        return [
            fact("stance", seed.id, value, confidence, evidence).model_copy(update={"made_by": CHECKER})
            for seed, (value, confidence, evidence) in zip(seeds, self.given, strict=True)
        ]

    async def demographics(self, reader: str, reviews: Sequence[Review], names: Sequence[str]) -> list[Fact]:
        raise AssertionError

    async def facets(self, reader: str, reviews: Sequence[Review], facets: Sequence[Facet], turned: bool) -> list[Fact]:
        raise AssertionError


async def against(
    second: Played | None, stance: Fact, calibration: Calibration | None = None, min_confidence: float = 0
) -> Fact:
    check = CrossCheck(second, calibration, min_confidence)
    (found,) = await check.held_against("r", [stance], Batch(EVIDENCE, [LIBRARY.seeds[stance.name]]))
    return found


@pytest.mark.parametrize(("first", "turned"), [("agree", "disagree"), ("disagree", "agree")])
async def test_where_both_say_the_same_the_lower_confidence_and_all_evidence_stand(first: str, turned: str) -> None:
    stance = fact("stance", SEEDS[0].id, first, 0.9, ["review-2", "review-1"])
    for other, lower in ((0.7, 0.7), (0.95, 0.9)):
        found = await against(Played((turned, other, ["review-1", "review-3"])), stance)
        assert (found.value, found.confidence, found.reason) == (first, lower, "")
        assert found.evidence == ["review-2", "review-1", "review-3"]
        assert (found.made_by, found.checked_by) == (stance.made_by, CHECKER)


@pytest.mark.parametrize(("second", "read"), [("agree", "disagree"), ("unknown", "unknown")], ids=str)
async def test_a_disagreement_is_unknown_with_its_reason(second: str, read: str) -> None:
    """To say "agree" to a statement and to its opposite is to say nothing."""
    stance = fact("stance", SEEDS[0].id, "agree", 0.9, ["review-1"])
    found = await against(Played((second, 0.9, [])), stance)
    assert (found.value, found.checked_by) == ("unknown", CHECKER)
    assert found.reason == f"'agree' at first, '{read}' when asked the other way round by checker"


async def test_statement_and_opposite_are_in_each_others_place() -> None:
    second = Played(("disagree", 0.9, []))
    await against(second, fact("stance", SEEDS[0].id, "agree"))
    (asked,) = second.asked
    assert (asked.id, asked.statement, asked.opposite) == (SEEDS[0].id, SEEDS[0].opposite, SEEDS[0].statement)


async def test_the_prompt_shows_them_so(make_asker: MakeAsker) -> None:
    answer = json.dumps(
        {f"s{n}": {"stance": "disagree", "confidence": 60, "evidence": ["w1"]} for n in range(1, len(SEEDS) + 1)}
    )
    with Scripted([answer]) as server:
        check = CrossCheck(ModelProfiler("run", make_asker(server.url), BOOKS), None, 0.0)
        given = [fact("stance", seed.id, "agree", evidence=["review-2"]) for seed in SEEDS]
        found = await check.held_against("r", given, Batch(EVIDENCE, SEEDS))
        (asked,) = server.said("user")
    for number, (seed, one) in enumerate(zip(SEEDS, found, strict=True), start=1):
        assert f'<statement id="s{number}">{seed.opposite}<opposite>{seed.statement}</opposite>' in asked
        assert (one.name, one.value, one.confidence, one.evidence) == (seed.id, "agree", 0.6, ["review-2", "review-1"])
        assert one.checked_by is not None and one.checked_by.call


async def test_a_second_without_a_usable_answer_fails_the_stance(make_asker: MakeAsker) -> None:
    with Scripted(["I would rather not say."]) as server:
        check = CrossCheck(ModelProfiler("run", make_asker(server.url, retries=0), BOOKS), None, 0.0)
        given = [fact("stance", SEEDS[0].id, "agree")]
        (found,) = await check.held_against("r", given, Batch(EVIDENCE, SEEDS[:1]))
    assert (found.value, found.confidence) == ("failed", 0)
    assert found.reason.startswith("asked the other way round: stub gave no answer that fits after 3 tries")


async def test_a_second_that_nobody_answers_settles_nothing(make_asker: MakeAsker) -> None:
    with Scripted([500]) as server:
        check = CrossCheck(ModelProfiler("run", make_asker(server.url, retries=0), BOOKS), None, 0.0)
        with pytest.raises(NotAnsweredError):
            await check.held_against("r", [fact("stance", SEEDS[0].id, "agree")], Batch(EVIDENCE, SEEDS[:1]))


async def test_without_a_second_nobody_is_asked_and_the_bar_still_holds() -> None:
    stance = fact("stance", SEEDS[0].id, "disagree", 0.7)
    kept = await against(None, stance, min_confidence=0.7)
    assert (kept, kept.checked_by) == (stance, None)
    dropped = await against(None, stance, min_confidence=0.71)
    assert (dropped.value, dropped.confidence) == ("unknown", 0.7)
    assert dropped.reason == "'disagree' with confidence 0.70 is below 0.71"


async def test_the_calibrated_confidence_is_what_counts() -> None:
    stance = fact("stance", SEEDS[0].id, "agree", 0.9)
    agreed = Played(("disagree", 0.9, []))
    humble = Calibration(0.5, 0.0)
    assert humble(0.9) == pytest.approx(0.75)
    found = await against(agreed, stance, humble, min_confidence=0.74)
    assert found.value == "agree" and found.confidence == pytest.approx(0.75)
    found = await against(agreed, stance, humble, min_confidence=0.76)
    assert found.value == "unknown" and found.confidence == pytest.approx(0.75)
    assert found.reason == "'agree' with confidence 0.90, on gold cases worth 0.75, is below 0.76"
    # The lower of the two confidences is the one that is mapped.
    found = await against(Played(("disagree", 0.6, [])), stance, SAME)
    assert found.confidence == pytest.approx(0.6)


async def test_what_is_unknown_stays_as_it_is() -> None:
    """A disagreement gets no reason for its confidence on top."""
    found = await against(
        Played(("agree", 0.9, [])), fact("stance", SEEDS[0].id, "agree", 0.2), SAME, min_confidence=0.9
    )
    assert "other way round" in found.reason and "below" not in found.reason


@pytest.mark.parametrize(
    ("value", "is_one"), [("agree", True), ("disagree", True), ("unknown", False), ("failed", False)]
)
def test_what_counts_as_a_stance(value: str, is_one: bool) -> None:
    assert taken(fact("stance", "s", value)) is is_one


async def test_nothing_taken_is_nothing_asked() -> None:
    second = Played()
    assert await CrossCheck(second, None, 0.0).held_against("r", [], Batch(EVIDENCE, [])) == []
    assert second.asked == []


async def test_of_each_batch_what_was_taken_is_asked_again_with_what_was_shown_before() -> None:
    """What was not taken stays as it is, and where it is."""
    halves = [Evidence(REVIEWS[n : n + 1], EVIDENCE.views[n : n + 1], n) for n in (0, 1)]
    told = [
        (
            Batch(halves[0], SEEDS),
            [fact("stance", s.id, v) for s, v in zip(SEEDS, ("unknown", "agree", "failed"), strict=True)],
        ),
        (Batch(halves[1], SEEDS[:1]), [fact("stance", SEEDS[0].id, "disagree")]),
    ]
    second = Played(("disagree", 0.5, []))
    checked = await CrossCheck(second, None, 0.0).checked("r", told)
    assert [batch for batch, _ in checked] == [batch for batch, _ in told]
    (first, (last,)) = (facts for _, facts in checked)
    assert [(one.name, one.value) for one in first] == [
        (SEEDS[0].id, "unknown"),
        (SEEDS[1].id, "agree"),
        (SEEDS[2].id, "failed"),
    ]
    assert [one.checked_by for one in first] == [None, CHECKER, None] and first[1].confidence == 0.5
    assert (last.name, last.value, last.checked_by) == (SEEDS[0].id, "unknown", CHECKER)
    assert [(seed.id, seed.statement) for seed in second.asked] == [
        (seed.id, seed.opposite) for seed in (SEEDS[1], SEEDS[0])
    ]
    assert second.shown == halves


async def test_a_model_that_says_yes_to_all_takes_no_stance(make_asker: MakeAsker) -> None:
    answer = json.dumps({"s1": {"stance": "agree", "confidence": 90, "evidence": ["w1"]}})
    with Scripted([answer]) as server:
        model = ModelProfiler("run", make_asker(server.url), BOOKS)
        for seed in SEEDS:
            given = await model.stances("r", EVIDENCE, [seed])
            assert [one.value for one in given] == ["agree"]
            (found,) = await CrossCheck(model, None, 0.0).held_against("r", given, Batch(EVIDENCE, [seed]))
            assert found.value == "unknown"


async def test_a_check_by_a_poor_second_costs_coverage_and_not_truth(
    make_asker: MakeAsker, make_reader: MakeReader, stub: Stub, tmp_path: Path
) -> None:
    """Each is right 80% of the time about planted readers whose views are known: what passes both is right more
    often."""
    with Stub(Character(accuracy=0.8)) as server:
        made = project(config(server.url, tmp_path), LIBRARY)
        take_in(made, each=4)
        once, twice = [], []
        for reader in made.stores.corpus.readers():
            true, reviews = truth()[reader.id], made.stores.corpus.reviews_of(reader.id)
            model = ModelProfiler("run", make_asker(server.url), BOOKS)
            asked = [LIBRARY.seeds[seed] for seed in true["stances"]][:20]
            evidence = await evidence_in(reviews, make_reader(stub.url))
            given = [one for one in await model.stances(reader.id, evidence, asked) if taken(one)]
            found = await CrossCheck(model, None, 0.0).held_against(
                reader.id, given, Batch(evidence, [LIBRARY.seeds[one.name] for one in given])
            )
            once += [one.value == true["stances"][one.name] for one in given]
            twice += [one.value == true["stances"][one.name] for one in found if taken(one)]
    assert len(once) > 60
    assert 0.65 < sum(once) / len(once) < 0.92
    assert sum(twice) / len(twice) > sum(once) / len(once)
    # Two independent answers, each right 0.8 of the time, agree and are right in 0.64 of 0.68 cases.
    assert sum(twice) / len(twice) > 0.87
    assert len(twice) < len(once)
