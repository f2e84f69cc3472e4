"""What tests of qualification share: the gold set, and whether a measured share is that of a played model."""

from gravity.frameworks.gold import Gold
from gravity.frameworks.loader import Library
from gravity.store.records import Qualification

LIBRARY = Library()
GOLD = Gold(LIBRARY)
SEEDS = LIBRARY.seeds
BOOKS = LIBRARY.domain("books")


def silent(done: int, total: int) -> None:
    """Nobody looks."""


def base(task: str) -> Qualification:
    return Qualification(key="k", task=task, culture="us", model="stub", time="now", cases=0, answered=0, right=0)


def within(share: float, found: int, n: int, level: float = 0.999) -> bool:
    """Whether `found` of `n` is what a share gives but once in a thousand times: these tests are not to flicker."""
    from scipy import stats

    low, high = stats.binomtest(found, n).proportion_ci(level, method="exact")
    return bool(low <= share <= high)
