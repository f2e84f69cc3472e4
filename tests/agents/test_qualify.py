"""Played models of known worth are measured as what they are."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import pytest

from gravity.agents.critic import Advisory, ModelCritic, RuleCritic
from gravity.agents.judge import ModelJudge
from gravity.agents.qualification.defect import try_defects
from gravity.agents.qualification.personality import personality_cases, try_personality
from gravity.agents.qualification.preference import preference_cases, try_preferences
from gravity.agents.qualification.scenario import try_scenarios
from gravity.agents.qualification.trial import Trial, UnansweredError, sampled, summarised
from gravity.frameworks.gold import split_of
from gravity.frameworks.statistics import exact
from gravity.store.answers import Answers
from gravity.store.database import Database
from tests.agents.conftest import MakeAsker
from tests.agents.gold import BOOKS, GOLD, LIBRARY, SEEDS, base, silent, within
from tests.stub.server import Stub
from tests.stub.truth import Character
from tests.support import draft

SCENARIOS = sampled(GOLD.scenarios.values(), "held-out", None)


async def judged(make_asker: MakeAsker, character: Character, cases: Sequence[Any], **judge: Any) -> list[Trial]:
    with Stub(character) as server:
        made = ModelJudge(make_asker(server.url), BOOKS, **judge)
        return await try_scenarios(made, cases, SEEDS, silent)


# Scenarios.


async def test_a_perfect_judge_gets_all_cases_and_all_traps(make_asker: MakeAsker) -> None:
    found = summarised(base("scenario"), await judged(make_asker, Character(), SCENARIOS))
    assert found.cases == found.answered == found.right == found.swapped == found.consistent == len(SCENARIOS)
    traps = sum(case.answer in ("both", "neither") for case in SCENARIOS)
    assert found.kinds == {"scenario": (len(SCENARIOS) - traps,) * 2, "trap": (traps, traps)}
    assert traps >= 20
    # Answers to traps name no side. Of the others, half name the first.
    assert (found.sided, found.first) == (2 * (len(SCENARIOS) - traps), len(SCENARIOS) - traps)
    assert found.brier == pytest.approx(0.01) and found.ece == pytest.approx(0.1)


@pytest.mark.parametrize("accuracy", [0.95, 0.85, 0.6])
async def test_an_accuracy_is_measured_as_it_is(make_asker: MakeAsker, accuracy: float) -> None:
    """An answer is independently right in each order: steady ones are a mixture that one can compute."""
    found = summarised(base("scenario"), await judged(make_asker, Character(accuracy=accuracy), SCENARIOS))
    wrong = 1 - accuracy
    steady = accuracy**2 + wrong**2
    assert within(steady, found.consistent, found.swapped)
    assert within(accuracy**2 / steady, found.right, found.answered)
    assert found.answered == found.consistent < found.cases


async def test_the_interval_covers_the_accuracy_over_many_judges(make_asker: MakeAsker) -> None:
    """Asked in one order; the judges differ by what a held-out fraction of the cases happens to be."""
    cases = [case for case in SCENARIOS if case.answer in ("first", "second")]
    tried = await judged(make_asker, Character(accuracy=0.8), cases, orders=1)
    assert all(trial.steady is None and trial.answered for trial in tried)
    bins = [tried[start::12] for start in range(12)]
    covered = [
        exact(sum(t.right for t in part), len(part)).low <= 0.8 <= exact(sum(t.right for t in part), len(part)).high
        for part in bins
    ]
    assert sum(covered) >= 11
    found = summarised(base("scenario"), tried)
    assert within(0.8, found.right, found.answered)
    assert (found.swapped, found.consistent) == (0, 0)


@pytest.mark.parametrize("bias", [0.3, 1.0])
async def test_a_position_biased_answer_counts_as_none(make_asker: MakeAsker, bias: float) -> None:
    cases = [case for case in SCENARIOS if case.answer in ("first", "second")]
    found = summarised(base("scenario"), await judged(make_asker, Character(position_bias=bias), cases))
    # Whoever takes the first side for its place in one order or both; right ones agree with it half of the time.
    inconsistent = bias**2 + bias * (1 - bias)
    assert within(1 - inconsistent, found.consistent, found.swapped)
    assert found.answered == found.consistent == found.right
    assert within(0.5 + bias / 2, found.first, found.sided, 0.9999)
    if bias == 1.0:
        assert (found.answered, found.first) == (0, found.sided)
        assert (found.brier, found.ece) == (None, None)


async def test_a_judge_without_answers_has_answered_nothing(make_asker: MakeAsker) -> None:
    from tests.stub.server import Faults

    with Stub(faults=Faults(unfit=1.0)) as server:
        tried = await try_scenarios(ModelJudge(make_asker(server.url), BOOKS), SCENARIOS[:6], SEEDS, silent)
    found = summarised(base("scenario"), tried)
    assert (found.cases, found.answered, found.right, found.sided) == (6, 0, 0, 0)
    assert all(trial.calls == [] for trial in tried)


# Which cases.


@pytest.mark.parametrize("of", ["stances", "scenarios", "bias"])
def test_dev_and_held_out_are_never_mixed(of: str) -> None:
    cases = getattr(GOLD, of).values()
    dev, held = (sampled(cases, split, None) for split in ("dev", "held-out"))
    assert not {case.seed for case in dev} & {case.seed for case in held}
    assert len(dev) + len(held) == len(cases)
    assert {split_of(case.seed) for case in held} == {"held-out"} and {split_of(case.seed) for case in dev} == {"dev"}
    few = sampled(cases, "held-out", 10)
    assert Counter(case.culture for case in few) == dict.fromkeys(LIBRARY.cultures, 10)
    # A larger sample holds the smaller one, so that what was asked stays asked; the order of the cases is no matter.
    more = sampled(list(cases)[::-1], "held-out", 20)
    assert {case.id for case in few} < {case.id for case in more} <= {case.id for case in held}
    assert [case.id for case in few] == [case.id for case in sampled(list(cases)[::-1], "held-out", 10)]


def test_pairs_come_from_held_out_readers_and_scenes_alike() -> None:
    cases = preference_cases(GOLD, "held-out", None)
    assert len(cases) > 150
    for stance, scene in cases:
        assert scene.answer in ("first", "second")
        assert stance.seed == scene.seed and split_of(stance.seed) == "held-out"
    # A third of the readers do not say, and then the right answer is that nobody can tell.
    silent = sum(stance.answer == "unknown" for stance, _ in cases)
    assert 0.25 < silent / len(cases) < 0.4
    assert not {s.seed for s, _ in cases} & {s.seed for s, _ in preference_cases(GOLD, "dev", None)}
    # The scene is of the reader's culture wherever there is one.
    there = {(scene.seed, scene.culture) for scene in GOLD.scenarios.values() if scene.answer in ("first", "second")}
    assert all(scene.culture == stance.culture or (stance.seed, stance.culture) not in there for stance, scene in cases)
    assert Counter(s.culture for s, _ in preference_cases(GOLD, "held-out", 12)) == dict.fromkeys(LIBRARY.cultures, 12)


# Pairs.


class Always(ModelJudge):
    """Prefers one label, whatever it is shown, and keeps the cases it saw."""

    async def choices(self, case: Any) -> list[Any]:
        from gravity.store.records import Choice, Provenance

        made_by = Provenance(model="always")
        return [
            Choice(judge="always", order=order, prefers="chosen", confidence=0.9, reason="", made_by=made_by)
            for order in ("chosen", "rejected")
        ]


async def test_neither_label_nor_order_tells_the_answer(make_asker: MakeAsker) -> None:
    cases = [case for case in preference_cases(GOLD, "held-out", None) if case[0].answer != "unknown"]
    tried = await try_preferences(Always(make_asker("http://127.0.0.1:9/v1"), BOOKS), cases, silent)
    found = summarised(base("preference"), tried)
    assert found.answered == found.consistent == len(cases)
    # Who always names the side called "chosen" is right by chance alone, in each culture too.
    assert within(0.5, found.right, found.answered)
    for culture in LIBRARY.cultures:
        of = [trial for trial in tried if trial.culture == culture]
        assert within(0.5, sum(t.right for t in of), len(of))
    assert found.first == found.sided / 2


@pytest.mark.parametrize(("accuracy", "bias"), [(1.0, 0.0), (0.9, 0.0), (1.0, 0.25)])
async def test_pair_judges_are_measured_as_they_are(make_asker: MakeAsker, accuracy: float, bias: float) -> None:
    cases = [case for case in preference_cases(GOLD, "held-out", None) if case[0].answer != "unknown"]
    with Stub(Character(accuracy=accuracy, position_bias=bias)) as server:
        judge = ModelJudge(make_asker(server.url), BOOKS)
        found = summarised(base("preference"), await try_preferences(judge, cases, silent))
    steady = accuracy**2 + (1 - accuracy) ** 2 - bias**2 - bias * (1 - bias)
    assert within(steady, found.consistent, found.swapped)
    assert within(accuracy**2 / (accuracy**2 + (1 - accuracy) ** 2), found.right, found.answered)
    assert found.answered == found.consistent
    assert sum(n for kind, (n, _) in found.kinds.items() if kind in ("en", "pt", "ja", "hi")) == len(cases)


@pytest.mark.parametrize("accuracy", [1.0, 0.7])
async def test_of_a_reader_who_does_not_say_nobody_can_tell(make_asker: MakeAsker, accuracy: float) -> None:
    cases = [case for case in preference_cases(GOLD, "held-out", None) if case[0].answer == "unknown"]
    with Stub(Character(accuracy=accuracy)) as server:
        tried = await try_preferences(ModelJudge(make_asker(server.url), BOOKS), cases, silent)
    found = summarised(base("preference"), tried)
    assert {(one.truth, one.telling) for one in tried} == {("unknown", False)} and found.telling == 0
    # Who takes a side all the same is wrong, and one that takes none has not answered.
    assert found.right == 0 and found.answered == sum(one.said is not None for one in tried)
    assert within((1 - accuracy) ** 2 / 2, found.answered, len(cases))
    assert found.outcomes == {
        stance.id: ("unknown", one.said, None) for (stance, _), one in zip(cases, tried, strict=True)
    }


async def test_what_a_judge_said_is_told_in_the_words_of_the_profiler(make_asker: MakeAsker) -> None:
    cases = preference_cases(GOLD, "held-out", 15)
    with Stub() as server:
        tried = await try_preferences(ModelJudge(make_asker(server.url), BOOKS), cases, silent)
    said = {one.case: one.said or "unknown" for one in tried}
    assert said == {stance.id: stance.answer for stance, _ in cases}


# Pairs of the personality track.


async def personality(make_asker: MakeAsker, character: Character, cases: Sequence[Any]) -> list[Trial]:
    with Stub(character) as server:
        return await try_personality(ModelJudge(make_asker(server.url), BOOKS), cases, silent)


def test_personality_cases_are_held_out_and_of_their_facets() -> None:
    cases = personality_cases(GOLD, LIBRARY, "held-out", None)
    assert {case.id for case, _, _ in cases} == {c.id for c in GOLD.facets.values() if c.split == "held-out"}
    assert all(case.facet == item.facet == facet.id for case, item, facet in cases)
    # Of one facet's cases not all are put to one item.
    assert len({item.id for _, item, _ in cases}) > 100
    assert Counter(case.culture for case, _, _ in personality_cases(GOLD, LIBRARY, "held-out", 9)) == dict.fromkeys(
        LIBRARY.cultures, 9
    )


async def test_a_perfect_judge_of_personality_can_tell_what_cannot_be_told(make_asker: MakeAsker) -> None:
    cases = personality_cases(GOLD, LIBRARY, "held-out", None)
    tried = await personality(make_asker, Character(), cases)
    told = sum(case.answer != "unknown" for case, _, _ in cases)
    found = summarised(base("personality"), tried)
    assert (found.cases, found.answered, found.right, found.consistent) == (len(cases), told, told, len(cases))
    assert all(trial.right for trial in tried)


async def test_a_judge_of_personality_is_measured_as_it_is(make_asker: MakeAsker) -> None:
    cases = personality_cases(GOLD, LIBRARY, "held-out", None)
    known = [joined for joined in cases if joined.case.answer != "unknown"]
    found = summarised(base("personality"), await personality(make_asker, Character(accuracy=0.85), known))
    steady = 0.85**2 + 0.15**2
    assert within(steady, found.consistent, found.swapped)
    assert within(0.85**2 / steady, found.right, found.answered)


async def test_who_always_takes_a_side_is_wrong_where_none_can_be_told(make_asker: MakeAsker) -> None:
    """And who contradicts itself there has not said so either, though its pair would stay undecided."""
    cases = personality_cases(GOLD, LIBRARY, "held-out", None)
    tried = await try_personality(Always(make_asker("http://127.0.0.1:9/v1"), BOOKS), cases, silent)
    found = summarised(base("personality"), tried)
    told = [trial for trial, (case, _, _) in zip(tried, cases, strict=True) if case.answer != "unknown"]
    assert found.answered == len(cases) and found.right == sum(trial.right for trial in told)
    assert within(0.5, found.right, len(told))
    unknown = [joined for joined in cases if joined.case.answer == "unknown"]
    swayed = await personality(make_asker, Character(position_bias=1.0), unknown)
    assert not any(trial.answered or trial.right for trial in swayed)


# Defects.


async def test_a_perfect_critic_finds_all_and_raises_no_alarm(make_asker: MakeAsker) -> None:
    twins = sampled(GOLD.bias.values(), "held-out", 12)
    with Stub() as server:
        critic = ModelCritic(make_asker(server.url))
        tried = await try_defects(critic, twins, SEEDS, LIBRARY.cultures, silent)
        found = summarised(base("defect"), tried)
        assert server.counts.requests == 2 * len(twins)
        assert (found.cases, found.right, found.clean, found.alarms) == (len(twins), len(twins), len(twins), 0)
        assert found.kinds == {kind: (n, n) for kind, n in sorted(Counter(case.kind for case in twins).items())}
        assert (found.brier, found.ece) == (None, None)
        # An advisory one blocks nothing, and so finds nothing.
        advised = summarised(
            base("defect"), await try_defects(Advisory(critic, "stub"), twins, SEEDS, LIBRARY.cultures, silent)
        )
    assert (advised.right, advised.alarms) == (0, 0)


class Alarmed:
    """A critic that blocks everything."""

    async def findings(self, *_: Any) -> list[Any]:
        (finding, *_rest) = await RuleCritic(LIBRARY.cultures, LIBRARY.cues).findings(
            SEEDS["hof-pdi-01"], LIBRARY.cultures["us"], draft("At work.", "He goes.", "He goes.")
        )
        return [finding]


async def test_a_critic_that_blocks_all_has_alarms_as_many_as_finds() -> None:
    twins = sampled(GOLD.bias.values(), "held-out", 5)
    tried = await try_defects(Alarmed(), twins, SEEDS, LIBRARY.cultures, silent)
    found = summarised(base("defect"), tried)
    assert found.right == found.alarms == found.cases == found.clean == len(twins)


async def test_a_critic_without_an_answer_blocks_nothing(make_asker: MakeAsker) -> None:
    from tests.stub.server import Faults

    twins = sampled(GOLD.bias.values(), "held-out", 2)
    with Stub(faults=Faults(unfit=1.0)) as server:
        critic = ModelCritic(make_asker(server.url))
        tried = await try_defects(critic, twins, SEEDS, LIBRARY.cultures, silent)
    assert not any(one.right or one.alarmed for one in tried)


# What nobody answers.


async def test_cases_that_nobody_answers_make_no_trial_and_the_others_are_not_lost(make_asker: MakeAsker) -> None:
    from tests.stub.server import Faults

    with Stub(faults=Faults(broken=0.15)) as server:
        judge = ModelJudge(make_asker(server.url, retries=0), BOOKS)
        with pytest.raises(UnansweredError) as raised:
            await try_scenarios(judge, SCENARIOS[:20], SEEDS, silent)
        missed, faults = raised.value.reasons, server.counts.faults["broken"]
        assert list(missed) == ["HTTP 500"] and 0 < missed["HTTP 500"] <= faults
        # Well again, it asks those questions alone that were not answered.
        server.faults = Faults()
        tried = await try_scenarios(judge, SCENARIOS[:20], SEEDS, silent)
        assert server.counts.requests == 2 * 20 + faults
    assert len(tried) == 20 and all(one.answered for one in tried)


# Cost.


async def test_cost_is_that_of_the_kept_answers(make_asker: MakeAsker, database: Database) -> None:
    with Stub() as server:
        judge = ModelJudge(make_asker(server.url), BOOKS)
        tried = await try_scenarios(judge, SCENARIOS[:10], SEEDS, silent)
        again = await try_scenarios(judge, SCENARIOS[:10], SEEDS, silent)
        assert server.counts.requests == 20
    assert again == tried
    answers = Answers(database)
    keys = [key for one in tried for key in one.calls]
    usage = answers.usage()["tester", "stub"]
    calls, tokens, seconds = answers.cost([*keys, *keys, "of nothing"])
    assert (calls, tokens) == (20, usage["tokens_in"] + usage["tokens_out"]) == (usage["calls"], tokens)
    assert seconds == pytest.approx(usage["seconds"])
    assert answers.cost(keys[:1])[0] == 1
    assert answers.cost([]) == (0, 0, 0)


async def test_the_cost_of_a_critic_holds_what_the_clean_twins_cost(make_asker: MakeAsker, database: Database) -> None:
    twins = sampled(GOLD.bias.values(), "held-out", 2)
    with Stub() as server:
        critic = ModelCritic(make_asker(server.url))
        tried = await try_defects(critic, twins, SEEDS, LIBRARY.cultures, silent)
        calls, _, _ = Answers(database).cost([key for one in tried for key in one.calls])
        assert calls == server.counts.requests == 2 * len(twins)


async def test_progress_runs_to_the_number_of_cases(make_asker: MakeAsker) -> None:
    seen: list[tuple[int, int]] = []
    with Stub() as server:
        judge = ModelJudge(make_asker(server.url), BOOKS)
        await try_scenarios(judge, SCENARIOS[:5], SEEDS, lambda done, total: seen.append((done, total)))
    assert seen == [(done, 5) for done in range(6)]
