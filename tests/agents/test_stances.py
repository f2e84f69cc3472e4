"""What is asked of a reader whose views are known, and how the answers are put together."""

from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gravity.agents.evidence import Evidence
from gravity.agents.retrieval import VIEWS_PER_CALL, Retriever
from gravity.agents.stances import Batch, not_near, seeds_for, taken, together_told
from gravity.frameworks.loader import Library
from gravity.store.corpus import Corpus
from gravity.store.database import Database
from gravity.store.records import Fact, Reader, Review
from gravity.store.vectors import VectorStore
from gravity.store.views import AROUND, View
from tests.agents.gathering.test_gatherer import brought
from tests.agents.views.support import view
from tests.stub.embedder import HashEmbedder
from tests.support import fact, review

SEEDS = list(Library().seeds.values())
REVIEWS = [review(f"review-{n}", text=f"Review {n} says what it says.", time=n) for n in range(6)]


def views(count: int, half: int = 0, start: int = 0) -> list[View]:
    """Views of different seeds, of the reviews of one half in turn."""
    own = REVIEWS[half::2]
    sides = [(SEEDS[n].statement, SEEDS[n].opposite) for n in range(start, start + count)]
    return [view("r", *sides[n], half=half, review=own[n % len(own)].id, quote=f"says {n}") for n in range(count)]


@pytest.fixture
def retriever(database: Database, tmp_path: Path) -> Retriever:
    return Retriever(Corpus(database), VectorStore(str(tmp_path / "chroma"), HashEmbedder()), 12, 10, 15, 0.0)


def test_the_halves_are_asked_apart(retriever: Retriever) -> None:
    batches = retriever.batches(REVIEWS, [*views(3), *views(4, half=1)], SEEDS)
    assert [(batch.evidence.half, len(batch.evidence.views)) for batch in batches] == [(0, 3), (1, 4)]
    for batch in batches:
        halves = {REVIEWS.index(one) % 2 for one in batch.evidence.reviews}
        assert halves == {batch.evidence.half}
        assert {one.id for one in batch.evidence.reviews} == {one.review for one in batch.evidence.views}


@pytest.mark.parametrize("seeds", [20, 60, 150])
def test_calls_grow_with_views_and_not_with_seeds(retriever: Retriever, seeds: int) -> None:
    for count, calls in ((1, 1), (VIEWS_PER_CALL, 1), (VIEWS_PER_CALL + 1, 2), (3 * VIEWS_PER_CALL, 3)):
        batches = retriever.batches(REVIEWS, views(count), SEEDS[:seeds])
        assert len(batches) == calls
        assert all(len(batch.seeds) == 10 and len(batch.evidence.views) <= VIEWS_PER_CALL for batch in batches)
        assert [one for batch in batches for one in batch.evidence.views] == views(count)


def test_the_seeds_nearest_to_a_view_are_asked_about_whichever_side_it_takes(retriever: Retriever) -> None:
    for n in (0, 40, 90):
        for turned in (False, True):
            sides = (SEEDS[n].opposite, SEEDS[n].statement) if turned else (SEEDS[n].statement, SEEDS[n].opposite)
            (batch,) = retriever.batches(REVIEWS, [view("r", *sides, review="review-0")], SEEDS)
            assert SEEDS[n] in batch.seeds


def test_every_view_has_its_turn(retriever: Retriever) -> None:
    """However many seeds lie near another one."""
    (batch,) = retriever.batches(REVIEWS, views(10, start=30), SEEDS)
    assert sum(seed in batch.seeds for seed in SEEDS[30:40]) >= 8


def test_what_repeats_a_view_of_its_own_half_is_left_out_and_of_the_other_is_not(retriever: Retriever) -> None:
    first, second = views(2)
    repeat = second.model_copy(update={"id": "repeat", "same_as": first.id})
    elsewhere = views(1, half=1)[0].model_copy(update={"same_as": first.id})
    batches = retriever.batches(REVIEWS, [first, second, repeat, elsewhere], SEEDS)
    assert [[one.id for one in batch.evidence.views] for batch in batches] == [[first.id, second.id], [elsewhere.id]]


def test_a_view_of_a_review_that_is_not_given_is_not_shown(retriever: Retriever) -> None:
    """Such as one that was held back only later."""
    given_views = views(3)
    (batch,) = retriever.batches(REVIEWS[2:], given_views, SEEDS)
    assert [one.review for one in batch.evidence.views] == ["review-2", "review-4"]


def test_without_views_nothing_is_asked(retriever: Retriever) -> None:
    assert retriever.batches(REVIEWS, [], SEEDS) == []
    assert retriever.batches([], views(3), SEEDS) == []


@given(st.text("abc .\n", max_size=600), st.text("xyz", min_size=1, max_size=20), st.text("abc .\n", max_size=600))
def test_a_quote_is_shown_between_marks_with_what_stands_around_it(before: str, quote: str, after: str) -> None:
    one = review("review-0", text=f"{before}{quote}{after}", title="T")
    (shown,) = Evidence([one], [view("r", review="review-0", quote=quote)]).shown
    words = shown["words"]
    assert words.count("«") == words.count("»") == 1 and f"«{quote}»" in words
    left, right = words.split("«")[0], words.split("»")[1]
    assert before.endswith(left.removeprefix("…")) and after.startswith(right.removesuffix("…"))
    assert left.startswith("…") == (len(before) > AROUND) and right.endswith("…") == (len(after) > AROUND)
    assert len(left.removeprefix("…")) == min(AROUND, len(before))


def test_a_quote_in_a_title_is_shown_there() -> None:
    one = review("review-0", rating=2.0, title="Never again a sad end", text="Plain.")
    (shown,) = Evidence([one], [view("r", review="review-0", quote="a sad end")]).shown
    assert (shown["alias"], shown["rating"], shown["words"]) == ("w1", "2", "Never again «a sad end»")


def told(half: int | None, *facts: Fact) -> tuple[Batch, Sequence[Fact]]:
    return Batch(Evidence([], [], half), []), facts


def stance(value: str, confidence: float = 0.8, evidence: Sequence[str] = ("a",), name: str = "s") -> Fact:
    return fact("stance", name, value, confidence, evidence)


def test_what_both_halves_say_alike_has_the_highest_confidence_and_all_evidence() -> None:
    facts, shown = together_told([told(0, stance("agree", 0.7)), told(1, stance("agree", 0.9, ["b", "a"]))])
    assert [(one.value, one.confidence, one.evidence) for one in facts] == [("agree", 0.9, ["b", "a"])]
    assert [(one.half, one.stance, one.confidence) for one in shown] == [(0, "agree", 0.7), (1, "agree", 0.9)]


def test_halves_that_contradict_each_other_are_unknown_and_each_is_kept_as_shown() -> None:
    facts, shown = together_told([told(0, stance("agree")), told(1, stance("disagree", 0.9, ["b"]))])
    (only,) = facts
    assert (only.value, set(only.evidence)) == ("unknown", {"a", "b"})
    assert only.reason == "some of the reviews show the one side and others the other"
    assert [(one.half, one.stance) for one in shown] == [(0, "agree"), (1, "disagree")]


def test_a_half_that_contradicts_itself_shows_nothing() -> None:
    facts, shown = together_told([told(0, stance("agree")), told(0, stance("disagree")), told(1, stance("agree"))])
    assert [one.value for one in facts] == ["unknown"]
    assert [(one.half, one.stance) for one in shown] == [(1, "agree")]


def test_a_batch_that_failed_counts_only_where_no_other_shows_the_stance() -> None:
    failed, unknown = stance("failed", 0, ()), stance("unknown", 0.5, ())
    for batches in ((failed, stance("agree")), (stance("agree"), failed), (unknown, stance("agree"))):
        facts, shown = together_told([told(half, one) for half, one in enumerate(batches)])
        assert [one.value for one in facts] == ["agree"] and [one.stance for one in shown] == ["agree"]
    for batches in ((failed, unknown), (unknown, failed), (failed, failed)):
        facts, shown = together_told([told(half, one) for half, one in enumerate(batches)])
        # Another asking may show what the failed one did not.
        assert [one.value for one in facts] == ["failed"] and shown == []
    facts, shown = together_told([told(0, unknown), told(1, unknown)])
    assert [one.value for one in facts] == ["unknown"] and shown == []


def test_seeds_are_put_together_one_by_one_and_reviews_have_no_halves() -> None:
    facts, shown = together_told(
        [told(None, stance("agree", name="s1"), stance("unknown", name="s2")), told(None, stance("agree", name="s3"))]
    )
    assert [(one.name, one.value) for one in facts] == [("s1", "agree"), ("s2", "unknown"), ("s3", "agree")]
    assert shown == []
    assert together_told([]) == ([], [])


def test_what_no_view_comes_near_is_unknown_and_nobody_said_so() -> None:
    one = not_near("run", "r", "s")
    assert (one.value, one.confidence, one.evidence, taken(one)) == ("unknown", 0.0, [], False)
    assert one.made_by.call == "" and "views" in one.reason


def test_a_readers_own_seed_is_theirs_alone() -> None:
    shared = brought("readers-1", "I want an ending that settles what the story opened.")
    own = shared.model_copy(update={"id": "readers-2", "reader": "ana"})
    seeds = {seed.id: seed for seed in (*SEEDS[:3], shared, own)}
    assert seeds_for(seeds, Reader(id="ana")) == [*SEEDS[:3], shared, own]
    assert seeds_for(seeds, Reader(id="bob")) == [*SEEDS[:3], shared]


def test_reviews_of_a_reader_whose_views_are_not_known_are_asked_about_all_seeds(retriever: Retriever) -> None:
    shown: list[Review] = REVIEWS[:4]
    batches = retriever.batches_of_reviews(shown, SEEDS[:25])
    assert [len(batch.seeds) for batch in batches] == [10, 10, 5]
    assert [seed for batch in batches for seed in batch.seeds] == SEEDS[:25]
    assert all(batch.evidence.half is None and batch.evidence.reviews == shown for batch in batches)
