"""The ledger keeps each record once and gives it back as it was."""

from collections import Counter
from typing import Any

import pytest

from gravity.store import ledger as ledger_module
from gravity.store.corpus import Corpus
from gravity.store.database import Database
from gravity.store.errors import StoreError
from gravity.store.ledger import Ledger
from gravity.store.records import Reader
from gravity.store.reliability import Reliability
from gravity.store.runs import Run, RunSettings
from tests.store.build import check, decision, fact, pair, run, scenario

RUN = run()
OTHER = run("ab" * 8)


@pytest.fixture
def ledger(database: Database) -> Ledger:
    return Ledger(database)


def test_runs_are_found_by_the_beginning_of_their_id(ledger: Ledger) -> None:
    assert ledger.latest_run() is None
    for opened in (RUN, OTHER, RUN):
        ledger.open_run(opened)
    ledger.open_run(Run(id=RUN.id, settings=RunSettings(domain="changed")))
    assert ledger.latest_run() == OTHER
    assert ledger.run("aa") == RUN
    assert ledger.run("ab") == OTHER
    assert ledger.run("a") is None
    assert ledger.run("b") is None
    assert ledger.run("%") is None
    assert ledger.run("a_") is None


def test_profile_is_written_whole_and_once(ledger: Ledger) -> None:
    facts = [fact(RUN, "ana", name) for name in ("s2", "s1")] + [fact(RUN, "ana", "trust", "facet", "unknown")]
    for _ in range(2):
        ledger.add_profile(RUN.id, "ana", facts)
    ledger.add_profile(RUN.id, "ana", [fact(RUN, "ana", "s3")])
    ledger.add_profile(OTHER.id, "ana", [fact(OTHER, "ana", "s1", value="disagree")])
    assert ledger.facts(RUN.id, "ana") == [facts[2], facts[1], facts[0]]
    assert [one.value for one in ledger.facts(OTHER.id, "ana")] == ["disagree"]
    assert (ledger.profiled(RUN.id), ledger.profiled(OTHER.id)) == ({"ana"}, {"ana"})
    assert ledger.facts(RUN.id, "bob") == []


def test_profile_that_cannot_be_written_whole_is_not_written_at_all(ledger: Ledger) -> None:
    with pytest.raises(StoreError):
        ledger.add_profile(RUN.id, "ana", [fact(RUN, "ana", "s1"), fact(RUN, "ana", "s1")])
    assert ledger.profiled(RUN.id) == set()
    assert ledger.facts(RUN.id, "ana") == []


def test_profile_without_facts_is_complete_too(ledger: Ledger) -> None:
    ledger.add_profile(RUN.id, "ana", [])
    assert ledger.profiled(RUN.id) == {"ana"}


def test_scenarios_come_back_with_their_rounds(ledger: Ledger) -> None:
    made = [
        scenario(RUN, "s2"),
        scenario(RUN, "s1", slot=1),
        scenario(RUN, "s1", slot=0),
        scenario(RUN, "s3", verdict="rejected"),
        scenario(RUN, "s1", culture="br"),
        scenario(OTHER, "s1"),
    ]
    for one in made + made:
        ledger.add_scenario(one)
    ledger.add_scenario(made[0].model_copy(update={"verdict": "failed"}))
    assert [ledger.scenario(one.id) for one in made] == made
    assert ledger.scenario("none") is None
    assert ledger.settled_scenarios(RUN.id) == {one.id for one in made[:5]}
    assert ledger.vetted_scenarios(RUN.id, "us") == [made[2], made[1], made[0]]
    assert ledger.scenario_counts(RUN.id) == {("us", "vetted"): 3, ("us", "rejected"): 1, ("br", "vetted"): 1}
    assert made[0].draft.endorsing == "s2 yes"


def test_pairs_are_added_once_and_counted(ledger: Ledger) -> None:
    made = [
        pair(RUN, reader, f"s{n}", culture=culture, verdict="vetted" if n else "held", fact=["stance", f"s{n}"])
        for reader, culture in (("ana", "br"), ("bob", "us"))
        for n in range(3)
    ]
    assert ledger.add_pairs(made[:4]) == 4
    assert ledger.add_pairs(made) == 2
    assert ledger.add_pairs(made) == 0
    assert ledger.add_pairs([]) == 0
    ledger.add_pairs([pair(OTHER, "ana", "s1", culture="br")])
    assert ledger.pair_counts(RUN.id) == {
        ("br", "values", "held"): 1,
        ("br", "values", "vetted"): 2,
        ("us", "values", "held"): 1,
        ("us", "values", "vetted"): 2,
    }
    assert {one.id: one for one in ledger.pairs(RUN.id)} == {one.id: one for one in made}
    assert ledger.pair(made[0].id) == ledger.pair(made[0].id[:12]) == made[0]
    assert ledger.pair("") is None
    assert ledger.pair("none") is None


@pytest.mark.parametrize("extra", [-1, 0, 1])
def test_pairs_come_by_page_without_loss(ledger: Ledger, extra: int) -> None:
    count = 2 * ledger_module.PAGE + extra
    made = [pair(RUN, f"r{n}", "s1", verdict="rejected" if n % 3 else "vetted") for n in range(count)]
    assert ledger.add_pairs(made) == count
    expected = sorted(one.id for one in made)
    assert [one.id for one in ledger.pairs(RUN.id)] == expected
    vetted = {one.id for one in made if one.verdict == "vetted"}
    assert [one.id for one in ledger.pairs(RUN.id, "vetted")] == sorted(vetted)
    assert list(ledger.pairs(OTHER.id)) == []


def test_pairs_added_while_a_page_is_read_do_no_harm(ledger: Ledger) -> None:
    first = [pair(RUN, f"r{n}", "s1") for n in range(ledger_module.PAGE + 10)]
    ledger.add_pairs(first)
    stream = ledger.pairs(RUN.id)
    seen = [next(stream).id]
    ledger.add_pairs([pair(RUN, f"r{n}", "s2") for n in range(50)])
    seen += [one.id for one in stream]
    assert len(seen) == len(set(seen))
    assert {one.id for one in first} <= {*seen}


def test_facts_are_counted_by_the_readers_culture(ledger: Ledger, database: Database) -> None:
    readers = [Reader(id="ana", culture="br"), Reader(id="bob", culture="us"), Reader(id="eve", culture="us")]
    for _ in Corpus(database).take_readers("r", readers):
        pass
    for reader in readers:
        ledger.add_profile(RUN.id, reader.id, [fact(RUN, reader.id, "s1"), fact(RUN, reader.id, "s2", value="unknown")])
    assert ledger.fact_counts(RUN.id) == Counter(
        {
            ("br", "stance", "agree"): 1,
            ("br", "stance", "unknown"): 1,
            ("us", "stance", "agree"): 2,
            ("us", "stance", "unknown"): 2,
        }
    )
    assert ledger.fact_counts(OTHER.id) == Counter()


def test_what_is_written_is_there_for_another_process(ledger: Ledger, database: Database) -> None:
    ledger.open_run(RUN)
    ledger.add_pairs([pair(RUN, "ana", "s1")])
    other = Database(database.url)
    assert Ledger(other).latest_run() == RUN
    assert [one.reader for one in Ledger(other).pairs(RUN.id)] == ["ana"]
    other.close()


def test_checks_are_kept_once_and_by_run(ledger: Ledger) -> None:
    pairs, other = [pair(RUN, "ana", f"s{n}") for n in range(3)], pair(OTHER, "ana", "s1")
    made = {pairs[0].id: check(pairs[0]), pairs[1].id: check(pairs[1], "rejected"), pairs[2].id: check(pairs[2], None)}
    for one in (*made.values(), check(other), check(pairs[0], "rejected")):
        ledger.add_check(one)
    assert ledger.checks(RUN.id) == made
    assert ledger.checks(OTHER.id) == {other.id: check(other)}


@pytest.mark.parametrize("decided", ["keep", "flip", "reject"])
def test_a_decision_changes_its_pair_and_undo_brings_it_back(ledger: Ledger, decided: Any) -> None:
    before = pair(RUN, "ana", "s1", takes="agree", verdict="held", reason="not sure enough")
    beside = pair(RUN, "ana", "s2")
    ledger.add_pairs([before, beside])
    made, after = decision(before, decided)
    ledger.decide(made, after)
    assert ledger.decisions(RUN.id) == {before.id: made}
    assert ledger.decisions(OTHER.id) == {}
    assert ledger.pair(before.id) == after != before
    assert (after.chosen == before.rejected) == (after.takes == "disagree") == (decided == "flip")
    assert after.verdict == ("rejected" if decided == "reject" else "vetted")
    assert ledger.pair(beside.id) == beside
    assert ledger.undo(before.id) == made
    assert ledger.pair(before.id) == before
    assert ledger.decisions(RUN.id) == {}
    with pytest.raises(KeyError):
        ledger.undo(before.id)


def test_a_second_decision_about_a_pair_is_refused_whole(ledger: Ledger) -> None:
    before = pair(RUN, "ana", "s1")
    ledger.add_pairs([before])
    made, after = decision(before, "keep")
    ledger.decide(made, after)
    with pytest.raises(StoreError):
        ledger.decide(*decision(after, "reject"))
    assert ledger.pair(before.id) == after
    assert ledger.decisions(RUN.id) == {before.id: made}


def test_decisions_come_in_the_order_they_were_made(ledger: Ledger) -> None:
    pairs = [pair(RUN, "ana", f"s{n}") for n in range(5)]
    ledger.add_pairs(pairs)
    for one in pairs[::-1]:
        ledger.decide(*decision(one, "keep"))
    assert list(ledger.decisions(RUN.id)) == [one.id for one in pairs[::-1]]


def test_a_lot_is_what_was_vetted_before_people_decided(ledger: Ledger) -> None:
    vetted, held = pair(RUN, "ana", "s1"), pair(RUN, "ana", "s2", verdict="held")
    ledger.add_pairs([vetted, held, pair(RUN, "ana", "s3", verdict="rejected"), pair(OTHER, "ana", "s1")])
    ledger.decide(*decision(vetted, "reject"))
    ledger.decide(*decision(held, "keep"))
    assert list(ledger.lot_members(RUN.id)) == [(vetted.id, "us", "values")]


def test_a_scenario_can_lose_its_verdict(ledger: Ledger) -> None:
    one, other = scenario(RUN, "s1"), scenario(RUN, "s2")
    ledger.add_scenario(one)
    ledger.add_scenario(other)
    ledger.reject_scenario(one.id, "nearly repeats another")
    assert ledger.vetted_scenarios(RUN.id, "us") == [other]
    again = ledger.scenario(one.id)
    assert again == one.model_copy(update={"verdict": "rejected", "reason": "nearly repeats another"})


def test_what_waits_is_counted_and_makes_room_for_what_the_next_sweep_leaves(ledger: Ledger) -> None:
    ledger.leave_pending(RUN.id, "profile", {"ana": "timeout", "bob": "HTTP 503", "eve": "timeout"})
    ledger.leave_pending(RUN.id, "scenario", {"s": "timeout"})
    ledger.leave_pending(OTHER.id, "profile", {"ana": "timeout"})
    found = [(row.what, row.reason, row.items) for row in ledger.unanswered(RUN.id)]
    assert found == [("scenario", "timeout", 1), ("profile", "HTTP 503", 1), ("profile", "timeout", 2)]
    ledger.leave_pending(RUN.id, "profile", {"bob": "timeout"})
    ledger.leave_pending(RUN.id, "scenario", {})
    assert [(row.what, row.reason, row.items) for row in ledger.unanswered(RUN.id)] == [("profile", "timeout", 1)]
    assert len(ledger.unanswered(OTHER.id)) == 1


def test_what_failed_is_taken_out_with_all_that_rested_on_it(ledger: Ledger) -> None:
    for reader, value in (("ana", "failed"), ("bob", "agree"), ("eve", "failed")):
        ledger.add_profile(RUN.id, reader, [fact(RUN, reader, "s1", value=value), fact(RUN, reader, "s2")])
    ledger.add_profile(OTHER.id, "ana", [fact(OTHER, "ana", "s1", value="failed")])
    given = [pair(RUN, reader, subject) for reader in ("ana", "bob", "eve") for subject in ("s1", "s2")]
    decided, other = given[0], pair(OTHER, "ana", "s1")
    ledger.add_pairs([*given, other])
    silent = check(given[2], None)
    choices = [choice.model_copy(update={"answered": False, "prefers": None}) for choice in silent.choices]
    for made in (check(given[0]), check(given[1]), silent.model_copy(update={"choices": choices}), check(given[3])):
        ledger.add_check(made)
    ledger.decide(*decision(decided, "keep"))
    for seed, culture, verdict in (("s1", "us", "failed"), ("s2", "us", "rejected"), ("s3", "br", "failed")):
        ledger.add_scenario(scenario(RUN, seed, culture, verdict=verdict))
    ledger.take_out_failed(RUN.id, ["ana", "bob"], ["us"])
    # Of whom and where it was asked for, and nothing else; what a person decided on stays.
    assert ledger.profiled(RUN.id) == {"bob", "eve"} and ledger.facts(RUN.id, "ana") == []
    assert ledger.profiled(OTHER.id) == {"ana"} and len(ledger.facts(OTHER.id, "ana")) == 1
    assert {one.id for one in ledger.pairs(RUN.id)} == {decided.id, *(one.id for one in given[2:])}
    assert set(ledger.checks(RUN.id)) == {decided.id, given[3].id}
    assert ledger.scenario_counts(RUN.id) == {("us", "rejected"): 1, ("br", "failed"): 1}


def reliable(culture: str, tested: int, threshold: float = 0.5) -> Reliability:
    given = {"run": RUN.id, "source": "carried over", "culture": culture, "threshold": threshold, "tested": tested}
    return Reliability.model_validate(
        {**given, "contradicted": 1, "stances": 4, "readers": 2, "expected_error": None if tested == 1 else 0.2}
    )


def test_what_is_carried_over_takes_the_place_of_unknown_stances_alone(ledger: Ledger) -> None:
    unknown = fact(RUN, "ana", "s1", value="unknown", confidence=0.0)
    known = fact(RUN, "ana", "s2")
    other = fact(OTHER, "ana", "s1", value="unknown")
    ledger.add_profile(RUN.id, "ana", [unknown, known])
    ledger.add_profile(RUN.id, "bob", [fact(RUN, "bob", "s1", value="unknown")])
    ledger.add_profile(OTHER.id, "ana", [other])
    changes = {"value": "disagree", "confidence": 0.8, "evidence": ["r1"], "source": "carried over", "reason": "near"}
    carried = unknown.model_copy(update=changes)
    ledger.carry_over(RUN.id, [carried, known.model_copy(update=changes)], [reliable("us", 3)])
    assert ledger.facts(RUN.id, "ana") == [carried, known]
    assert [one.value for one in ledger.facts(RUN.id, "bob")] == ["unknown"]
    assert ledger.facts(OTHER.id, "ana") == [other]
    # A later start changes nothing of it; the figures are those of the last one.
    ledger.carry_over(RUN.id, [carried.model_copy(update={"value": "agree"})], [reliable("us", 1), reliable("br", 5)])
    assert ledger.facts(RUN.id, "ana") == [carried, known]
    assert ledger.reliability(RUN.id) == [reliable("br", 5), reliable("us", 1)]
    assert ledger.reliability(OTHER.id) == []


def test_carrying_over_is_whole_or_not_at_all(ledger: Ledger) -> None:
    unknown = fact(RUN, "ana", "s1", value="unknown")
    ledger.add_profile(RUN.id, "ana", [unknown])
    ledger.carry_over(RUN.id, [], [reliable("us", 3)])
    carried = unknown.model_copy(update={"value": "agree", "source": "carried over"})
    with pytest.raises(StoreError):
        ledger.carry_over(RUN.id, [carried], [reliable("br", 5), reliable("br", 6)])
    assert ledger.facts(RUN.id, "ana") == [unknown]
    assert ledger.reliability(RUN.id) == [reliable("us", 3)]


def test_stances_are_counted_by_source(ledger: Ledger, database: Database) -> None:
    list(Corpus(database).take_readers("readers", [Reader(id="ana", culture="us"), Reader(id="bob", culture="br")]))
    shown = fact(RUN, "ana", "s1").model_copy(update={"source": "shown"})
    ledger.add_profile(RUN.id, "ana", [shown, fact(RUN, "ana", "s2", value="unknown")])
    ledger.add_profile(RUN.id, "bob", [fact(RUN, "bob", "trust", "facet", "high"), fact(RUN, "bob", "s1")])
    assert ledger.source_counts(RUN.id) == {("us", "shown", "agree"): 1, ("br", "", "agree"): 1}
