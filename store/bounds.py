"""How many labels of a lot are wrong, at most and at least, as a sample judged by a panel says it.

A panel confirms a label, refutes it, or leaves it undecided; what is undecided is not confirmed. Let it confirm a share
`s` of right labels and a share `f` of wrong ones. Of a lot with a share `e` of wrong labels it confirms
c = (1 - e) s + e f, so that (Rogan and Gladen 1978)

    e = (s - c) / (s - f).

`s` is measured on the gold cases of the same task whose label the profiler got right, and `f` on those whose label it
got wrong: so the errors that panel and profiler share are in it. (Where both askings of the profiler got fewer than ten
wrong, the labels count that one asking got wrong, unless the panel takes them another way: `PanelRecord.missed`.) All
three shares have an uncertainty of their own, and e grows with s and f and falls with c. So the upper bound takes their
Clopper-Pearson confidence distributions, of s and f the upper and of c the lower one, as independent, and is a quantile
of what they make of e (melding: Fay, Proschan and Brittain 2015, Biometrics 71). Where one share alone is uncertain
this is the Clopper-Pearson bound. Where nothing is measured of f it can be 1, and there is no upper bound.

The lower bound asks less: of right labels the panel refutes a share `r` on gold cases, of wrong ones at most all. So
e is at least (a - r) / (1 - r) where it refutes a share `a`.

Assumed is that the panel confirms right labels of the lot no more often than those of gold cases, and wrong ones no
more often than those of gold cases; and that a sample is drawn by chance. Of the confirmed labels a share
e f / c is wrong, which is bounded in the same way.
"""

from functools import lru_cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from gravity.frameworks.statistics import Interval
from gravity.store.runs import PanelRecord

DRAWS = 8_192
TAIL = 0.025  # of each end

Draws = npt.NDArray[np.float64]


class Answers(NamedTuple):
    """What is known of so many sampled labels: `agreed` were confirmed, `against` refuted, the others undecided."""

    agreed: int
    against: int
    undecided: int

    @property
    def n(self) -> int:
        """How many they are."""
        return sum(self)


def label_error(answers: Answers, record: PanelRecord, tail: float = TAIL) -> Interval:
    """The interval of the share of wrong labels (0 to 1), each end wrong with a chance of at most `tail`."""
    return Interval(_low(answers, record, tail), _high(answers, record, tail))


def confirmed_error(answers: Answers, record: PanelRecord, tail: float = TAIL) -> float:
    """The upper bound of the share of wrong labels (0 to 1) among those that were confirmed; 1 where none was."""
    c, s, f = _shares(answers, record)
    with np.errstate(divide="ignore", invalid="ignore"):
        wrong = np.where((c > 0) & (f < s), f * np.maximum(s - c, 0) / (c * (s - f)), 1.0)
    return _quantile(wrong, 1 - tail)


def settled_error(answers: Answers, record: PanelRecord, tail: float = TAIL) -> Interval:
    """The interval of the share of wrong labels where people decided on each that the panel did not confirm: what it
    confirmed wrongly is all that can be missing in theirs."""
    return Interval(_quantile(_below(answers.against, answers.n), tail), _high(answers, record.settled(), tail))


def _high(answers: Answers, record: PanelRecord, tail: float) -> float:
    c, s, f = _shares(answers, record)
    with np.errstate(divide="ignore", invalid="ignore"):
        error = np.where(f < s, (s - c) / (s - f), 1.0)
    return _quantile(np.clip(error, 0, 1), 1 - tail)


def _low(answers: Answers, record: PanelRecord, tail: float) -> float:
    refuted, falsely = _below(answers.against, answers.n), _above(record.refuted, record.right, 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        error = np.where(falsely < 1, (refuted - falsely) / (1 - falsely), 0.0)
    return _quantile(np.clip(error, 0, 1), tail)


def _shares(answers: Answers, record: PanelRecord) -> tuple[Draws, Draws, Draws]:
    """Draws of c, s and f, each toward the end at which the label error is larger."""
    return (
        _below(answers.agreed, answers.n),
        _above(record.confirmed, record.right, 1),
        _above(*record.missed, 2),
    )


def _quantile(draws: Draws, at: float) -> float:
    return float(np.quantile(draws, at, method="higher" if at > 0.5 else "lower"))


@lru_cache(maxsize=4_096)
def _above(found: int, n: int, which: int) -> Draws:
    """The upper confidence distribution of a share: its quantiles are upper Clopper-Pearson bounds."""
    from scipy import special

    if found >= n:
        return np.ones(DRAWS)
    drawn: Draws = special.betaincinv(found + 1, n - found, _chances(which))
    return drawn


@lru_cache(maxsize=4_096)
def _below(found: int, n: int) -> Draws:
    """The lower one."""
    from scipy import special

    if found <= 0:
        return np.zeros(DRAWS)
    drawn: Draws = special.betaincinv(found, n - found + 1, _chances(0))
    return drawn


@lru_cache(maxsize=3)
def _chances(which: int) -> Draws:
    """Even steps from 0 to 1 in an order of their own, so that the three kinds of draws are independent."""
    steps = (np.arange(DRAWS) + 0.5) / DRAWS
    return np.random.default_rng(which).permutation(steps)
