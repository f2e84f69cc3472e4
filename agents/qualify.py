"""Puts judges, profilers and critics to gold cases whose right answers are known."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from gravity.agents.critic import Critic, ModelCritic, blocking
from gravity.agents.crosscheck import CrossCheck, taken
from gravity.agents.errors import AskError
from gravity.agents.judge import Case, Judge, ModelJudge, steady
from gravity.agents.profiler import Profiler
from gravity.agents.prompting import prompt
from gravity.frameworks.gold import Gold, GoldBias, GoldScenario, GoldStance, Split, split_of
from gravity.frameworks.records import Culture, Seed
from gravity.frameworks.statistics import Calibration, brier, calibrate, calibration_error
from gravity.store.records import Choice, Draft, Provenance, Qualification, Review, Vote, content_id

SIDE = {"first": "endorsing", "second": "opposing", "both": "both", "neither": "neither"}
AUTHOR = Provenance(model="author")
Advance = Callable[[int, int], None]
C = TypeVar("C", GoldStance, GoldScenario, GoldBias)
T = TypeVar("T")


@dataclass(frozen=True)
class Trial:
    """How one case went. `steady` is None where one order was asked; `firsts` of `sided` answers took the side
    shown first; `alarmed` tells of a clean twin, for critics; `calls` are the keys of the kept answers."""

    culture: str
    kinds: Sequence[str]
    answered: bool
    right: bool
    confidence: float
    calls: Sequence[str]
    steady: bool | None = None
    sided: int = 0
    firsts: int = 0
    alarmed: bool | None = None

    def calibrated(self, calibration: Calibration) -> "Trial":
        """The trial with its confidence mapped."""
        return replace(self, confidence=calibration(self.confidence))


def sampled(cases: Iterable[C], split: Split, each: int | None) -> list[C]:
    """The cases of a split, of each culture at most `each`, drawn by the hash of their ids."""
    taken: Counter[str] = Counter()
    kept = []
    for case in sorted(cases, key=lambda case: content_id("gold case", case.id)):
        if split_of(case.seed) == split and (each is None or taken[case.culture] < each):
            taken[case.culture] += 1
            kept.append(case)
    return kept


async def try_scenarios(
    judge: Judge, cases: Sequence[GoldScenario], seeds: Mapping[str, Seed], advance: Advance
) -> list[Trial]:
    """Which way goes with the statement? Traps, where both do or neither does, are cases like any other."""

    async def one(case: GoldScenario) -> Trial:
        draft = Draft(situation=case.situation, endorsing=case.first, opposing=case.second, made_by=AUTHOR)
        votes = await judge.votes(seeds[case.seed], draft)
        kind = "trap" if case.answer in ("both", "neither") else "scenario"
        return _judged(case.culture, (kind,), SIDE[case.answer], [(v, v.endorses, v.order) for v in votes])

    return await _all(one, cases, advance)


def preference_cases(gold: Gold, split: Split, each: int | None) -> list[tuple[GoldStance, GoldScenario]]:
    """Pairs whose label is known: a reader who agrees or disagrees, and a scene with a way for either side."""
    scenes: dict[str, dict[str, GoldScenario]] = defaultdict(dict)
    for scene in gold.scenarios.values():
        if scene.answer in ("first", "second"):
            scenes[scene.seed][scene.culture] = scene
    told = [case for case in gold.stances.values() if case.answer != "unknown" and scenes[case.seed]]
    return [
        (case, scenes[case.seed].get(case.culture) or min(scenes[case.seed].values(), key=lambda scene: scene.id))
        for case in sampled(told, split, each)
    ]


async def try_preferences(
    judge: ModelJudge, cases: Sequence[tuple[GoldStance, GoldScenario]], advance: Advance
) -> list[Trial]:
    """Which way would this reader prefer? Label and order are dealt by hash, so that neither tells the answer."""

    async def one(case: tuple[GoldStance, GoldScenario]) -> Trial:
        stance, scene = case
        endorsing = scene.first if scene.answer == "first" else scene.second
        opposing = scene.second if scene.answer == "first" else scene.first
        right, wrong = (endorsing, opposing) if stance.answer == "agree" else (opposing, endorsing)
        turned = int(content_id("turned", stance.id), 16) % 2
        _, task = prompt("task_values").render(domain=judge.domain, situation=scene.situation)
        chosen, rejected = (wrong, right) if turned else (right, wrong)
        asked = Case(card="Nothing.", reviews=[review_of(stance)], task=task, chosen=chosen, rejected=rejected)
        given = [(choice, choice.prefers, choice.order) for choice in await judge.choices(asked)]
        label = "rejected" if turned else "chosen"
        return _judged(stance.culture, (stance.case, stance.language), label, given)

    return await _all(one, cases, advance)


async def try_stances(
    profiler: Profiler,
    check: CrossCheck,
    cases: Sequence[GoldStance],
    seeds: Mapping[str, Seed],
    advance: Advance,
) -> list[Trial]:
    """Where does the writer of an excerpt stand? Unknown is no answer, and the right one for a third of the cases."""

    async def one(case: GoldStance) -> Trial:
        review, seed = review_of(case), seeds[case.seed]
        (fact,) = await profiler.stances(review.reader, [review], [seed])
        if taken(fact):
            (fact,) = await check.held_against(review.reader, [fact], [review], [seed])
        calls = [maker.call for maker in (fact.made_by, fact.checked_by) if maker and maker.call]
        answered = taken(fact)
        kind = f"{case.case}, unknown" if case.answer == "unknown" else case.case
        steady = answered if fact.checked_by else None
        right = fact.value == case.answer
        return Trial(case.culture, (kind, case.language), answered, right, fact.confidence, calls, steady)

    return await _all(one, cases, advance)


async def try_defects(
    critic: Critic,
    cases: Sequence[GoldBias],
    seeds: Mapping[str, Seed],
    cultures: Mapping[str, Culture],
    advance: Advance,
) -> list[Trial]:
    """Is a planted defect blocked, and its clean twin let through?"""

    async def blocked(case: GoldBias, parts: dict[str, str]) -> tuple[bool, list[str]]:
        of = seeds[case.seed], cultures[case.culture], Draft(made_by=AUTHOR, **parts)
        try:
            # An answer without remarks has its price too; asked for again, it is the kept one.
            calls = [(await critic.remarks(*of)).made_by.call] if isinstance(critic, ModelCritic) else []
            return bool(blocking(await critic.findings(*of))), calls
        except AskError:
            return False, []

    async def one(case: GoldBias) -> Trial:
        clean = {"situation": case.situation, "endorsing": case.endorsing, "opposing": case.opposing}
        (caught, asked), (alarmed, again) = await asyncio.gather(
            blocked(case, {**clean, case.part: case.defective}), blocked(case, clean)
        )
        return Trial(case.culture, (case.kind,), True, caught, 0.0, [*asked, *again], alarmed=alarmed)

    return await _all(one, cases, advance)


def line(trials: Sequence[Trial]) -> Calibration | None:
    """The calibration that the answered trials teach; None where there are too few to fit a line."""
    answered = [trial for trial in trials if trial.answered]
    if len(answered) < 10:
        return None
    return calibrate([t.confidence for t in answered], [t.right for t in answered])


def shown(base: Qualification, trials: Sequence[Trial]) -> Qualification:
    """`base` with the figures of the trials of one culture."""
    answered = [trial for trial in trials if trial.answered]
    stated = answered and base.task != "defect"
    confidence, right = [t.confidence for t in answered], [t.right for t in answered]
    kinds: dict[str, tuple[int, int]] = {}
    for trial in trials:
        for kind in trial.kinds:
            n, hit = kinds.get(kind, (0, 0))
            kinds[kind] = (n + 1, hit + trial.right)
    return base.model_copy(
        update={
            "cases": len(trials),
            "answered": len(answered),
            "right": sum(right),
            "swapped": sum(trial.steady is not None for trial in trials),
            "consistent": sum(trial.steady is True for trial in trials),
            "sided": sum(trial.sided for trial in trials),
            "first": sum(trial.firsts for trial in trials),
            "clean": sum(trial.alarmed is not None for trial in trials),
            "alarms": sum(trial.alarmed is True for trial in trials),
            "brier": brier(confidence, right) if stated else None,
            "ece": calibration_error(confidence, right) if stated else None,
            "kinds": dict(sorted(kinds.items())),
        }
    )


def _judged(
    culture: str, kinds: Sequence[str], truth: str, given: Sequence[tuple[Vote | Choice, str | None, str]]
) -> Trial:
    (answer,) = steady(("judge", said) for _, said, _ in given).values()
    sides = [said == order for _, said, order in given if said in ("endorsing", "opposing", "chosen", "rejected")]
    return Trial(
        culture=culture,
        kinds=kinds,
        answered=answer is not None,
        right=answer == truth,
        confidence=sum(vote.confidence for vote, _, _ in given) / len(given),
        calls=[vote.made_by.call for vote, _, _ in given if vote.made_by.call],
        steady=len({said for _, said, _ in given}) == 1 if len(given) > 1 else None,
        sided=len(sides),
        firsts=sum(sides),
    )


def review_of(case: GoldStance) -> Review:
    """A gold excerpt as the one review of a reader of its own."""
    return Review(
        id=content_id("gold", case.id),
        reader=f"gold {case.id}",
        book="",
        rating=3.0,
        title="",
        text=case.excerpt,
        time=None,
        source="gold",
    )


async def _all(one: Callable[[T], Awaitable[Trial]], cases: Sequence[T], advance: Advance) -> list[Trial]:
    done = 0
    advance(0, len(cases))

    async def counted(case: T) -> Trial:
        nonlocal done
        trial = await one(case)
        done += 1
        advance(done, len(cases))
        return trial

    return await asyncio.gather(*(counted(case) for case in cases))
