from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from gravity.agents.card import fold
from gravity.agents.composer import Composer
from gravity.agents.interests import Ratings
from gravity.agents.prompting import prompt
from gravity.agents.tracks import tracks
from gravity.frameworks.loader import Library
from gravity.store.corpus import Corpus
from gravity.store.database import Database
from gravity.store.records import Book, Fact, Pair, Provenance, Reader, Review, Round, Scenario
from gravity.store.vectors import VectorStore, book_entry
from tests.stub.embedder import HashEmbedder
from tests.support import draft, fact, review, taste

LIBRARY = Library()
READER = Reader(id="r", culture="us")
NOTHING = Ratings([], [])
BOOKS = [
    Book(id="sea 1", title="Sea", description="A boat on the cold sea.", categories=["Books", "Sea Stories"]),
    Book(id="sea 2", title="Sea", description="A boat on the warm sea.", categories=["Books", "Nautical"]),
    Book(id="sea 3", title="Sea", description="A boat on the calm sea.", categories=["Books", "Sea Stories"]),
    Book(id="sea 4", title="Sea", description="", categories=["Books"]),
    Book(id="tax", title="Tax", description="Forms for each small business owner.", categories=["Books", "Tax"]),
]


@pytest.fixture
def make(tmp_path: Path, database: Database) -> Any:
    corpus = Corpus(database)
    list(corpus.take_books("books", BOOKS))
    vectors = VectorStore(str(tmp_path / "chroma"), HashEmbedder())
    vectors.index("books", map(book_entry, BOOKS))

    def composer(**changes: Any) -> Composer:
        given: dict[str, Any] = {
            "run": "run",
            "domain": LIBRARY.domain("books"),
            "seeds": LIBRARY.seeds,
            "facets": LIBRARY.facets,
            "items": LIBRARY.items,
            "taste": taste(corpus, vectors),
            "tracks": tracks(),
            "min_confidence": 0.6,
        }
        return Composer(**{**given, **changes})

    return composer


def scenario(seed: str, endorsing: str = "She asks.", opposing: str = "She signs.", slot: int = 0) -> Scenario:
    made_by = Provenance(model="m")
    rounds = [Round(draft=draft(f"About {seed}.", endorsing, opposing).model_copy(update={"made_by": made_by}))]
    return Scenario(
        id=f"{seed}-{slot}",
        run="run",
        seed=seed,
        culture="us",
        slot=slot,
        rounds=rounds,
        verdict="vetted",
        reason="",
    )


def sides(pair: Pair) -> tuple[str, str]:
    assert [m["role"] for m in pair.prompt] == ["system", "user"]
    assert [m["role"] for m in (*pair.chosen, *pair.rejected)] == ["assistant", "assistant"]
    return pair.chosen[0]["content"], pair.rejected[0]["content"]


@pytest.mark.parametrize(
    ("stance", "chosen", "rejected"), [("agree", "She asks.", "She signs."), ("disagree", "She signs.", "She asks.")]
)
def test_the_chosen_side_follows_the_stance(make: Any, stance: str, chosen: str, rejected: str) -> None:
    facts = [fact("stance", "hof-pdi-01", stance)]
    (pair,) = make().compose(READER, facts, [scenario("hof-pdi-01")], NOTHING, {})
    assert sides(pair) == (chosen, rejected)
    assert (pair.track, pair.framework, pair.dimension) == ("values", "hofstede", "power_distance")
    assert (pair.subject, pair.scenario, pair.fact) == ("hof-pdi-01", "hof-pdi-01-0", ["stance", "hof-pdi-01"])
    assert (pair.reader, pair.culture, pair.verdict) == ("r", "us", "vetted")
    assert "About hof-pdi-01." in pair.prompt[1]["content"]
    assert pair.basis.startswith(f"the reader would {stance} with: ") and pair.takes == stance
    assert pair.prompts == {"card": prompt("card").hash, "task_values": prompt("task_values").hash}


@pytest.mark.parametrize("value", ["unknown", "failed"])
def test_no_stance_makes_no_pair(make: Any, value: str) -> None:
    scenarios = [scenario("hof-pdi-01"), scenario("hof-pdi-02")]
    assert make().compose(READER, [fact("stance", "hof-pdi-01", value)], scenarios, NOTHING, {}) == []


@pytest.mark.parametrize(("confidence", "verdict"), [(0.0, "held"), (0.59, "held"), (0.6, "vetted"), (1.0, "vetted")])
def test_below_sure_a_pair_is_held(make: Any, confidence: float, verdict: str) -> None:
    facts = [fact("stance", "hof-pdi-01", "agree", confidence), fact("facet", "intellect", "high", confidence)]
    pairs = make().compose(READER, facts, [scenario("hof-pdi-01")], NOTHING, {})
    assert {pair.track for pair in pairs} == {"values", "personality"}
    assert {pair.verdict for pair in pairs} == {verdict}
    if verdict == "held":
        assert f"the confidence of the stance, {confidence:.2f}, is below 0.60" in {pair.reason for pair in pairs}


def test_sides_that_are_the_same_are_rejected(make: Any) -> None:
    facts = [fact("stance", "hof-pdi-01", "agree", 0.1)]
    (pair,) = make().compose(READER, facts, [scenario("hof-pdi-01", "She asks.", " She asks. ")], NOTHING, {})
    assert (pair.verdict, pair.reason) == ("rejected", "the two sides are the same")


def test_no_card_of_a_values_pair_tells_its_own_seed(make: Any) -> None:
    facts = [fact("stance", seed, "agree" if n % 2 else "disagree", 0.7) for n, seed in enumerate(LIBRARY.seeds)]
    pairs = make().compose(READER, facts, [scenario(seed) for seed in LIBRARY.seeds], NOTHING, {})
    assert len(pairs) == len(LIBRARY.seeds)
    for pair in pairs:
        seed, told = LIBRARY.seeds[pair.subject], pair.prompt[0]["content"]
        assert seed.statement not in told and seed.opposite not in told
        assert "- " in told
    # Pairs share the card of their fold, so that a training prompt's prefix is one of a few.
    assert {len({p.prompt[0]["content"] for p in pairs if fold(p.subject) == n}) for n in range(4)} == {1}


def test_what_is_carried_over_makes_pairs_of_its_own_track(make: Any) -> None:
    carried = fact("stance", "hof-pdi-02", "disagree").model_copy(update={"source": "carried over"})
    shown = fact("stance", "hof-pdi-01", "agree").model_copy(update={"source": "shown"})
    scenarios = [scenario("hof-pdi-01"), scenario("hof-pdi-02"), scenario("a seed that was dropped")]
    pairs = make().compose(READER, [shown, carried], scenarios, NOTHING, {})
    assert [(pair.track, pair.subject) for pair in pairs] == [
        ("values", "hof-pdi-01"),
        ("carried-over", "hof-pdi-02"),
    ]
    assert sides(pairs[1]) == ("She signs.", "She asks.") and pairs[1].takes == "disagree"
    assert tracks()["carried-over"].TRACK.hidden_from_panel == ("stance",)
    assert make().track("carried-over").checked_by == "preference" and make().track("carried-over").rests_on == "stance"


def test_no_card_tells_what_was_carried_over(make: Any) -> None:
    """It follows from stances of other folds, whose pairs would have their answer in their prompt."""
    facts = [
        fact("stance", seed, "agree").model_copy(update={"source": "carried over" if n % 2 else "shown"})
        for n, seed in enumerate(LIBRARY.seeds)
    ]
    carried = {one.name for one in facts if one.source == "carried over"}
    pairs = make().compose(READER, facts, [scenario(seed) for seed in LIBRARY.seeds], NOTHING, {})
    told = {line.seed for pair in pairs for line in pair.profile}
    assert told and not told & carried


def test_personality_pairs_follow_the_level(make: Any) -> None:
    levels = dict(zip(LIBRARY.facets, ["high", "low", "unknown", "failed"], strict=False))
    pairs = make().compose(READER, [fact("facet", name, level) for name, level in levels.items()], [], NOTHING, {})
    expected = [item for item in LIBRARY.items.values() if levels.get(item.facet) in ("high", "low")]
    assert [pair.subject for pair in pairs] == [item.id for item in expected]
    for pair, item in zip(pairs, expected, strict=True):
        high_first = levels[item.facet] == "high"
        assert sides(pair) == ((item.high, item.low) if high_first else (item.low, item.high))
        assert pair.takes == levels[item.facet] and pair.fact == ["facet", item.facet]
        assert item.question in pair.prompt[1]["content"]
        assert (pair.track, pair.framework, pair.dimension) == ("personality", "big five", item.facet)


def test_a_facet_that_cannot_be_relied_on_makes_no_pair(make: Any) -> None:
    facts = [fact("facet", "trust", "high"), fact("facet", "anger", "low")]
    pairs = make().compose(READER, facts, [], NOTHING, {}, {"trust"})
    assert pairs and {pair.dimension for pair in pairs} == {"anger"}


def rated(held: Sequence[tuple[str, float]], known: Sequence[tuple[str, float]] = ()) -> Ratings:
    def listed(prefix: str, given: Sequence[tuple[str, float]]) -> list[Review]:
        return [review(f"{prefix}{n}", rating, book) for n, (book, rating) in enumerate(given)]

    return Ratings(listed("known", known), listed("held", held))


def test_ids_are_made_from_content_and_are_distinct(make: Any) -> None:
    facts: list[Fact] = [fact("stance", seed, "agree") for seed in LIBRARY.seeds]
    facts += [fact("facet", name, "high") for name in LIBRARY.facets]
    scenarios = [scenario(seed, slot=slot) for seed in LIBRARY.seeds for slot in range(2)]
    given = rated([("sea 1", 5.0), ("sea 3", 4.0)], [("sea 2", 2.0)])
    pairs = make().compose(READER, facts, scenarios, given, {})
    assert len({pair.id for pair in pairs}) == len(pairs) >= 600
    assert make().compose(READER, facts, scenarios, given, {}) == pairs
    other = make(run="another").compose(READER, facts, scenarios, given, {})
    assert not {pair.id for pair in other} & {pair.id for pair in pairs}
