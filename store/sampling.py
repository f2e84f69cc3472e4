"""How many pairs of a lot are checked, and when checking may stop: looks at growing samples, each with its share of the
error."""

from bisect import bisect_left
from functools import lru_cache
from typing import NamedTuple

from gravity.store.bounds import TAIL, Answers, confirmed_error, label_error
from gravity.store.runs import PanelRecord

# A look at a part of the sample uses up a part of the error, so that all intervals hold together (Bonferroni), and
# checking may stop at whichever is the first to settle the matter.
LOOKS = ((0.25, 0.15), (0.5, 0.2), (0.75, 0.25), (1.0, 0.4))
# The sample is so large that a lot at a third of the acceptable error passes at least four times in five.
POWER, GOOD = 0.8, 1 / 3
SMALLEST, LARGEST, STEP = 40, 600, 20
HOPELESS = 0.1  # where it would pass less often than this, checking stops at SMALLEST pairs


class Look(NamedTuple):
    """One look: at how many pairs, and how often each end of its interval may be wrong."""

    n: int
    tail: float


class Design(NamedTuple):
    """The looks at a lot, the largest last, and how often the last one vets a lot at GOOD of the acceptable error.
    Where that is too seldom, pairs can leave `one_by_one`: those that the panel confirms."""

    looks: tuple[Look, ...]
    power: float
    one_by_one: bool = False

    @property
    def sample(self) -> int:
        """How many pairs are checked at most."""
        return self.looks[-1].n


@lru_cache
def design(record: PanelRecord, acceptable: float, pairs: int = LARGEST) -> Design:
    """The looks at a lot of so many pairs by a panel of that record, so that it can be told good from bad at the error
    `acceptable` (0 to 1).

    Where a sample of LARGEST pairs would hardly vet any, there is one look. It is as large as that where pairs that the
    panel confirms can be expected to be right, and leave; and else at SMALLEST pairs, which can still withhold the lot
    and leaves people something to go by.
    """
    size, power = _size(record, acceptable)
    if power < HOPELESS:
        most = min(pairs, LARGEST)
        one_by_one = _confirmed_hold(most, record, acceptable)
        return Design((Look(most if one_by_one else min(SMALLEST, most), TAIL),), power, one_by_one)
    size = min(size, pairs)
    looks: dict[int, float] = {}
    for part, share in LOOKS:
        # Looks at the same few pairs are one.
        n = min(size, max(SMALLEST, round(size * part)))
        looks[n] = looks.get(n, 0.0) + TAIL * share
    return Design(tuple(Look(n, tail) for n, tail in looks.items()), power)


def _confirmed_hold(n: int, record: PanelRecord, acceptable: float) -> bool:
    """Whether pairs that the panel confirms, of so many that it checks, can be expected to be right."""
    agreed = round(n * _expected(record, acceptable)) if record.right else 0
    return confirmed_error(Answers(agreed, 0, n - agreed), record) <= acceptable


def _expected(record: PanelRecord, acceptable: float) -> float:
    """The share that the panel can be expected to confirm of a lot at GOOD of the acceptable error."""
    missed, wrong = record.missed
    return (1 - acceptable * GOOD) * record.confirmed / record.right + acceptable * GOOD * missed / max(wrong, 1)


def _size(record: PanelRecord, acceptable: float) -> tuple[int, float]:
    if not record.right or not record.missed[1]:
        return SMALLEST, 0.0
    expected = _expected(record, acceptable)
    power = 0.0
    for n in range(SMALLEST, LARGEST + 1, STEP):
        if (power := _passes(n, expected, record, acceptable)) >= POWER:
            return n, power
    return (LARGEST, power) if power else (SMALLEST, 0.0)


def _passes(n: int, confirms: float, record: PanelRecord, acceptable: float) -> float:
    """How often the last look at `n` pairs vets a lot of which the panel confirms a share (0 to 1)."""
    return _at_least(enough(n, record, acceptable), n, confirms)


def outlook(answers: Answers, planned: Design, record: PanelRecord, acceptable: float) -> float:
    """How likely it is (0 to 1) that the last look vets the lot, if the panel goes on confirming as many as so far."""
    needed = enough(planned.sample, record, acceptable)
    return _at_least(needed - answers.agreed, planned.sample - answers.n, answers.agreed / answers.n)


@lru_cache
def enough(n: int, record: PanelRecord, acceptable: float) -> int:
    """How many of `n` pairs must be confirmed at the last look to vet a lot; n + 1 where no number is enough."""

    def vets(agreed: int) -> bool:
        # The upper bound does not ask what the others were.
        return label_error(Answers(agreed, 0, n - agreed), record, TAIL * LOOKS[-1][1]).high <= acceptable

    return bisect_left(range(n + 1), True, key=vets)


def _at_least(needed: int, n: int, share: float) -> float:
    """The chance of at least so many of `n`, each with a chance of `share`."""
    from scipy import special

    if needed <= 0:
        return 1.0
    return 0.0 if needed > n else float(special.bdtrc(needed - 1, n, share))
