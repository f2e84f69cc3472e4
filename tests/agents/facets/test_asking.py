"""Facets are asked about twice, and each half of a reader's reviews apart."""

import json
import re
from typing import Any

import pytest

from gravity.agents.facets.asking import FacetAsking, FacetBatch, whole
from gravity.agents.profiler import ModelProfiler
from gravity.frameworks.loader import Library
from gravity.frameworks.statistics import Calibration
from gravity.store.records import Fact
from tests.agents.conftest import MakeAsker
from tests.stub.scripted import Scripted
from tests.support import fact, review

REVIEWS = [review("review-1"), review("review-2")]
FACETS = list(Library().facets.values())[:2]


def said(level: str, score: int | None, confidence: int = 80, evidence: tuple[str, ...] = ("r1",)) -> dict[str, Any]:
    return {"evidence": list(evidence), "level": level, "score": score, "confidence": confidence}


async def told(make_asker: MakeAsker, library: Library, *answers: dict[str, Any]) -> tuple[Fact, list[str]]:
    """What a model that gives these answers in turn, about the first facet, comes to; and what it was asked."""
    with Scripted([json.dumps({"f1": answer}) for answer in answers]) as server:
        model = ModelProfiler("run", make_asker(server.url), library.domain("books"))
        first = await model.facets("r", REVIEWS, FACETS[:1], False)
        again = await model.facets("r", REVIEWS, FACETS[:1], True)
        return FacetAsking(model, model).compared(first[0], again[0]), server.said("user")


def shown(user: str) -> tuple[str, str]:
    ((first, second),) = re.findall(r'<facet id="f1">(.*?)<second>(.*?)</second></facet>', user)
    return first, second


async def test_the_ends_change_places_and_their_names_are_not_told(make_asker: MakeAsker, library: Library) -> None:
    found, (once, again) = await told(make_asker, library, said("first", 10), said("second", 80))
    facet = FACETS[0]
    assert shown(once) == shown(again)[::-1] and set(shown(once)) == {facet.high, facet.low}
    assert not re.search(rf"{facet.id}|{facet.trait}|\bhigh\b|\blow\b", once + again)
    level = "high" if shown(once)[0] == facet.high else "low"
    # 10 from the first end, and then 80 from the other: 10 and 20 from one and the same.
    assert (found.value, found.score) == (level, 85 if level == "high" else 15)
    assert (found.confidence, found.evidence, found.checked_by) == (
        0.8,
        ["review-1"],
        found.made_by.model_copy(update={"call": found.checked_by.call if found.checked_by else ""}),
    )


def test_which_end_comes_first_is_not_the_same_for_all(library: Library) -> None:
    from gravity.agents.profiler import _ends

    firsts = [_ends(facet, False)[0] for facet in library.facets.values()]
    assert 8 < firsts.count("high") < 22
    assert [_ends(facet, True)[1] for facet in library.facets.values()] == firsts


@pytest.mark.parametrize(
    ("second", "score", "reason"),
    [
        (said("first", 20), 50, "with the ends in each other's place"),
        (said("unknown", None), None, "'unknown' with the"),
    ],
)
async def test_where_the_askings_differ_the_level_is_unknown(
    make_asker: MakeAsker, library: Library, second: dict[str, Any], score: float | None, reason: str
) -> None:
    found, _ = await told(make_asker, library, said("first", 20), second)
    assert (found.value, found.score) == ("unknown", score)
    assert reason in found.reason


async def test_a_level_on_the_other_side_of_its_score_is_none(make_asker: MakeAsker, library: Library) -> None:
    found, _ = await told(make_asker, library, said("first", 70), said("second", 70))
    assert found.value == "unknown"


async def test_a_level_without_evidence_is_none(make_asker: MakeAsker, library: Library) -> None:
    found, _ = await told(make_asker, library, said("first", 20, evidence=()), said("second", 70))
    assert found.value == "unknown"


async def test_an_unusable_second_answer_fails_the_half(make_asker: MakeAsker, library: Library) -> None:
    found, _ = await told(make_asker, library, said("first", 20), {"level": "middling"})
    assert (found.value, found.score) == ("failed", None)
    assert found.reason.startswith("asked again: stub gave no answer that fits")


def test_the_lower_confidence_is_mapped() -> None:
    asking = FacetAsking(None, None, Calibration(0.0, 0.0))  # type: ignore[arg-type]
    assert asking.compared(level("high", 90, 0.9), level("high", 90, 0.9)).confidence == 0.5
    assert asking.compared(level("unknown", 50, 0.9), level("unknown", 50, 0.9)).confidence == 0.9


def level(value: str, score: float | None, confidence: float = 0.8, *evidence: str) -> Fact:
    return fact("facet", "trust", value, confidence, evidence).model_copy(update={"score": score})


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        (("high", 80.0, 0.7), ("high", 90.0, 0.9), ("high", 85.0, 0.9)),
        (("low", 20.0, 0.7), ("unknown", None, 0.5), ("low", 20.0, 0.7)),
        (("unknown", 40.0, 0.5), ("low", 10.0, 0.6), ("low", 25.0, 0.6)),
        (("high", 80.0, 0.7), ("low", 20.0, 0.9), ("unknown", 50.0, 0.9)),
        (("unknown", None, 0.5), ("failed", None, 0.0), ("failed", None, 0.0)),
        (("failed", None, 0.0), ("high", 80.0, 0.6), ("high", 80.0, 0.6)),
    ],
)
def test_what_the_halves_come_to(first: Any, second: Any, expected: Any) -> None:
    batches = [FacetBatch(half, REVIEWS, []) for half in (0, 1)]
    given = [level(*first, "review-1"), level(*second, "review-2")]
    (found,), halves = whole([(batch, [one]) for batch, one in zip(batches, given, strict=True)])
    assert (found.value, found.score, found.confidence) == expected
    assert [(half.half, half.level, half.score, half.confidence) for half in halves] == [(0, *first), (1, *second)]
    both = {first[0], second[0]} <= {"high", "low"}
    if both:
        assert set(found.evidence) == {"review-1", "review-2"}
    assert ("one half" in found.reason) == (both and first[0] != second[0])
