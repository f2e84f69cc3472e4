"""How one gold case went, and what the trials of a culture come to."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from gravity.agents.comparing import steady
from gravity.agents.errors import NotAnsweredError
from gravity.frameworks.gold import GoldCase, GoldFacet, GoldStance, GoldView, GoldWriting, Split
from gravity.frameworks.statistics import Calibrations, brier, calibration_error, calibration_error_interval
from gravity.store.comparisons import Preferred
from gravity.store.records import Choice, Provenance, Qualification, Review, Vote, content_id

UNKNOWN = "unknown"  # the truth of cases from which nobody can tell
SIDED = ("endorsing", "opposing", "chosen", "rejected", "first", "second")  # answers that take one of two texts
AUTHOR = Provenance(model="author")
Advance = Callable[[int, int], None]
C = TypeVar("C", bound=GoldCase)
T = TypeVar("T")


@dataclass(frozen=True)
class Trial:
    """How one case went. `confidence` is None where none is stated, `steady` where one order was asked; `firsts` of
    `sided` answers took the side shown first; `alarmed` tells of a clean twin, for critics; `calls` are the keys of
    the kept answers. Where it is about a label, `case` is the gold case's id, `truth` the right label or UNKNOWN, and
    `said` the label that was given and `first` that of the first asking alone, None for none."""

    culture: str
    kinds: Sequence[str]
    answered: bool
    right: bool
    confidence: float | None
    calls: Sequence[str]
    steady: bool | None = None
    sided: int = 0
    firsts: int = 0
    alarmed: bool | None = None
    case: str = ""
    truth: str = ""
    said: str | None = None
    first: str | None = None

    @property
    def telling(self) -> bool:
        """Whether its right answer is one, and not that it cannot be told."""
        return self.truth != UNKNOWN

    def calibrated(self, calibrations: Calibrations) -> "Trial":
        """The trial with its confidence mapped, where there is a map for its culture."""
        fitted = calibrations.get(self.culture)
        if fitted is None or self.confidence is None:
            return self
        return replace(self, confidence=fitted.calibration(self.confidence))


def sampled(cases: Iterable[C], split: Split, each: int | None) -> list[C]:
    """The cases of a split, of each culture at most `each`, drawn by the hash of their ids."""
    taken: Counter[str] = Counter()
    kept = []
    for case in sorted(cases, key=lambda case: content_id("gold case", case.id)):
        if case.split == split and (each is None or taken[case.culture] < each):
            taken[case.culture] += 1
            kept.append(case)
    return kept


def summarised(base: Qualification, trials: Sequence[Trial]) -> Qualification:
    """`base` with the figures of the trials of one culture."""
    answered = [trial for trial in trials if trial.answered]
    right = [trial.right for trial in answered]
    stated = [(trial.confidence, trial.right) for trial in answered if trial.confidence is not None]
    confidences, hits = [confidence for confidence, _ in stated], [hit for _, hit in stated]
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
            "telling": sum(trial.telling for trial in trials),
            "told": sum(trial.telling for trial in answered),
            "swapped": sum(trial.steady is not None for trial in trials),
            "consistent": sum(trial.steady is True for trial in trials),
            "sided": sum(trial.sided for trial in trials),
            "first": sum(trial.firsts for trial in trials),
            "clean": sum(trial.alarmed is not None for trial in trials),
            "alarms": sum(trial.alarmed is True for trial in trials),
            "brier": brier(confidences, hits) if stated else None,
            "ece": calibration_error(confidences, hits) if stated else None,
            "ece_interval": calibration_error_interval(confidences, hits) if stated else None,
            "outcomes": {trial.case: (trial.truth, trial.said, trial.first) for trial in trials if trial.case},
            "kinds": dict(sorted(kinds.items())),
        }
    )


def judged(
    culture: str,
    kinds: Sequence[str],
    truth: str | None,
    given: Sequence[tuple[Vote | Choice | Preferred, str | None, str]],
) -> Trial:
    """The trial of a case whose right answer is `truth` (None: that nobody can tell), from (vote, answer, side shown
    first), one an order."""
    (answer,) = steady(("judge", said) for _, said, _ in given).values()
    sides = [said == order for _, said, order in given if said in SIDED]
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


def review_of(case: GoldStance | GoldView) -> Review:
    """A gold excerpt as the one review of a reader of its own."""
    return Review(
        id=content_id("gold", case.id),
        reader=f"gold {case.id}",
        book="",
        rating=case.rating if isinstance(case, GoldView) else 3.0,
        title=case.title if isinstance(case, GoldView) else "",
        text=case.excerpt,
        time=None,
        source="gold",
    )


def reviews_of(case: GoldFacet | GoldWriting) -> list[Review]:
    """The reviews of a gold case as those of a reader of its own."""
    return [
        Review(
            id=content_id("gold", case.id, place),
            reader=f"gold {case.id}",
            book=f"gold {case.id} {place}",
            rating=review.rating,
            title=review.title,
            text=review.text,
            time=None,
            source="gold",
        )
        for place, review in enumerate(case.reviews)
    ]


class UnansweredError(Exception):
    """Some cases were not answered, so nothing is told of the model; `reasons` counts them by reason."""

    def __init__(self, reasons: Counter[str]) -> None:
        super().__init__(f"{reasons.total()} cases were not answered")
        self.reasons = reasons


async def try_all(one: Callable[[T], Awaitable[Trial]], cases: Sequence[T], advance: Advance) -> list[Trial]:
    """The trials of all cases side by side; `advance` hears of each, with how many there are.

    A case that nobody answers makes no trial. Raises UnansweredError at the end if there were such cases: the others'
    answers are kept, so that the next examination asks about these alone.
    """
    reasons: Counter[str] = Counter()
    done = 0
    advance(0, len(cases))

    async def counted(case: T) -> Trial | None:
        nonlocal done
        try:
            trial = await one(case)
        except NotAnsweredError as error:
            reasons[error.kind] += 1
            return None
        done += 1
        advance(done, len(cases))
        return trial

    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(counted(case)) for case in cases]
    except BaseExceptionGroup as group_error:
        raise group_error.exceptions[0] from None
    if reasons:
        raise UnansweredError(reasons)
    return [trial for task in tasks if (trial := task.result()) is not None]
