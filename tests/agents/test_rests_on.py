"""A stance says which views it rests on, from the answer that names them to the fact that is kept."""

import json
from collections.abc import Sequence

from gravity.agents.crosscheck import CrossCheck
from gravity.agents.evidence import Evidence
from gravity.agents.profiler import ModelProfiler
from gravity.agents.stances import Batch, together_told
from gravity.frameworks.loader import Library
from gravity.store.database import Database
from gravity.store.ledger import Ledger
from gravity.store.records import Fact
from gravity.store.views import View
from tests.agents.conftest import MakeAsker
from tests.store import build
from tests.stub.scripted import Scripted
from tests.support import fact, review

RUN = build.run()
REVIEWS = [review(f"review-{n}", text=f"Number {n}. A fine book.") for n in (1, 2)]
VIEWS = [build.view(RUN, "r", of, statement=f"I hold view {n}.") for n, of in enumerate(["review-1", "review-2"] * 2)]


def answer(stance: str, *evidence: str) -> str:
    return json.dumps({"s1": {"evidence": evidence, "stance": stance, "confidence": 80}})


async def asked(make_asker: MakeAsker, library: Library, *answers: str) -> list[Fact]:
    """The stance of one reader toward one seed, with or without the second asking."""
    seeds, told = list(library.seeds.values())[:1], Batch(Evidence(REVIEWS, VIEWS), [])
    with Scripted(list(answers)) as server:
        profiler = ModelProfiler("run", make_asker(server.url), library.domain("books"))
        facts = await profiler.stances("r", told.evidence, seeds)
        second = profiler if len(answers) > 1 else None
        return await CrossCheck(second, None, 0.0).held_against("r", facts, Batch(told.evidence, seeds))


def ids(*numbers: int) -> list[str]:
    return [VIEWS[number].id for number in numbers]


async def test_a_stance_names_its_views_and_their_reviews_once(make_asker: MakeAsker, library: Library) -> None:
    (found,) = await asked(make_asker, library, answer("agree", "w3", "w1", "w3"))
    assert (found.value, found.views, found.evidence) == ("agree", ids(2, 0), ["review-1"])


async def test_what_the_second_asking_names_is_added(make_asker: MakeAsker, library: Library) -> None:
    (found,) = await asked(make_asker, library, answer("agree", "w1"), answer("disagree", "w2", "w1"))
    assert (found.value, found.views, found.evidence) == ("agree", ids(0, 1), ["review-1", "review-2"])


async def test_a_stance_without_evidence_rests_on_no_view(make_asker: MakeAsker, library: Library) -> None:
    (found,) = await asked(make_asker, library, answer("agree"))
    assert (found.value, found.views) == ("unknown", [])


async def test_facets_rest_on_reviews_and_on_no_view(make_asker: MakeAsker, library: Library) -> None:
    facets = list(library.facets.values())[:5]
    said = {"evidence": ["r2"], "level": "first", "score": 20, "confidence": 80}
    with Scripted([json.dumps({f"f{n}": said for n in range(1, 6)})]) as server:
        profiler = ModelProfiler("run", make_asker(server.url), library.domain("books"))
        facts = await profiler.facets("r", REVIEWS, facets, False)
    assert [(found.evidence, found.views) for found in facts] == 5 * [(["review-2"], [])]


def told(half: int, value: str, *views: View) -> tuple[Batch, Sequence[Fact]]:
    reviews = list(dict.fromkeys(view.review for view in views))
    given = fact("stance", "seed", value, 0.9, reviews).model_copy(update={"views": [view.id for view in views]})
    return Batch(Evidence(REVIEWS, views, half), []), [given]


def test_the_views_of_all_batches_that_show_a_stance_are_kept() -> None:
    for second, value in (("agree", "agree"), ("disagree", "unknown")):
        batches = [told(0, "agree", VIEWS[1], VIEWS[0]), told(1, second, VIEWS[2], VIEWS[1])]
        (found,), _ = together_told([*batches, told(1, "unknown", VIEWS[3])])
        assert (found.value, found.views) == (value, ids(1, 0, 2))
        assert found.evidence == ["review-2", "review-1"]


def test_the_store_keeps_them(database: Database) -> None:
    ledger = Ledger(database)
    given = fact("stance", "seed", "agree").model_copy(update={"views": ids(0, 1)})
    ledger.add_profile("run", "r", [given, fact("facet", "intellect", "high")])
    assert {found.name: found.views for found in ledger.facts("run", "r")} == {"seed": ids(0, 1), "intellect": []}
