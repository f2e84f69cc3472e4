"""The two askings: what is found, what the rules have against it, and what is refuted."""

import json
from typing import Any

import pytest

from gravity.agents.errors import NotAnsweredError, UnusableError
from gravity.agents.views.chunks import Chunk, Passage
from gravity.agents.views.finder import MOST, Candidate
from gravity.agents.views.refuter import Refuter
from tests.agents.conftest import MakeAsker
from tests.agents.views.support import BOOKS, OPPOSITE, STATEMENT, found, listed, sought, verdicts
from tests.stub.scripted import Scripted
from tests.support import review

FIRST = review("review-1", title="Ends well", text="A slow start. It CLOSES\nthe door on everybody, as I like it.")
SECOND = review("review-2", title="Nunca mais", text="Não é para mim — “finais abertos” me cansam.")
CHUNK = Chunk(0, [Passage(FIRST, FIRST.text), Passage(SECOND, SECOND.text)])


async def candidates(make_asker: MakeAsker, *views: dict[str, Any]) -> list[Candidate]:
    with Scripted([listed(*views)]) as server:
        return await sought(make_asker(server.url), CHUNK)


async def test_a_quote_becomes_the_words_of_its_review(make_asker: MakeAsker) -> None:
    one, two, three = await candidates(
        make_asker,
        found(quote="closes the door on everybody"),
        found("r2", quote='"finais abertos" me cansam.'),
        found("r2", quote="nunca mais"),
    )
    assert (one.review, one.quote, one.fault) == (FIRST, "CLOSES\nthe door on everybody", "")
    assert (two.review, two.quote, two.fault) == (SECOND, "finais abertos” me cansam", "")
    # In the title.
    assert (three.review, three.quote, three.fault) == (SECOND, "Nunca mais", "")
    assert one.made_by.call and one.made_by.prompt


async def test_what_the_rules_have_against_a_view_is_said(make_asker: MakeAsker) -> None:
    made_up, of_the_other, no_opposite, long, fine = await candidates(
        make_asker,
        found(quote="I want it to close the door"),
        found("r2", quote="closes the door on everybody"),
        found(opposite=STATEMENT.upper().strip(".")),
        found(statement=" ".join(["word"] * 31)),
        found(),
    )
    assert made_up.fault == of_the_other.fault == "the quote does not stand in the review"
    assert made_up.quote == "I want it to close the door"
    assert no_opposite.fault == "the opposite is the statement"
    assert long.fault == "a side has more than 30 words"
    assert fine.fault == ""


async def test_a_view_of_a_review_that_is_not_shown_is_asked_for_again(make_asker: MakeAsker) -> None:
    with Scripted([listed(found("r3")), listed(found("r2", "me cansam"))]) as server:
        (only,) = await sought(make_asker(server.url), CHUNK)
        first, second = server.said("user")
    assert only.review == SECOND
    assert "views.0.review: Input should be 'r1' or 'r2'" in second.removeprefix(first)


async def test_reviews_are_shown_whole_and_the_number_that_is_asked_for_is_said(make_asker: MakeAsker) -> None:
    with Scripted([listed()]) as server:
        assert await sought(make_asker(server.url), CHUNK) == []
        (system,), (user,) = server.said("system"), server.said("user")
    assert f"at most {MOST}" in system
    for number, one in enumerate((FIRST, SECOND), start=1):
        assert f'<review id="r{number}" rating="4" title="{one.title}">\n{one.text}\n</review>' in user


async def test_each_candidate_is_put_to_the_second_asking_with_its_quote(make_asker: MakeAsker) -> None:
    given = await candidates(make_asker, found(), found("r2", "me cansam", statement="I am tired of open endings."))
    with Scripted([verdicts("holds", "too general", common=70, objection="said once")]) as server:
        told, made_by = await Refuter(make_asker(server.url), BOOKS).verdicts(CHUNK, given)
        (user,) = server.said("user")
    assert [(one.verdict, one.objection, one.common) for one in told] == [
        ("holds", "said once", 70),
        ("too general", "said once", 70),
    ]
    assert made_by.call and made_by.call != given[0].made_by.call
    assert (
        f'<view id="v1" review="r1">{STATEMENT}<opposite>{OPPOSITE}</opposite><quote>CLOSES\nthe door</quote>' in user
    )
    assert '<view id="v2" review="r2">I am tired of open endings.<opposite>' in user
    assert all(one.text in user for one in (FIRST, SECOND))


@pytest.mark.parametrize(
    "unfit",
    [
        "{}",
        verdicts("holds"),
        verdicts("holds", "perhaps"),
        verdicts("holds", "holds", common=140),
        verdicts("holds", "holds", "holds"),
        json.dumps({"v1": "holds", "v2": "holds"}),
    ],
    ids=["none", "one is missing", "no such verdict", "more than all", "one too many", "bare"],
)
async def test_verdicts_that_do_not_fit_are_no_verdicts(make_asker: MakeAsker, unfit: str) -> None:
    given = await candidates(make_asker, found(), found("r2", "me cansam"))
    with Scripted([unfit]) as server:
        with pytest.raises(UnusableError, match="after 3 tries"):
            await Refuter(make_asker(server.url), BOOKS).verdicts(CHUNK, given)
        assert server.counts.requests == 3


async def test_nobody_answering_is_no_view_and_no_verdict(make_asker: MakeAsker) -> None:
    given = await candidates(make_asker, found())
    with Scripted([500]) as server:
        asker = make_asker(server.url, retries=0)
        with pytest.raises(NotAnsweredError):
            await sought(asker, CHUNK)
        with pytest.raises(NotAnsweredError):
            await Refuter(asker, BOOKS).verdicts(CHUNK, given)
