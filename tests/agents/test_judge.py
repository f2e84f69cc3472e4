import json
from collections.abc import Sequence
from itertools import product
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gravity.agents.comparing import steady
from gravity.agents.errors import NotAnsweredError
from gravity.agents.judge import Case, ModelJudge, Panel
from gravity.frameworks.loader import Library
from gravity.frameworks.records import Seed
from gravity.store.records import Choice, Draft, Label, Provenance, Side, Vote
from tests.agents.conftest import MakeAsker
from tests.stub.scripted import Scripted
from tests.stub.server import Faults, Stub
from tests.stub.truth import Character, Oracle
from tests.support import draft, review

Endorsed = Literal["endorsing", "opposing", "both", "neither"] | None
LIBRARY = Library()
BOOKS = LIBRARY.domain("books")
SEED = next(iter(LIBRARY.seeds.values()))
PLAIN = draft("At the counter.", "She asks the others first.", "She signs at once.")


def judgement(answer: str) -> str:
    return json.dumps({"answer": answer, "confidence": 70, "reason": "what she does"})


def written(seed: Seed) -> Draft:
    """A draft as the stub writes it, whose sides its judge can tell."""
    scenes = Oracle().answer(f"First view: {seed.statement}\n", {"properties": {"situation": {}}})
    return draft(scenes["situation"], scenes["endorsing"], scenes["opposing"])


async def test_a_judge_is_asked_in_both_orders_and_blind(make_asker: MakeAsker) -> None:
    with Scripted([judgement("A")]) as server:
        await ModelJudge(make_asker(server.url), BOOKS).votes(SEED, PLAIN)
        assert server.counts.requests == 2
    asked = sorted(server.said("user"), key=lambda text: text.index(PLAIN.endorsing))
    assert f"A: {PLAIN.endorsing}\n\nB: {PLAIN.opposing}" in asked[0]
    assert f"A: {PLAIN.opposing}\n\nB: {PLAIN.endorsing}" in asked[1]
    for text in (*asked, *server.said("system")):
        lowered = text.casefold()
        assert "endors" not in lowered and "oppos" not in lowered.replace(SEED.opposite.casefold(), "")
    # Nothing but the order of the two differs, and the judge sees one of the two views only.
    assert asked[0].replace(PLAIN.endorsing, "X").replace(PLAIN.opposing, "X") == asked[1].replace(
        PLAIN.endorsing, "X"
    ).replace(PLAIN.opposing, "X")
    assert SEED.statement in asked[0] and SEED.opposite not in asked[0]


@pytest.mark.parametrize(
    ("answer", "endorses"),
    [
        ("A", {"endorsing": "endorsing", "opposing": "opposing"}),
        ("B", {"endorsing": "opposing", "opposing": "endorsing"}),
        ("both", {"endorsing": "both", "opposing": "both"}),
        ("neither", {"endorsing": "neither", "opposing": "neither"}),
    ],
)
async def test_letters_are_read_by_the_order(make_asker: MakeAsker, answer: str, endorses: dict[str, Endorsed]) -> None:
    with Scripted([judgement(answer)]) as server:
        votes = await ModelJudge(make_asker(server.url), BOOKS).votes(SEED, PLAIN)
    assert {vote.order: vote.endorses for vote in votes} == endorses
    assert {vote.confidence for vote in votes} == {0.7}
    assert all(vote.judge == "stub" and vote.made_by.prompt and vote.made_by.call for vote in votes)


async def test_one_order_is_one_vote(make_asker: MakeAsker) -> None:
    with Scripted([judgement("A")]) as server:
        votes = await ModelJudge(make_asker(server.url), BOOKS, orders=1).votes(SEED, PLAIN)
    assert [(vote.order, vote.endorses) for vote in votes] == [("endorsing", "endorsing")]


@pytest.mark.parametrize("step", ["I would say A.", judgement("C")])
async def test_no_usable_answer_is_a_vote_for_none(make_asker: MakeAsker, step: str) -> None:
    with Scripted([step]) as server:
        votes = await ModelJudge(make_asker(server.url, retries=0), BOOKS).votes(SEED, PLAIN)
    assert not any(vote.answered for vote in votes)
    assert [(vote.endorses, vote.confidence) for vote in votes] == [(None, 0), (None, 0)]
    assert all(vote.reason for vote in votes)


async def test_nobody_answering_is_no_vote_and_no_choice(make_asker: MakeAsker) -> None:
    # The first order is answered and the second is not: half an answer is none.
    with Scripted([judgement("A"), 500]) as server:
        panel = Panel([ModelJudge(make_asker(server.url, retries=0, max_in_flight=1), BOOKS)], {}, 1)
        with pytest.raises(NotAnsweredError):
            await panel.votes(SEED, PLAIN)
        checkers = Panel([], {"preference": [ModelJudge(make_asker(server.url, retries=0), BOOKS)]}, 1)
        with pytest.raises(NotAnsweredError):
            await checkers.choices(CASE, "preference")


async def test_a_good_judge_knows_the_sides_whichever_way_they_are_shown(make_asker: MakeAsker, stub: Stub) -> None:
    right = written(SEED)
    wrong = draft(right.situation, right.opposing, right.endorsing)
    panel = Panel([ModelJudge(make_asker(stub.url), BOOKS)], {}, 1)
    assert panel.passes(await panel.votes(SEED, right))[0]
    passed, count = panel.passes(await panel.votes(SEED, wrong))
    assert not passed
    assert count == "0 of 1 judges confirmed it, 1 did not, 0 gave no steady answer"


async def test_a_judge_that_takes_the_first_side_confirms_nothing(make_asker: MakeAsker) -> None:
    with Stub(Character(position_bias=1.0)) as server:
        panel = Panel([ModelJudge(make_asker(server.url), BOOKS)], {}, 1)
        votes = await panel.votes(SEED, written(SEED))
    assert {vote.order: vote.endorses for vote in votes} == {"endorsing": "endorsing", "opposing": "opposing"}
    assert panel.passes(votes) == (False, "0 of 1 judges confirmed it, 0 did not, 1 gave no steady answer")


async def test_with_one_order_position_bias_goes_unseen(make_asker: MakeAsker) -> None:
    """Why two orders are the default."""
    with Stub(Character(position_bias=1.0)) as server:
        panel = Panel([ModelJudge(make_asker(server.url), BOOKS, orders=1)], {}, 1)
        assert panel.passes(await panel.votes(SEED, written(SEED)))[0]


def cast(judge: str, *endorses: Endorsed) -> list[Vote]:
    orders: tuple[Side, Side] = ("endorsing", "opposing")
    return [
        Vote(
            judge=judge,
            order=order,
            endorses=choice,
            confidence=0.9,
            reason="",
            made_by=Provenance(model=judge),
        )
        for order, choice in zip(orders, endorses, strict=False)
    ]


@pytest.mark.parametrize(
    ("given", "quorum", "passes"),
    [
        ([("endorsing", "endorsing")], 1, True),
        ([("endorsing", "opposing")], 1, False),
        ([("endorsing", None)], 1, False),
        ([(None, None)], 1, False),
        ([("both", "both")], 1, False),
        ([("endorsing",)], 1, True),
        ([("endorsing", "endorsing"), ("opposing", "opposing")], 1, False),
        ([("endorsing", "endorsing"), ("both", "both")], 1, False),
        ([("endorsing", "endorsing"), ("endorsing", "both")], 1, True),
        ([("endorsing", "endorsing"), ("endorsing", "both")], 2, False),
        ([("endorsing", "endorsing"), ("endorsing", "endorsing"), ("neither", "neither")], 2, True),
        ([("endorsing", "endorsing"), ("endorsing", "endorsing"), ("neither", "neither")], 3, False),
        ([], 1, False),
    ],
)
def test_the_quorum(given: Sequence[tuple[Endorsed, ...]], quorum: int, passes: bool) -> None:
    votes = [vote for number, choices in enumerate(given) for vote in cast(f"judge {number}", *choices)]
    assert Panel([], {}, quorum).passes(votes)[0] is passes


CHOICES = list(product(["endorsing", "opposing", "both", "neither", None], repeat=2))


@given(choices=st.lists(st.sampled_from(CHOICES), max_size=5), quorum=st.integers(1, 5))
def test_a_draft_passes_by_steady_answers_alone(choices: list[tuple[Endorsed, Endorsed]], quorum: int) -> None:
    votes = [vote for number, pair in enumerate(choices) for vote in cast(f"judge {number}", *pair)]
    passed, count = Panel([], {}, quorum).passes(votes)
    steady = [first for first, second in choices if first == second and first is not None]
    agreed = steady.count("endorsing")
    assert passed == (agreed >= quorum and agreed > len(steady) - agreed)
    assert Panel([], {}, quorum).passes(votes[::-1]) == (passed, count)
    assert count == (
        f"{agreed} of {len(choices)} judges confirmed it, {len(steady) - agreed} did not, "
        f"{len(choices) - len(steady)} gave no steady answer"
    )


async def test_several_judges_are_all_asked(make_asker: MakeAsker) -> None:
    with Stub() as good, Stub(Character(accuracy=0.0)) as bad, Stub(faults=Faults(unfit=1.0)) as silent:
        judges = [
            ModelJudge(make_asker(server.url, model=name), BOOKS)
            for name, server in (("good", good), ("bad", bad), ("silent", silent))
        ]
        votes = await Panel(judges, {}, 1).votes(SEED, written(SEED))
    assert {(vote.judge, vote.endorses) for vote in votes} == {
        ("good", "endorsing"),
        ("bad", "opposing"),
        ("silent", None),
    }
    assert Panel(judges, {}, 1).passes(votes) == (
        False,
        "1 of 3 judges confirmed it, 1 did not, 1 gave no steady answer",
    )


CASE = Case(
    card="Nothing.",
    reviews=[review("review-1", text="She kept the old door."), review("review-2", text="He sold it.")],
    task="What would you do?",
    chosen="I would ask the others.",
    rejected="I would sign at once.",
)


async def test_a_pair_is_judged_from_the_reviews_in_both_orders_and_blind(make_asker: MakeAsker) -> None:
    with Scripted([judgement("A")]) as server:
        choices = await ModelJudge(make_asker(server.url), BOOKS).choices(CASE)
        assert server.counts.requests == 2
    asked = sorted(server.said("user"), key=lambda text: text.index(CASE.chosen))
    assert f"A: {CASE.chosen}\n\nB: {CASE.rejected}" in asked[0]
    assert f"A: {CASE.rejected}\n\nB: {CASE.chosen}" in asked[1]
    for text in asked:
        assert "chosen" not in text.casefold() and "rejected" not in text.casefold()
        assert all(shown.text in text for shown in CASE.reviews)
        assert CASE.card in text and CASE.task in text
    assert {choice.order: choice.prefers for choice in choices} == {"chosen": "chosen", "rejected": "rejected"}
    assert all(choice.judge == "stub" and choice.made_by.prompt and choice.made_by.call for choice in choices)


@pytest.mark.parametrize(
    ("answer", "prefers"),
    [
        ("A", {"chosen": "chosen", "rejected": "rejected"}),
        ("B", {"chosen": "rejected", "rejected": "chosen"}),
        ("cannot tell", {"chosen": None, "rejected": None}),
        ("both", {"chosen": None, "rejected": None}),
    ],
)
async def test_letters_of_a_choice_are_read_by_the_order(
    make_asker: MakeAsker, answer: str, prefers: dict[str, Label | None]
) -> None:
    """ "both" is none of the answers to this question: it is asked for again, and then a choice of None."""
    with Scripted([judgement(answer)]) as server:
        choices = await ModelJudge(make_asker(server.url), BOOKS).choices(CASE)
    assert {choice.order: choice.prefers for choice in choices} == prefers


async def test_one_order_is_one_choice(make_asker: MakeAsker) -> None:
    with Scripted([judgement("B")]) as server:
        choices = await ModelJudge(make_asker(server.url), BOOKS, orders=1).choices(CASE)
    assert [(choice.order, choice.prefers) for choice in choices] == [("chosen", "rejected")]


def chosen(judge: str, *prefers: Label | None) -> list[Choice]:
    orders: tuple[Label, Label] = ("chosen", "rejected")
    made_by = Provenance(model=judge)
    return [
        Choice(judge=judge, order=order, prefers=label, confidence=0.9, reason="", made_by=made_by)
        for order, label in zip(orders, prefers, strict=False)
    ]


PREFERRED = list(product(["chosen", "rejected", None], repeat=2))


@given(choices=st.lists(st.sampled_from(PREFERRED), max_size=5), quorum=st.integers(1, 5))
def test_a_panel_prefers_by_steady_answers_alone(choices: list[tuple[Label | None, Label | None]], quorum: int) -> None:
    cast_choices = [choice for number, pair in enumerate(choices) for choice in chosen(f"judge {number}", *pair)]
    answers = [first for first, second in choices if first == second and first is not None]
    ahead, behind = answers.count("chosen"), answers.count("rejected")
    expected = None
    if ahead >= quorum and ahead > behind:
        expected = "chosen"
    if behind >= quorum and behind > ahead:
        expected = "rejected"
    assert Panel([], {}, quorum).prefers(cast_choices) == expected
    assert Panel([], {}, quorum).prefers(cast_choices[::-1]) == expected


def test_an_answer_that_changes_with_the_order_is_none() -> None:
    assert steady([("a", "x"), ("b", "x"), ("a", "x"), ("b", "y"), ("c", None), ("d", "x"), ("d", None)]) == {
        "a": "x",
        "b": None,
        "c": None,
        "d": None,
    }
