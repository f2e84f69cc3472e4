"""What later ratings say of the labels that rest on ratings: by lot, and by what the labels rest on.

A pair of categories is tested by the reader's own held-back ratings of both. What readers alike did, and what is near,
are tested on books that the reader did rate, in `RatedTest`s. That the reader rated a book lower needs no test, and has
none. A tie confirms nothing. Readers read what they expect to like, so that books never rated would be liked rather
less than those that tests are made of: the share confirmed is on the low side.
"""

from collections import Counter
from collections.abc import Callable
from typing import get_args

from gravity.frameworks.statistics import exact_of_clusters
from gravity.store.ledger import Ledger
from gravity.store.records import RestsOn, Row

ENOUGH = 30  # tests of a culture, from which these alone say what a kind of label is worth there


class Tested(Row):
    """How many `pairs` there are, and of as many tests as are `tested`, on ratings of so many `readers`, how many
    confirm the label, are ties, or contradict it; the share confirmed lies between `low` and `high` with 95%
    confidence, over readers."""

    pairs: int
    tested: int
    readers: int
    confirmed: int
    tied: int
    contradicted: int
    low: float
    high: float

    @property
    def share(self) -> float | None:
        """The share (0 to 1) of the tests that confirm the label; None where there is none."""
        return self.confirmed / self.tested if self.tested else None


class Rated(Tested):
    """The same of a lot, over the `kinds` of evidence that its vetted pairs rest on."""

    culture: str
    track: str
    kinds: dict[str, Tested]


Key = tuple[str, str, str, str, str | None]  # culture, track, what a label rests on, reader, outcome


def rated(ledger: Ledger, run: str) -> dict[tuple[str, str], Rated]:
    """By culture and track what later ratings say of the labels of its vetted pairs that rest on ratings, those that
    people decided on among them. Kinds of which no pair was vetted are in `kinds` alone, with no pairs."""
    pairs, tests = ledger.rated_pairs(run), ledger.rated_tests(run)
    tests += Counter({key: n for key, n in pairs.items() if key[4] is not None})
    found = {}
    for lot in sorted({(key[0], key[1]) for key in (*pairs, *tests)}):
        of_lot = {key: n for key, n in tests.items() if key[:2] == lot}
        made = Counter[str]()
        for key, n in pairs.items():
            if key[:2] == lot:
                made[key[2]] += n
        kinds = {
            kind: _tested(made[kind], {key: n for key, n in of_lot.items() if key[2] == kind})
            for kind in get_args(RestsOn)
            if made[kind] or any(key[2] == kind for key in of_lot)
        }
        whole = _tested(made.total(), {key: n for key, n in of_lot.items() if made[key[2]]})
        found[lot] = Rated(culture=lot[0], track=lot[1], kinds=kinds, **whole.model_dump())
    return found


def confirmed_share(tests: Counter[Key]) -> Callable[[str], dict[RestsOn, float]]:
    """By culture how likely (0 to 1) a label of a kind holds, by the rule of succession:
    (confirmed + 1) / (tested + 2). Where a culture has fewer than ENOUGH tests those of all cultures count; a kind
    without any is left out."""

    def of(culture: str) -> dict[RestsOn, float]:
        found: dict[RestsOn, float] = {}
        for kind in get_args(RestsOn):
            every = {key: n for key, n in tests.items() if key[2] == kind}
            own = {key: n for key, n in every.items() if key[0] == culture}
            counted = own if sum(own.values()) >= ENOUGH else every
            if counted:
                confirmed = sum(n for key, n in counted.items() if key[4] == "confirmed")
                found[kind] = (confirmed + 1) / (sum(counted.values()) + 2)
        return found

    return of


def _tested(pairs: int, tests: dict[Key, int]) -> Tested:
    outcomes, readers, confirmed = Counter[str](), Counter[str](), Counter[str]()
    for (_, _, _, reader, outcome), n in tests.items():
        outcomes[outcome or ""] += n
        readers[reader] += n
        confirmed[reader] += n * (outcome == "confirmed")
    interval = exact_of_clusters([(confirmed[reader], n) for reader, n in readers.items()])
    return Tested(
        pairs=pairs,
        tested=outcomes.total(),
        readers=len(readers),
        confirmed=outcomes["confirmed"],
        tied=outcomes["tied"],
        contradicted=outcomes["contradicted"],
        low=interval.low,
        high=interval.high,
    )
