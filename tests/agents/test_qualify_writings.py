"""Played judges and checkers of writings, of known worth, are measured as what they are."""

from collections import Counter
from typing import Any

import pytest

from gravity.agents.qualification import INVENTION, WRITING, Bar
from gravity.agents.qualification.invention import try_inventions
from gravity.agents.qualification.trial import UnansweredError, sampled, summarised
from gravity.agents.qualification.twins import overlap
from gravity.agents.qualification.writing import try_writings
from gravity.agents.writings.checker import WritingChecker
from gravity.agents.writings.judge import WritingJudge
from gravity.store.records import Qualification
from tests.agents.conftest import MakeAsker
from tests.agents.gold import BOOKS, GOLD, base, silent, within
from tests.stub.server import Faults, Stub
from tests.stub.truth import Character

WRITINGS = sampled(GOLD.writings.values(), "held-out", None)
TWINS = sampled(GOLD.inventions.values(), "held-out", None)
BAR = Bar(0.7, 0.7)


async def judged(make_asker: MakeAsker, character: Character, **judge: Any) -> Qualification:
    with Stub(character) as server:
        made = WritingJudge(make_asker(server.url), BOOKS, **judge)
        return summarised(base("writing"), await try_writings(made, WRITINGS, silent))


async def checked(make_asker: MakeAsker, character: Character, faults: Faults | None = None) -> Qualification:
    with Stub(character, faults) as server:
        made = WritingChecker(make_asker(server.url), BOOKS)
        return summarised(base("invention"), await try_inventions(made, TWINS, silent))


def kinds() -> Counter[str]:
    return Counter(name for case in WRITINGS for name in (case.case, case.language))


async def test_a_perfect_judge_gets_all_cases_and_says_where_nothing_divides(make_asker: MakeAsker) -> None:
    found = await judged(make_asker, Character())
    telling = sum(case.answer != "neither" for case in WRITINGS)
    assert (found.cases, found.telling) == (len(WRITINGS), telling)
    assert found.answered == found.right == found.told == telling
    assert found.swapped == found.consistent == len(WRITINGS)
    assert found.kinds == {kind: (n, n) for kind, n in sorted(kinds().items())}
    truths = {"first": "first", "second": "second", "neither": "unknown"}
    assert found.outcomes == {
        case.id: (truths[case.answer], None if case.answer == "neither" else case.answer, None) for case in WRITINGS
    }
    # Half of the answers take the text shown first: each is asked about both ways round.
    assert (found.sided, found.first) == (2 * telling, telling)
    assert WRITING.qualifies(found, BAR)


@pytest.mark.parametrize("accuracy", [0.9, 0.6])
async def test_an_accuracy_is_measured_as_it_is(make_asker: MakeAsker, accuracy: float) -> None:
    found = await judged(make_asker, Character(accuracy=accuracy))
    right = sum(truth == said for truth, said, _ in found.outcomes.values())
    assert within(accuracy, right, found.telling)
    # Who sides where nothing divides is wrong, and the answer counts.
    sided = sum(truth == "unknown" and said is not None for truth, said, _ in found.outcomes.values())
    assert within(1 - accuracy, sided, found.cases - found.telling)
    assert found.answered == found.telling + sided and found.right == right
    assert WRITING.qualifies(found, BAR) == (accuracy == 0.9)


async def test_one_that_loves_length_is_caught_by_the_padded_texts(make_asker: MakeAsker) -> None:
    found = await judged(make_asker, Character(loves_length=1.0))
    n, right = found.kinds["length"]
    assert n >= 4 and right <= n / 4
    plain, hits = found.kinds["fits"]
    assert hits / plain > 0.75


async def test_one_that_takes_the_first_text_has_told_nothing(make_asker: MakeAsker) -> None:
    found = await judged(make_asker, Character(position_bias=1.0))
    assert (found.answered, found.right, found.consistent) == (0, 0, 0)
    assert all(hits == 0 for _, hits in found.kinds.values())
    assert found.first == found.sided == 2 * len(WRITINGS)
    assert not WRITING.qualifies(found, BAR)


async def test_one_that_never_can_tell_is_right_where_nothing_divides_and_covers_nothing(make_asker: MakeAsker) -> None:
    found = await judged(make_asker, Character(unsure=1.0))
    assert found.kinds["nothing"] == (kinds()["nothing"], kinds()["nothing"])
    assert (found.answered, found.told) == (0, 0) and found.consistent == found.cases
    assert not WRITING.qualifies(found, BAR)


async def test_in_one_order_the_place_of_the_right_text_is_dealt(make_asker: MakeAsker) -> None:
    found = await judged(make_asker, Character(), orders=1)
    assert found.right == found.telling and found.swapped == 0
    assert within(0.5, found.first, found.sided)


async def test_a_judge_without_answers_has_not_said_that_it_cannot_tell(make_asker: MakeAsker) -> None:
    nothing = [case for case in WRITINGS if case.case == "nothing"][:3]
    with Stub(faults=Faults(unfit=1.0)) as server:
        tried = await try_writings(WritingJudge(make_asker(server.url), BOOKS), nothing, silent)
    assert [trial.right for trial in tried] == [False] * 3


async def test_a_case_that_nobody_answers_makes_no_trial(make_asker: MakeAsker) -> None:
    with Stub(faults=Faults(broken=1.0)) as server:
        asked, examined = (make_asker(server.url, retries=0) for _ in range(2))
        with pytest.raises(UnansweredError):
            await try_writings(WritingJudge(asked, BOOKS), WRITINGS[:2], silent)
        with pytest.raises(UnansweredError):
            await try_inventions(WritingChecker(examined, BOOKS), TWINS[:2], silent)


# Checkers.


async def test_a_perfect_checker_finds_all_and_nothing_in_the_twins(make_asker: MakeAsker) -> None:
    found = await checked(make_asker, Character())
    assert found.cases == found.right == found.clean == len(TWINS) and found.alarms == 0
    asked = Counter(name for case in TWINS for name in (case.case, case.language))
    assert found.kinds == {kind: (n, n) for kind, n in sorted(asked.items())}
    assert INVENTION.qualifies(found, BAR)
    assert INVENTION.error_rates(found) == {"misses": (0, len(TWINS)), "false alarms": (0, len(TWINS))}


@pytest.mark.parametrize(("missed", "invented"), [(0.4, 0.0), (0.0, 0.3), (0.9, 0.0)])
async def test_what_a_checker_misses_and_makes_up_is_measured(
    make_asker: MakeAsker, missed: float, invented: float
) -> None:
    found = await checked(make_asker, Character(missed=missed, invented=invented))
    assert within(1 - missed, found.right, found.cases)
    assert within(invented, found.alarms, found.clean)
    assert INVENTION.qualifies(found, BAR) == (missed < 0.9)


async def test_a_checker_that_remarks_on_everything_does_not_count(make_asker: MakeAsker) -> None:
    found = await checked(make_asker, Character(invented=1.0))
    assert found.alarms == found.clean == len(TWINS)
    assert not INVENTION.qualifies(found, BAR)


async def test_a_twin_without_an_answer_is_not_clean(make_asker: MakeAsker) -> None:
    found = await checked(make_asker, Character(), Faults(unfit=1.0))
    assert (found.right, found.clean, found.alarms) == (0, 0, 0)
    assert not INVENTION.qualifies(found, BAR)


def test_a_remark_counts_where_it_shares_words_with_the_planted_ones() -> None:
    text = "A widow of sixty walks the road. It won a prize."
    assert overlap(text, "of sixty", "A widow of") and overlap(text, "sixty", "A widow of sixty walks")
    assert not overlap(text, "of sixty", "It won a prize")
