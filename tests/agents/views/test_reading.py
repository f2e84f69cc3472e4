"""A reader's views: read, refuted, merged, and told of where a part could not be read."""

import json
from collections.abc import Sequence
from typing import Any

import pytest
from aiohttp import web

from gravity.agents.errors import NotAnsweredError
from gravity.agents.views.chunks import Cutting
from gravity.agents.views.reading import ViewReader
from gravity.store.database import Database
from gravity.store.importers import reviews as read_reviews
from gravity.store.records import Review
from gravity.store.views import Reading, View, Views
from tests.agents.conftest import MakeAsker
from tests.agents.views.support import OPPOSITE, STATEMENT, found, listed, verdicts, view_reader
from tests.stub.scripted import Scripted
from tests.stub.server import Stub, completion
from tests.stub.truth import Character
from tests.support import QUIET, review, truth

TRUTH = truth(QUIET)
WISH = "It closes the door, as I want an ending to do."
REVIEWS = [review(f"review-{n}", text=f"{n}. {WISH} Sturdy paper.", time=n) for n in range(4)]
ONE_EACH = Cutting(reviews=1)


def quiet_reviews() -> dict[str, list[Review]]:
    """The reviews of each quiet reader in file order, which is how the truth counts them."""
    listed_reviews: dict[str, list[Review]] = {}
    for one in read_reviews(QUIET.reviews, "amazon-2023"):
        assert isinstance(one, Review)
        listed_reviews.setdefault(one.reader, []).append(one)
    return listed_reviews


async def read(
    make_asker: MakeAsker, find: str, refute: str, reviews: Sequence[Review] = REVIEWS[:1], cutting: Cutting = ONE_EACH
) -> tuple[Reading, list[View]]:
    with Scripted([find]) as finder, Scripted([refute]) as refuter:
        made = view_reader(make_asker(finder.url), make_asker(refuter.url), cutting)
        return await made.read("r", reviews)


async def test_what_the_rules_drop_is_kept_with_its_reason_and_is_not_put_to_the_second_asking(
    make_asker: MakeAsker,
) -> None:
    bad = found(quote="it opens the door", statement="I want an ending that opens a door.")
    with Scripted([listed(bad, found())]) as finder, Scripted([verdicts("holds")]) as refuter:
        reading, views = await view_reader(make_asker(finder.url), make_asker(refuter.url)).read("r", REVIEWS[:1])
        (asked,) = refuter.said("user")
    assert (reading.reviews, reading.reviews_left_out, reading.failed) == (1, 0, [])
    by_verdict = {one.verdict: one for one in views}
    assert len(views) == 2
    dropped, kept = by_verdict["dropped"], by_verdict["kept"]
    assert (dropped.reason, dropped.quote) == ("the quote does not stand in the review", "it opens the door")
    assert dropped.checked_by is None and dropped.common is None
    assert bad["statement"] not in asked and STATEMENT in asked
    assert (kept.reason, kept.quote, kept.common) == ("", "closes the door", 0.4)
    assert kept.checked_by is not None and kept.checked_by.call != kept.made_by.call


@pytest.mark.parametrize("verdict", ["not theirs", "no view", "not shown", "too general", "unfair opposite", "repeats"])
async def test_what_is_refuted_is_dropped_with_verdict_and_objection(make_asker: MakeAsker, verdict: str) -> None:
    _, (only,) = await read(make_asker, listed(found()), verdicts(verdict, objection="the heroine says so"))
    assert (only.verdict, only.reason) == ("dropped", f"{verdict}: the heroine says so")
    assert only.checked_by is not None and only.checked_by.call


async def test_where_the_rules_drop_all_nobody_is_asked_to_refute(make_asker: MakeAsker) -> None:
    with Scripted([listed(found(quote="not there"))]) as finder, Scripted([500]) as refuter:
        _, views = await view_reader(make_asker(finder.url), make_asker(refuter.url)).read("r", REVIEWS[:1])
        assert refuter.counts.requests == 0
    assert [one.verdict for one in views] == ["dropped"]


async def test_views_come_from_both_halves_each_with_its_own_review(make_asker: MakeAsker) -> None:
    reading, views = await read(make_asker, listed(found()), verdicts("holds"), REVIEWS)
    assert reading.reviews == 4
    assert [(one.review, one.half) for one in views] == [
        ("review-0", 0),
        ("review-2", 0),
        ("review-1", 1),
        ("review-3", 1),
    ]
    assert len({one.id for one in views}) == 4


async def test_repeats_name_the_first(make_asker: MakeAsker) -> None:
    said = json.dumps({"i2": "i1", "i3": "none", "i4": "i3"})
    with Scripted([listed(found())]) as finder, Scripted([verdicts("holds")] * 4 + [said]) as refuter:
        made = view_reader(make_asker(finder.url), make_asker(refuter.url), ONE_EACH)
        _, views = await made.read("r", REVIEWS)
        asked = refuter.said("user")[-1]
    assert [one.same_as for one in views] == [None, views[0].id, None, views[2].id]
    assert {one.verdict for one in views} == {"kept"}
    assert asked.count("<issue ") == 4 and asked.count(f"<opposite>{OPPOSITE}</opposite>") == 4


async def test_without_a_usable_answer_each_view_stands_for_itself(make_asker: MakeAsker) -> None:
    _, views = await read(make_asker, listed(found()), verdicts("holds"), REVIEWS)
    assert [one.same_as for one in views] == [None] * 4


async def test_what_was_dropped_is_nobodys_first(make_asker: MakeAsker) -> None:
    twice = (found(), found(quote="as I want an ending to do"))
    _, views = await read(make_asker, listed(*twice), verdicts("not shown", "holds"))
    assert [(one.verdict, one.same_as) for one in views] == [("dropped", None), ("kept", None)]


async def test_a_view_that_two_parts_of_a_review_show_is_one(make_asker: MakeAsker, database: Database) -> None:
    """In the overlap, or in the title, which stands above each part."""
    text = "\n".join(f"Sentence {n} of a long review tells what happens next." for n in range(60))
    long = review("long", title="Closes the door", text=text)
    cutting = Cutting(chars=1_200, reviews=1)
    assert len(cutting.chunks([long])[0]) > 2
    reading, views = await read(make_asker, listed(found()), verdicts("holds"), [long], cutting)
    assert [(one.quote, one.same_as) for one in views] == [("Closes the door", None)]
    store = Views(database)
    store.add_reading(reading, views)
    assert store.of("run", "r") == views


async def test_a_view_that_is_refuted_in_one_part_and_not_in_another_is_dropped(make_asker: MakeAsker) -> None:
    long = review("long", title="Closes the door", text="\n".join(f"Sentence {n} of a long review." for n in range(60)))
    cutting = Cutting(chars=1_200, reviews=1)
    with Scripted([listed(found())]) as finder, Scripted([verdicts("not shown"), verdicts("holds")]) as refuter:
        asker = make_asker(refuter.url)
        _, views = await view_reader(make_asker(finder.url), asker, cutting).read("long", [long])
        assert refuter.counts.requests > 1
    assert [one.verdict for one in views] == ["dropped"]


async def test_of_two_wordings_of_a_view_the_one_that_the_rules_allow_stands(make_asker: MakeAsker) -> None:
    twice = (found(), found(opposite=STATEMENT))
    _, views = await read(make_asker, listed(*twice), verdicts("holds"))
    assert [(one.verdict, one.opposite) for one in views] == [("kept", OPPOSITE)]


async def test_a_chunk_without_a_usable_answer_is_told_and_the_others_stand(make_asker: MakeAsker) -> None:
    class Mute(Stub):
        """Finds no words for the third review."""

        async def _respond(self, body: dict[str, Any]) -> web.StreamResponse:
            if "2. It closes" in json.dumps(body):
                return web.json_response(completion("stub", "I would rather not say.", 7))
            return await super()._respond(body)

    with Mute() as server:
        reading, views = await view_reader(make_asker(server.url), cutting=ONE_EACH).read("r", REVIEWS)
    assert views == [] and reading.reviews == 4
    (reason,) = reading.failed
    assert "no answer that fits after 3 tries" in reason


@pytest.mark.parametrize("silent", ["finder", "refuter"])
async def test_an_unanswered_chunk_is_no_reading(make_asker: MakeAsker, silent: str) -> None:
    answers = {"finder": listed(found()), "refuter": verdicts("holds")}
    steps = {role: [500] if role == silent else [answer] for role, answer in answers.items()}
    with Scripted(steps["finder"]) as finder, Scripted(steps["refuter"]) as refuter:
        made = view_reader(make_asker(finder.url, retries=0), make_asker(refuter.url, retries=0), ONE_EACH)
        with pytest.raises(NotAnsweredError):
            await made.read("r", REVIEWS)
        # What the other chunks came to is not lost: nothing that was answered is asked again.
        asked = finder.counts.requests, refuter.counts.requests
        none = json.dumps({"i2": "none", "i3": "none", "i4": "none"})
        finder.steps, refuter.steps = [answers["finder"]], [*[answers["refuter"]] * (asked[1] + 4), none]
        reading, views = await made.read("r", REVIEWS)
        again = finder.counts.requests - asked[0], refuter.counts.requests - asked[1]
    assert len(views) == 4 and reading.failed == []
    # The last question looks for repeats.
    assert again == ((4, 5) if silent == "finder" else (0, 5))


async def test_a_reader_with_two_thousand_reviews_takes_bounded_calls_and_says_what_was_left_out(
    make_asker: MakeAsker, stub: Stub
) -> None:
    many = [review(f"review-{n}", text=f"{n} pages of plot.", time=n) for n in range(2_000)]
    reading, views = await view_reader(make_asker(stub.url)).read("r", many)
    assert stub.counts.requests == 2 * Cutting().most and views == []
    assert (reading.reviews, reading.reviews_left_out) == (192, 1_808)


async def test_no_review_is_no_question(make_asker: MakeAsker, stub: Stub) -> None:
    reading, views = await view_reader(make_asker(stub.url)).read("r", [])
    assert (reading.reviews, views, stub.counts.requests) == (0, [], 0)


@pytest.mark.parametrize("reader", TRUTH)
async def test_quiet_readers_all_true_views_are_found_and_none_else(
    make_asker: MakeAsker, stub: Stub, reader: str
) -> None:
    reviews = quiet_reviews()[reader]
    _, views = await view_reader(make_asker(stub.url)).read(reader, reviews)
    true = {(reviews[v["review"]].id, v["statement"], v["opposite"]) for v in TRUTH[reader]["views"]}
    assert {(one.review, one.statement, one.opposite) for one in views if one.verdict == "kept"} == true
    assert all(one.verdict == "kept" for one in views)
    for one in views:
        assert one.quote in next(r.text for r in reviews if r.id == one.review)


async def test_views_that_are_made_up_are_refuted(make_asker: MakeAsker) -> None:
    """Of an eager model: in one review of three it finds what is not there."""
    with Stub(Character(invented=0.34)) as server:
        made: ViewReader = view_reader(make_asker(server.url))
        dropped = 0
        for reader, reviews in list(quiet_reviews().items())[::4]:
            _, views = await made.read(reader, reviews)
            assert {one.statement for one in views if one.verdict == "kept"} == {
                true["statement"] for true in TRUTH[reader]["views"]
            }
            dropped += sum(one.verdict == "dropped" and "not shown" in one.reason for one in views)
    assert dropped > 5
