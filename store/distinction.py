"""Whose reading it is: how often a pair's label would be another had the reader been another one of the same culture.

Labels that never differ between readers carry nothing of them. A pair is compared with those of other readers of its
culture that put the same two answers against each other; of `a` readers who prefer one and `d` who prefer the other,
a + d pairs differ from 2 a d / (a + d - 1) in the mean. The share is a ratio over subjects (a seed, an item, books),
whose pairs are not independent; its interval is that of a ratio estimator (Cochran 1977, 6.4), by Student's t.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from math import sqrt
from typing import NamedTuple

from gravity.frameworks.statistics import Interval, t_quantile
from gravity.store.ledger import Ledger
from gravity.store.records import Row

FEWEST = 5  # subjects: with fewer there is no interval


class Preferred(NamedTuple):
    """Of a pair what tells it apart from others: what it is about, its two answers in an order of their own, and
    whether the first of these is the chosen one."""

    culture: str
    track: str
    subject: str
    answers: tuple[str, str]
    first: bool


class Distinction(Row):
    """Of `pairs` of a culture and track, `compared` had another reader's beside them, on so many `subjects`; of these a
    `share` (0 to 1, None where none was compared) would differ. `interval` is None with fewer than FEWEST subjects."""

    culture: str
    track: str
    pairs: int
    compared: int
    subjects: int
    share: float | None
    interval: Interval | None


def distinctions(ledger: Ledger, run: str) -> list[Distinction]:
    """How far the labels of a run's vetted pairs tell readers apart, by culture and track."""
    return measured(Preferred(*row) for row in ledger.preferences(run))


def measured(pairs: Iterable[Preferred]) -> list[Distinction]:
    """The same of pairs that are given."""
    tallies: dict[tuple[str, str], dict[tuple[str, tuple[str, str]], Counter[bool]]] = defaultdict(
        lambda: defaultdict(Counter)
    )
    for pair in pairs:
        tallies[pair.culture, pair.track][pair.subject, pair.answers][pair.first] += 1
    return [_measured(culture, track, tally) for (culture, track), tally in sorted(tallies.items())]


def _measured(culture: str, track: str, tally: Mapping[tuple[str, tuple[str, str]], Mapping[bool, int]]) -> Distinction:
    pairs, sums = 0, defaultdict[str, list[float]](lambda: [0.0, 0.0])
    for (subject, _), counts in tally.items():
        one, other = counts.get(True, 0), counts.get(False, 0)
        pairs += one + other
        if one + other > 1:
            sums[subject][0] += one + other
            sums[subject][1] += 2 * one * other / (one + other - 1)
    compared = sum(n for n, _ in sums.values())
    share = sum(differ for _, differ in sums.values()) / compared if compared else None
    interval = None
    if share is not None and len(sums) >= FEWEST:
        spread = sum((differ - share * n) ** 2 for n, differ in sums.values())
        error = sqrt(spread * len(sums) / (len(sums) - 1)) / compared
        half = t_quantile(len(sums) - 1) * error
        interval = Interval(max(0.0, share - half), min(1.0, share + half))
    return Distinction(
        culture=culture,
        track=track,
        pairs=pairs,
        compared=round(compared),
        subjects=len(sums),
        share=share,
        interval=interval,
    )
