import json
from pathlib import Path
from typing import Any

import pytest

from gravity.agents.errors import NotAnsweredError
from gravity.agents.evidence import Evidence
from gravity.agents.profiler import DEMOGRAPHICS, ModelProfiler, aliased
from gravity.agents.views.chunks import REVIEW_CHARS
from gravity.frameworks.loader import Library
from gravity.store.views import AROUND
from tests.agents.conftest import MakeAsker, MakeReader, evidence_in
from tests.stub.scripted import Scripted
from tests.stub.server import Stub
from tests.support import config, places, project, review, take_in, truth, view

REVIEWS = [review(f"review-{number}", text=f"Text number {number}.") for number in range(1, 4)]
# One view in each review, and another one in the third.
VIEWS = [*map(view, REVIEWS), view(REVIEWS[2], "number 3")]
EVIDENCE = Evidence(REVIEWS, VIEWS)


def inference(value: dict[str, Any], confidence: int = 80, evidence: tuple[str, ...] = ("r1",)) -> dict[str, Any]:
    return {**value, "confidence": confidence, "evidence": list(evidence)}


def stances(*given: tuple[str, tuple[str, ...]]) -> str:
    return json.dumps({f"s{n}": inference({"stance": s}, 80, e) for n, (s, e) in enumerate(given, start=1)})


def profiler(make_asker: MakeAsker, server: Stub, library: Library) -> ModelProfiler:
    return ModelProfiler("run", make_asker(server.url, "profiler"), library.domain("books"))


async def test_stances_rest_on_the_reviews_whose_views_were_shown(make_asker: MakeAsker, library: Library) -> None:
    seeds = list(library.seeds.values())[:3]
    answer = stances(("agree", ("w3", "w1", "w4")), ("disagree", ("w2",)), ("unknown", ()))
    with Scripted([answer]) as server:
        facts = await profiler(make_asker, server, library).stances("r", EVIDENCE, seeds)
    assert [(f.kind, f.name, f.value) for f in facts] == [
        ("stance", seeds[0].id, "agree"),
        ("stance", seeds[1].id, "disagree"),
        ("stance", seeds[2].id, "unknown"),
    ]
    assert [f.evidence for f in facts] == [["review-3", "review-1"], ["review-2"], []]
    assert {f.confidence for f in facts} == {0.8}
    assert len({f.made_by.call for f in facts}) == 1 and facts[0].made_by.prompt
    for seed in seeds:
        assert seed.statement in server.said("user")[0]
        assert seed.id not in server.said("user")[0]


async def test_evidence_that_was_not_offered_is_an_error_and_asked_for_again(
    make_asker: MakeAsker, library: Library
) -> None:
    seeds = list(library.seeds.values())[:1]
    with Scripted([stances(("agree", ("w5",))), stances(("agree", ("w2",)))]) as server:
        facts = await profiler(make_asker, server, library).stances("r", EVIDENCE, seeds)
    assert facts[0].evidence == ["review-2"]
    first, second = server.said("user")
    assert "s1.evidence.0: Input should be 'w1', 'w2', 'w3' or 'w4'" in second.removeprefix(first)


async def test_a_stance_without_evidence_becomes_unknown(make_asker: MakeAsker, library: Library) -> None:
    seeds = list(library.seeds.values())[:1]
    with Scripted([stances(("disagree", ()))]) as server:
        facts = await profiler(make_asker, server, library).stances("r", EVIDENCE, seeds)
    assert facts[0].value == "unknown"
    assert facts[0].reason == "'disagree' was answered without evidence"


@pytest.mark.parametrize(
    "unfit",
    [
        stances(("agree", ("w1", "w2", "w3", "w1"))),
        stances(("certainly", ("w1",))),
        json.dumps({"s1": inference({"stance": "agree"}, 180, ("w1",))}),
        stances(("agree", ("w1",)), ("agree", ("w1",))),
        "{}",
    ],
    ids=["too much evidence", "no such stance", "confidence over 100", "one not asked for", "none"],
)
async def test_a_failed_batch_gives_failed_facts(make_asker: MakeAsker, library: Library, unfit: str) -> None:
    seeds = list(library.seeds.values())[:1]
    with Scripted([unfit]) as server:
        facts = await profiler(make_asker, server, library).stances("r", EVIDENCE, seeds)
        assert server.counts.requests == 3
    assert [(f.name, f.value, f.confidence, f.evidence) for f in facts] == [(seeds[0].id, "failed", 0, [])]
    assert "after 3 tries" in facts[0].reason


async def test_every_name_asked_about_comes_back_once(make_asker: MakeAsker, library: Library) -> None:
    with Scripted(["I would rather not say."]) as server:
        made = ModelProfiler("run", make_asker(server.url, retries=0), library.domain("books"))
        facets = await made.facets("r", REVIEWS, list(library.facets.values())[:2], False)
        details = await made.demographics("r", REVIEWS, ["age"])
    assert [(f.kind, f.name, f.value) for f in facets] == [("facet", name, "failed") for name in [*library.facets][:2]]
    assert [(f.kind, f.name, f.value) for f in details] == [("demographic", "age", "failed")]
    assert all("after 3 tries" in f.reason for f in (*facets, *details))


async def test_nobody_answering_is_no_fact(make_asker: MakeAsker, library: Library) -> None:
    with Scripted([500]) as server:
        made = ModelProfiler("run", make_asker(server.url, retries=0), library.domain("books"))
        for asked in (
            made.facets("r", REVIEWS, list(library.facets.values())[:2], True),
            made.demographics("r", REVIEWS, ["age"]),
            made.stances("r", EVIDENCE, list(library.seeds.values())[:2]),
        ):
            with pytest.raises(NotAnsweredError):
                await asked


async def test_demographics_that_are_given_are_not_inferred_over(make_asker: MakeAsker, library: Library) -> None:
    answer = json.dumps(
        {
            "gender": inference({"value": "woman"}),
            "age": inference({"value": "35-44"}),
            "location": inference({"value": "unknown"}, evidence=()),
        }
    )
    with Scripted([answer]) as server:
        facts = await profiler(make_asker, server, library).demographics("r", REVIEWS, ["age", "location"])
    assert [(f.name, f.value) for f in facts] == [("age", "35-44"), ("location", "unknown")]


@pytest.mark.parametrize("unknown", ["unknown", "Unknown", " unknown ", "UNKNOWN"])
async def test_unknown_is_unknown_however_it_is_written(make_asker: MakeAsker, library: Library, unknown: str) -> None:
    answer = json.dumps({name: inference({"value": unknown}) for name in DEMOGRAPHICS})
    with Scripted([answer]) as server:
        facts = await profiler(make_asker, server, library).demographics("r", REVIEWS, DEMOGRAPHICS)
    assert {f.value for f in facts} == {"unknown"}


async def test_planted_truth_is_recovered_over_http(
    make_asker: MakeAsker, make_reader: MakeReader, library: Library, stub: Stub, tmp_path: Path
) -> None:
    """The stub knows the planted readers by their reviews and the views in them, so this also tests what the prompts
    show of either."""
    made = project(config(stub.url, tmp_path), library)
    take_in(made, each=1)
    for reader in made.stores.corpus.readers():
        true, reviews = truth()[reader.id], made.stores.corpus.reviews_of(reader.id)
        ids = places()[reader.id]
        asked = [library.seeds[seed] for seed in list(true["stances"])[:10]]
        who = ModelProfiler("run", make_asker(stub.url), library.domain("books"))
        facts = await who.stances(reader.id, await evidence_in(reviews, make_reader(stub.url)), asked)
        assert {f.name: f.value for f in facts} == {seed.id: true["stances"][seed.id] for seed in asked}
        for fact in facts:
            shows = {ids[place] for place in true["evidence"].get(fact.name, [])}
            assert set(fact.evidence) <= shows and len(fact.evidence) == min(3, len(shows))
        for turned in (False, True):
            facets = await who.facets(reader.id, reviews, list(library.facets.values()), turned)
            assert {f.name: f.value for f in facets} == true["facets"]
            for fact in facets:
                shows = {ids[place] for place in true["facet_evidence"].get(fact.name, [])}
                assert set(fact.evidence) <= shows and bool(fact.evidence) == (fact.value != "unknown")
                assert (fact.score is None) == (fact.value == "unknown")
                assert fact.score is None or (fact.score > 50) == (fact.value == "high")


def test_reviews_are_shown_short_and_numbered() -> None:
    long = review("1", text="x" * 5_000, title='A "title" ' * 50)
    shown = aliased([long, *REVIEWS])
    assert [row["alias"] for row in shown] == ["r1", "r2", "r3", "r4"]
    assert len(shown[0]["text"]) == REVIEW_CHARS
    assert len(shown[0]["title"]) == 200 and '"' not in shown[0]["title"]


def test_ratings_are_shown_without_needless_digits() -> None:
    shown = aliased([review("1", rating=4.0), review("2", rating=3.5)])
    assert [row["rating"] for row in shown] == ["4", "3.5"]


def test_views_are_shown_with_their_quotes_in_the_words_around_them() -> None:
    """Quotes of the title as well, and never more of a long review than is needed."""
    long = review("1", text=f"{'x' * 900}I hated that.{'y' * 900}", title="Loved the dog", rating=3.5)
    shown = Evidence(
        [long, *REVIEWS], [view(long, "I hated that.", "I hate it."), view(long, "Loved the dog"), VIEWS[0]]
    )
    first, second, third = shown.shown
    assert first == {
        "alias": "w1",
        "rating": "3.5",
        "statement": "I hate it.",
        "words": f"…{'x' * AROUND}«I hated that.»{'y' * AROUND}…",
    }
    assert (second["alias"], second["words"]) == ("w2", "«Loved the dog»")
    assert (third["alias"], third["words"]) == ("w3", "«Text number 1.»")
