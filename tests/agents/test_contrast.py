import asyncio
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gravity.agents.contrast import ContrastJudge, ContrastProfiler
from gravity.agents.contrast import profiler as profiling
from gravity.agents.contrast.head import scaled_confidence
from gravity.agents.contrast.profiler import NEAREST
from gravity.agents.evidence import Evidence
from gravity.agents.judge import Panel
from gravity.frameworks.loader import Library
from gravity.store.embeddings import Embedder, Vectors
from gravity.store.records import Review
from gravity.store.vectors import VectorStore, review_entry
from tests.stub.embedder import HashEmbedder
from tests.support import draft, review

LIBRARY = Library()
SEED = LIBRARY.seeds["hof-pdi-01"]
# Ways in the seed's own words: an embedder that counts words must see which is which.
RIGHT = draft("At work.", f"So it is: {SEED.statement}", f"So it is: {SEED.opposite}")


async def test_the_judge_sees_which_way_lies_nearer() -> None:
    judge = ContrastJudge(HashEmbedder(), 0.01)
    (vote,) = await judge.votes(SEED, RIGHT)
    assert (vote.judge, vote.endorses) == ("contrast(hash64)", "endorsing")
    (swapped,) = await judge.votes(SEED, draft("At work.", RIGHT.opposing, RIGHT.endorsing))
    assert swapped.endorses == "opposing"
    assert swapped.confidence == pytest.approx(vote.confidence)
    assert Panel([judge], {}, 1).passes([vote])[0]


async def test_within_the_margin_there_is_no_answer() -> None:
    same = draft("At work.", "He closes the door.", "He closes the door.")
    (vote,) = await ContrastJudge(HashEmbedder(), 0.01).votes(SEED, same)
    assert (vote.endorses, vote.confidence) == (None, 0.5)
    (vote,) = await ContrastJudge(HashEmbedder(), 1.0).votes(SEED, RIGHT)
    assert vote.endorses is None


@given(difference=st.floats(-2, 2), margin=st.floats(0, 1))
def test_confidence_grows_with_the_difference(difference: float, margin: float) -> None:
    assert 0.5 <= scaled_confidence(difference, margin) <= 1
    assert scaled_confidence(difference, margin) == scaled_confidence(-difference, margin)
    assert scaled_confidence(2 * difference, margin) >= scaled_confidence(difference, margin)


def test_confidence_at_twice_the_margin() -> None:
    assert scaled_confidence(0.02, 0.01) == pytest.approx(0.75, abs=0.005)


@pytest.fixture
def reviews() -> list[Review]:
    texts = [SEED.statement, "The sea was calm.", f"Indeed. {SEED.statement}", "Buses and trains.", "A short walk."]
    return [review(f"review-{n}", text=text, title="") for n, text in enumerate(texts)]


def profiler(folder: Path, reviews: list[Review], margin: float = 0.02) -> ContrastProfiler:
    store = VectorStore(str(folder), HashEmbedder())
    store.index("reviews", map(review_entry, reviews))
    return ContrastProfiler("run", store, margin)


async def test_a_stance_rests_on_the_reviews_nearest_to_the_view(tmp_path: Path, reviews: list[Review]) -> None:
    (fact,) = await profiler(tmp_path, reviews).stances("r", Evidence(reviews), [SEED])
    assert (fact.kind, fact.name, fact.value) == ("stance", SEED.id, "agree")
    assert set(fact.evidence[:2]) == {"review-0", "review-2"} and len(fact.evidence) <= NEAREST
    assert 0.5 < fact.confidence <= 1
    assert fact.made_by.model == "contrast(hash64)"


async def test_the_opposite_is_a_disagreement(tmp_path: Path, reviews: list[Review]) -> None:
    turned = SEED.model_copy(update={"statement": SEED.opposite, "opposite": SEED.statement, "id": "turned"})
    (fact,) = await profiler(tmp_path, reviews).stances("r", Evidence(reviews), [turned])
    assert (fact.name, fact.value) == ("turned", "disagree")


async def test_what_all_readers_share_is_no_stance(tmp_path: Path, reviews: list[Review]) -> None:
    """Every review says the statement: nobody stands out from the mean."""
    alike = [review(f"same-{n}", text=SEED.statement, title="") for n in range(4)]
    (fact,) = await profiler(tmp_path, alike).stances("r", Evidence(alike), [SEED])
    assert (fact.value, fact.evidence) == ("unknown", [])


async def test_every_name_comes_back(tmp_path: Path, reviews: list[Review]) -> None:
    made = profiler(tmp_path, reviews)
    seeds = list(LIBRARY.seeds.values())
    stances = await made.stances("r", Evidence(reviews), seeds)
    assert [fact.name for fact in stances] == [seed.id for seed in seeds]
    known = {r.id for r in reviews}
    for fact in stances:
        assert (fact.value == "unknown") == (not fact.evidence)
        assert set(fact.evidence) <= known
    facets = await made.facets("r", reviews, list(LIBRARY.facets.values()), False)
    assert [fact.name for fact in facets] == list(LIBRARY.facets)
    assert {fact.value for fact in facets} <= {"high", "low", "unknown"}
    assert all((fact.value == "unknown") == (not fact.evidence) for fact in facets)
    details = await made.demographics("r", reviews, ["age", "gender"])
    assert [(fact.name, fact.value) for fact in details] == [("age", "unknown"), ("gender", "unknown")]


async def test_a_facet_follows_its_ends_own_words(tmp_path: Path) -> None:
    """The same either way round, with a score on the side of the level."""
    facets = list(LIBRARY.facets.values())
    high = [review(f"high-{n}", text=facet.high, title="") for n, facet in enumerate(facets)]
    low = [review(f"low-{n}", text=facet.low, title="") for n, facet in enumerate(facets)]
    made = profiler(tmp_path, [*high, *low], margin=0.01)
    for reviews, level in ((high, "high"), (low, "low")):
        told = [await made.facets("r", [of], [facet], False) for of, facet in zip(reviews, facets, strict=True)]
        assert {fact.value for (fact,) in told} == {level}
        assert all(fact.score is not None and (fact.score > 50) == (level == "high") for (fact,) in told)
        assert await made.facets("r", reviews[:1], facets, True) == await made.facets("r", reviews[:1], facets, False)


async def test_asking_twice_gives_the_same(tmp_path: Path, reviews: list[Review]) -> None:
    seeds = list(LIBRARY.seeds.values())[:20]
    made = profiler(tmp_path, reviews)
    assert await made.stances("r", Evidence(reviews), seeds) == await made.stances("r", Evidence(reviews), seeds)


def test_the_embedder_makes_unit_vectors() -> None:
    vectors = HashEmbedder().passages(["", "a", "a b c", "ação 日本"])
    assert vectors.shape == (4, 64) and vectors.dtype == np.float32
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1)


async def test_a_review_is_read_once_however_many_batches_ask(
    tmp_path: Path, reviews: list[Review], monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str] = []

    class Link:
        margin = 0.02

        def vectors(self, embedder: Embedder, texts: list[str], mean: Vectors) -> Vectors:
            read.extend(texts)
            time.sleep(0.05)  # so long that all batches would begin
            return embedder.passages(texts)

    monkeypatch.setattr(profiling, "shipped", lambda name: SimpleNamespace(stance=Link(), name="test"))
    made = profiler(tmp_path, reviews[:3])
    seeds = list(LIBRARY.seeds.values())[:8]
    await asyncio.gather(*(made.stances("ana", Evidence(reviews[:3]), [seed]) for seed in seeds))
    assert sorted(read) == sorted(review_entry(one).text for one in reviews[:3])
