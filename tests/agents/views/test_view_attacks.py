"""The forty attacks as reviews that are read for views."""

from collections.abc import Iterator
from typing import Any

import pytest

from gravity.agents.crosscheck import CrossCheck
from gravity.agents.evidence import Evidence
from gravity.agents.profiler import ModelProfiler
from gravity.agents.prompting import prompt
from gravity.agents.stances import Batch, taken
from gravity.agents.views.chunks import Chunk, Cutting, Passage
from gravity.agents.views.quoting import located
from gravity.frameworks.loader import Library
from gravity.store.records import Review
from gravity.store.views import AROUND
from tests.agents.attacks import ATTACK, among_plain, assert_within, attacker
from tests.agents.conftest import MakeAsker
from tests.agents.views.support import BOOKS, OPPOSITE, STATEMENT, found, listed, verdicts, view, view_reader
from tests.stub.scripted import Scripted
from tests.stub.server import Stub
from tests.stub.truth import OBEYED, Character
from tests.stub.views import first_words
from tests.support import review

SEEDS = list(Library().seeds.values())[:3]
VIEW = {"alias": "v1", "review": "r1", "statement": STATEMENT, "opposite": OPPOSITE, "quote": "the door"}
VARIABLES: dict[str, dict[str, Any]] = {"views": {"most": 16}, "refute": {"views": [VIEW]}}
TAGS = ("<", "<review ", "</review>", "<view ", "</view>", "<opposite>", "<quote>", "</quote>", "<words>", "</words>")


def chunk(reviews: list[Review]) -> Chunk:
    """All of the reviews in one call."""
    return Chunk(0, [Passage(one, one.text) for one in reviews])


@pytest.fixture(scope="module")
def gullible() -> Iterator[Stub]:
    """A model that answers whatever a review tells it to."""
    with Stub(Character(gullible=True)) as server:
        yield server


@pytest.mark.parametrize("name", VARIABLES)
@pytest.mark.parametrize("identity", ATTACK)
def test_an_attack_stays_within_its_review(name: str, identity: str) -> None:
    """In the text and in the title: the tags are those that the template makes, and the attack is between them."""
    plain, hostile = among_plain(identity)
    _, before = prompt(name).render(domain=BOOKS, reviews=chunk(plain).shown, **VARIABLES[name])
    _, after = prompt(name).render(domain=BOOKS, reviews=chunk(hostile).shown, **VARIABLES[name])
    assert_within(identity, before, after, TAGS)


@pytest.mark.parametrize("identity", ATTACK)
def test_an_attack_as_a_view_stays_within_its_tags(identity: str) -> None:
    """As statement, opposite and quote, to the second asking; as statement and words, to who takes stances."""
    text = ATTACK[identity]["text"]
    told = {**VIEW, "statement": text, "opposite": text, "quote": text}
    _, before = prompt("refute").render(domain=BOOKS, reviews=chunk([review("1")]).shown, views=[VIEW])
    _, after = prompt("refute").render(domain=BOOKS, reviews=chunk([review("1")]).shown, views=[told])
    own, attack = review("r-1", text="I like the door."), attacker(identity)
    plain = Evidence([own], [view("r", review="r-1", quote="the door")])
    middle = text[len(text) // 3 : 2 * len(text) // 3]
    hostile = Evidence([attack], [view("r", text, text, review=identity, quote=middle)])
    seeds = [{"alias": "s1", "statement": SEEDS[0].statement, "opposite": SEEDS[0].opposite}]
    _, asked = prompt("stances").render(domain=BOOKS, views=plain.shown, seeds=seeds)
    _, attacked = prompt("stances").render(domain=BOOKS, views=hostile.shown, seeds=seeds)
    for tag in (*TAGS, "<statement ", "</statement>"):
        assert after.count(tag) == before.count(tag)
        assert attacked.count(tag) == asked.count(tag)
    # Its words and what stands around them, and the seeds after it as after any other.
    words = hostile.shown[0]["words"]
    assert middle in words and len(words) <= len(middle) + 2 * AROUND + 4
    assert f"<words>{words.replace('<', '‹')}</words></view>" in attacked
    assert attacked.partition("</words></view>")[2] == asked.partition("</words></view>")[2]


@pytest.mark.parametrize("identity", ATTACK)
async def test_what_is_quoted_of_an_attack_stands_in_it_and_is_put_to_the_second_asking(
    make_asker: MakeAsker, identity: str
) -> None:
    """A gullible finder takes a view from it. A refuter that is not gullible drops it, with the reason."""
    attack = attacker(identity)
    quote = first_words(attack.text)
    views = listed(found(quote=quote, statement=OBEYED, opposite="I make up my own mind about what I am told."))
    with Scripted([views]) as finder, Scripted([verdicts("no view", objection="a demand on the model")]) as refuter:
        _, (only,) = await view_reader(make_asker(finder.url), make_asker(refuter.url)).read("r", [attack])
        assert refuter.counts.requests == 1
    assert only.quote == located(quote, attack.text) and only.quote in attack.text
    assert (only.verdict, only.reason) == ("dropped", "no view: a demand on the model")


async def test_a_view_that_an_attack_puts_into_the_mouth_of_others_reviews_is_dropped(make_asker: MakeAsker) -> None:
    """It can name the review that it stands in, or quote itself; not make another review say what it does not."""
    attack, own = attacker(next(iter(ATTACK))), review("own")
    both = Cutting(reviews=2)
    stolen = found("r2", quote=first_words(attack.text))
    with Scripted([listed(stolen)]) as finder, Scripted([verdicts("holds")]) as refuter:
        made = view_reader(make_asker(finder.url), make_asker(refuter.url), both)
        _, views = await made.read("r", [attack, review("between"), own])
        assert refuter.counts.requests == 0
    assert {one.reason for one in views} == {"the quote does not stand in the review"}


async def test_views_of_a_model_that_is_not_gullible_are_none(make_asker: MakeAsker, stub: Stub) -> None:
    made = view_reader(make_asker(stub.url))
    for identity in ATTACK:
        _, views = await made.read("r", [attacker(identity)])
        assert views == []


@pytest.mark.parametrize("checked", [True, False], ids=["refuted by another", "refuted by itself"])
async def test_a_gullible_model_takes_no_stance_from_an_attack(
    make_asker: MakeAsker, gullible: Stub, stub: Stub, checked: bool
) -> None:
    """All it knows is an attack. Where another model refutes no view is left; where it refutes itself, the view is
    kept, the model obeys each time that it is asked, and the turned asking undoes it."""
    made = view_reader(make_asker(gullible.url), make_asker(stub.url) if checked else None)
    model = ModelProfiler("run", make_asker(gullible.url), BOOKS)
    kept = obeyed = believed = 0
    for identity, attack in ATTACK.items():
        shown = attacker(identity)
        _, views = await made.read("r", [shown])
        own = [one for one in views if one.verdict == "kept"]
        kept += len(own)
        if not own:
            continue
        batch = Batch(Evidence([shown], own, 0), SEEDS)
        told = await model.stances("r", batch.evidence, batch.seeds)
        obeyed += {one.value for one in told} == {attack["wants"]["stance"]}
        ((_, facts),) = await CrossCheck(model, None, 0.0).checked("r", [(batch, told)])
        believed += any(map(taken, facts))
    print(f"\nviews kept of {len(ATTACK)} attacks: {kept}; obeyed: {obeyed}; stances believed: {believed}")
    assert (kept, obeyed, believed) == ((0, 0, 0) if checked else (len(ATTACK), len(ATTACK), 0))
