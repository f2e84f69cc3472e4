"""What checks of the gold sets count alike: sizes, splits, balance, and texts that stand twice."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

from gravity.frameworks.gold import DEV_PERCENT, GoldCase, split_of
from gravity.frameworks.loader import Library
from gravity.frameworks.measures import Report, words

BALANCE = 0.05  # by which share a count may miss the one that is asked for; one case more or less is never a fault
DEV_SHARE = (0.30, 0.45)  # of a set's seeds, or of its cases where they have none

C = TypeVar("C", bound=GoldCase)
Sized = Iterable[tuple[str, str, range]]


def spaceless(language: str) -> bool:
    """Whether a language is written without spaces, so that its characters are counted and not its words."""
    return language.split("-")[0] in ("ja", "zh")


def splits(
    report: Report,
    what: str,
    dealt: Collection[str],
    by: str = "seeds",
    percent: int = DEV_PERCENT,
    asked: tuple[float, float] = DEV_SHARE,
) -> None:
    """Adds which share of what is dealt to the splits is dev."""
    dev = sum(split_of(identity, percent) == "dev" for identity in dealt)
    share, (low, high) = dev / max(1, len(dealt)), asked
    faults = [] if low <= share <= high else [f"{dev} of {len(dealt)} {by} are dev"]
    figures = f"{dev} of {len(dealt)} {by} are dev, {share:.1%}"
    report.add(f"{what}: splits", figures, f"{low:.0%} to {high:.0%} of the {by} are dev", faults)


def groups(cases: Sequence[C], library: Library) -> Iterator[tuple[str, Sequence[C]]]:
    """What has to be balanced in itself: all cases, and those of each culture that was added, with its name."""
    yield "", cases
    for culture in sorted({case.culture for case in cases} - {*library.base.cultures}):
        yield f" of {culture}", [case for case in cases if case.culture == culture]


def misfits(named: Sized) -> list[str]:
    """The texts, as (id, text, allowed), that have more or fewer words than they may."""
    return [f"{name} has {words(text)} words" for name, text, allowed in named if words(text) not in allowed]


def twice(texts: Iterable[str]) -> list[str]:
    """The texts that stand more than once."""
    return [f"'{text}' stands twice" for text, n in Counter(text.casefold() for text in texts).items() if n > 1]


def off(found: float, asked: float) -> bool:
    """Whether a count misses the one that is asked for by more than it may."""
    return abs(found - asked) > max(1, BALANCE * asked)


def listed(counts: Mapping[Any, int]) -> str:
    """Counts in words."""
    return ", ".join(f"{n} {name}" for name, n in sorted(counts.items()))


def bounds(allowed: range) -> str:
    """The least and the most of a range."""
    return f"{allowed[0]}-{allowed[-1]}"


def ranged(found: Sequence[int], unit: str) -> str:
    """The least and the most of what was found."""
    return f"{min(found, default=0)}-{max(found, default=0)} {unit}"
