"""Played readers of views of known worth are measured as what they are."""

import random
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from gravity.agents.profiler import ModelProfiler
from gravity.agents.qualification import VIEW
from gravity.agents.qualification.task import Bar
from gravity.agents.qualification.trial import Trial, UnansweredError, sampled
from gravity.agents.qualification.view import MIN_RECALL, Candidate, ViewTrial, try_views
from gravity.agents.repeats import Repeats
from gravity.agents.views.chunks import Cutting
from gravity.agents.views.finder import Finder
from gravity.agents.views.quoting import located
from gravity.agents.views.reading import ViewReader
from gravity.agents.views.refuter import Refuter
from gravity.frameworks.gold import NO_VIEW, GoldView
from gravity.frameworks.statistics import wilson
from gravity.store.records import Qualification
from tests.agents.conftest import MakeAsker
from tests.agents.gold import BOOKS, GOLD, LIBRARY, base, silent, within
from tests.stub.embedder import HashEmbedder
from tests.stub.issues import beginning
from tests.stub.server import Faults, Stub
from tests.stub.truth import REVIEW, SHOWN_VIEW, STATEMENT, Character, Oracle

ALL = sampled(GOLD.views.values(), "held-out", None)
FEW = sampled(GOLD.views.values(), "held-out", 12)
THERE = sum(len(case.views) for case in ALL)
CLEAN = sum(not case.views for case in ALL)


class Believing(Oracle):
    """Refutes nothing, so that all that its finder finds is kept."""

    def _refuted(self, user: str, chance: random.Random) -> dict[str, Any]:
        said = {"objection": "none", "verdict": "holds", "confidence": 85, "common": 40}
        return {alias: said for alias, _, _ in SHOWN_VIEW.findall(user)}


class Changed(Believing):
    """Finds what is there, each view of a gold case changed in some way."""

    def __init__(self, change: Callable[[GoldView, dict[str, Any]], dict[str, Any]]) -> None:
        super().__init__()
        self.change = change
        self.cases = {beginning(case.excerpt): case for case in GOLD.views.values()}

    def _found(self, user: str, chance: random.Random) -> dict[str, Any]:
        ((_, _, text),) = REVIEW.findall(user)
        views = super()._found(user, chance)["views"]
        return {"views": [self.change(self.cases[beginning(text)], view) for view in views]}


def literal(case: GoldView, view: dict[str, Any]) -> dict[str, Any]:
    """A view as one finds it who takes irony at its word."""
    if case.case != "ironic":
        return view
    return {**view, "statement": view["opposite"], "opposite": view["statement"]}


def elsewhere(case: GoldView, view: dict[str, Any]) -> dict[str, Any]:
    """The right view with words that do not show it: the longer of what stands before the first and after the last."""
    spans = sorted((case.excerpt.index(one.quote), len(one.quote)) for one in case.views)
    before, after = case.excerpt[: spans[0][0]], case.excerpt[sum(spans[-1]) :]
    return {**view, "quote": max(before, after, key=len).strip()[:60].rsplit(" ", 1)[0]}


def titled(case: GoldView, view: dict[str, Any]) -> dict[str, Any]:
    """The right view, quoted from the title."""
    return {**view, "quote": case.title}


class Yes(Believing):
    """Says of every statement that the writer agrees."""

    def _stances(self, user: str, chance: random.Random) -> dict[str, Any]:
        said = {"stance": "agree", "confidence": 90, "evidence": ["w1"]}
        return {alias: said for alias, _ in STATEMENT.findall(user)}


async def tried(make_asker: MakeAsker, server: Stub, cases: list[GoldView], **settings: Any) -> list[Trial]:
    def asker() -> Any:
        return make_asker(server.url, **settings)

    repeats = Repeats(asker(), HashEmbedder())
    reader = ViewReader("gold", Finder(asker(), BOOKS), Refuter(asker(), BOOKS), repeats, Cutting())
    return await try_views(Candidate(reader, ModelProfiler("gold", asker(), BOOKS)), cases, silent)


async def measured(make_asker: MakeAsker, oracle: Oracle, cases: list[GoldView] = ALL) -> Qualification:
    with Stub() as server:
        server.oracle = oracle
        return VIEW.summarised(base("view"), await tried(make_asker, server, cases))


def test_there_are_cases_enough_of_each_culture_and_kind() -> None:
    assert Counter(case.culture for case in FEW) == dict.fromkeys(LIBRARY.cultures, 12)
    assert all(n >= 10 for n in Counter(case.case for case in ALL).values())
    # Who errs one time of ten can still count in each culture.
    for culture in LIBRARY.cultures:
        n = sum(len(case.views) for case in ALL if case.culture == culture)
        assert wilson(round(0.9 * n), n).low > 0.75


async def test_a_perfect_reader_finds_all_and_nothing_else(make_asker: MakeAsker) -> None:
    with Stub() as server:
        trials = await tried(make_asker, server, ALL)
        requests = server.counts.requests
    found = VIEW.summarised(base("view"), trials)
    assert (found.cases, found.answered, found.right) == (len(ALL), THERE, THERE)
    assert (found.there, found.found, found.clean, found.alarms) == (THERE, THERE, CLEAN, 0)
    assert found.kinds == found.found_kinds
    languages = Counter(case.language for case in ALL for _ in case.views)
    assert {kind: n for kind, (n, _) in found.kinds.items() if kind in languages} == languages
    assert not found.kinds.keys() & {*NO_VIEW}
    assert all(trial.right for trial in trials) and VIEW.qualifies(found, Bar(0.9, 0.5))
    assert VIEW.error_rates(found) == {
        "wrong on gold views": (0, THERE),
        "missed gold views": (0, THERE),
        "views where there is none": (0, CLEAN),
    }
    # The finder, the refuter where something was found, a question about repeats where there are several, and one about
    # each view; all are counted.
    for case, trial in zip(ALL, trials, strict=True):
        several = len(case.views) > 1
        assert len(trial.calls) == (2 + several + len(case.views) if case.views else 1)
    assert requests == sum(len(trial.calls) for trial in trials)


@pytest.mark.parametrize("missed", [0.2, 0.6])
async def test_what_is_missed_is_recall(make_asker: MakeAsker, missed: float) -> None:
    found = await measured(make_asker, Oracle(Character(missed=missed)))
    assert within(1 - missed, found.found, found.there)
    assert found.there == THERE and found.found == found.right == found.answered
    assert sum(n for kind, (_, n) in found.found_kinds.items() if kind in ("en", "pt", "ja", "hi")) == found.found
    # All that it says is right; yet who misses most of what there is does not count.
    assert (
        VIEW.qualifies(found, Bar(0.75, 0.5)) == (wilson(found.found, found.there).low > MIN_RECALL) == (missed < 0.5)
    )


async def test_what_is_invented_is_precision_where_nobody_refutes_it(make_asker: MakeAsker) -> None:
    believed = await measured(make_asker, Believing(Character(invented=0.4)))
    assert believed.found == believed.right == THERE
    assert within(0.4, believed.answered - believed.right, len(ALL))
    assert within(0.4, believed.alarms, believed.clean)
    wrong = {kind: n - own for kind, (n, own) in believed.kinds.items() if kind in NO_VIEW}
    assert sum(wrong.values()) == believed.alarms and believed.clean == CLEAN
    assert VIEW.error_rates(believed)["wrong on gold views"] == (believed.answered - THERE, believed.answered)
    assert not VIEW.qualifies(believed, Bar(0.75, 0.5))
    # The second asking is part of the candidate: what it drops is not held against the finder.
    refuted = await measured(make_asker, Oracle(Character(invented=0.4)))
    assert (refuted.answered, refuted.right, refuted.alarms) == (THERE, THERE, 0)


async def test_irony_at_its_word_is_the_wrong_side_and_does_not_count(make_asker: MakeAsker) -> None:
    ironic = sum(len(case.views) for case in ALL if case.case == "ironic")
    found = await measured(make_asker, Changed(literal))
    assert (found.answered, found.right, found.found) == (THERE, THERE - ironic, THERE - ironic)
    assert found.kinds["ironic"] == found.found_kinds["ironic"] == (ironic, 0)
    assert all(own == n for kind, (n, own) in found.kinds.items() if kind in ("stated", "implied", "rejected"))
    assert ironic >= 15


async def test_the_right_view_under_words_that_do_not_show_it_does_not_count(make_asker: MakeAsker) -> None:
    found = await measured(make_asker, Changed(elsewhere), FEW)
    assert found.answered > 30 and (found.right, found.found) == (0, 0)


async def test_a_quote_from_the_title_goes_by_the_side_it_takes(make_asker: MakeAsker) -> None:
    cases = [case for case in FEW if located(case.title, case.excerpt) is None]
    found = await measured(make_asker, Changed(titled), cases)
    assert found.answered == found.right == found.found > 30


async def test_who_agrees_to_everything_is_right_by_chance(make_asker: MakeAsker) -> None:
    found = await measured(make_asker, Yes())
    assert found.answered == THERE
    assert within(0.5, found.right, found.answered)
    assert not VIEW.qualifies(found, Bar(0.75, 0.5))


async def test_a_case_without_a_usable_answer_keeps_nothing(make_asker: MakeAsker) -> None:
    with Stub(faults=Faults(unfit=1.0)) as server:
        trials = await tried(make_asker, server, FEW)
    found = VIEW.summarised(base("view"), trials)
    there = sum(len(case.views) for case in FEW)
    assert (found.cases, found.answered, found.right) == (len(FEW), 0, 0)
    assert (found.there, found.found, found.kinds) == (there, 0, {})
    assert all(isinstance(trial, ViewTrial) and not trial.answered and not trial.calls for trial in trials)
    assert not VIEW.qualifies(found, Bar(0.0, 0.5))


async def test_a_case_that_nobody_answers_makes_no_trial(make_asker: MakeAsker) -> None:
    with Stub(faults=Faults(broken=0.1)) as server:
        with pytest.raises(UnansweredError) as raised:
            await tried(make_asker, server, FEW, retries=0)
        assert list(raised.value.reasons) == ["HTTP 500"]
        faults = server.counts.faults["broken"]
        server.faults = Faults()
        trials = await tried(make_asker, server, FEW)
        # Well again, it is asked what it was not asked, and what it did not answer.
        assert server.counts.requests == sum(len(trial.calls) for trial in trials) + faults
    assert all(trial.right for trial in trials)
