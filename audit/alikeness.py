"""How alike the views of readers are, within a culture and across cultures, with jackknife errors."""

from dataclasses import dataclass
from typing import cast

import numpy as np
from scipy import stats

from gravity.audit.resampling import Estimate
from gravity.audit.tables import Codes, Flags, Floats


@dataclass(frozen=True)
class Views:
    """Who agrees and who disagrees with what: two readers x seeds matrices of 0 and 1, and the readers' cultures."""

    agree: Floats
    disagree: Floats
    culture: Codes

    @classmethod
    def from_rows(cls, reader: Codes, seed: Codes, culture: Codes, agree: Flags) -> "Views":
        """The views told by rows, one for each reader and seed."""
        shape = (int(reader.max()) + 1, int(seed.max()) + 1)
        yes, no, home = np.zeros(shape), np.zeros(shape), np.zeros(shape[0], dtype=np.int64)
        yes[reader[agree], seed[agree]] = 1
        no[reader[~agree], seed[~agree]] = 1
        home[reader] = culture
        return cls(yes, no, home)

    def readers(self, code: int) -> int:
        """How many readers are of the culture."""
        return int((self.culture == code).sum())

    def size(self, code: int) -> int:
        """How many views the culture's readers have."""
        mine = self.culture == code
        return int(self.agree[mine].sum() + self.disagree[mine].sum())

    def sums(self, rows: Flags) -> tuple[Floats, Floats]:
        """By seed, how many of the readers agree and how many disagree."""
        return self.agree[rows].sum(axis=0), self.disagree[rows].sum(axis=0)


def entropy(views: Views, code: int) -> Estimate | None:
    """The mean over seeds of the entropy in bits of agree against disagree, with Miller and Madow's correction.

    1 is an even split on every seed, 0 one voice. None where no seed has two views.
    """
    mine = views.culture == code
    yes, no = views.sums(mine)
    bits = _bits(yes, no)
    told = ~np.isnan(bits)
    if not told.any():
        return None
    without = _bits(yes - views.agree[mine], no - views.disagree[mine])[:, told]
    with np.errstate(invalid="ignore"):
        by_reader = np.nansum(without, axis=1) / (~np.isnan(without)).sum(axis=1)
    by_seed = (bits[told].sum() - bits[told]) / max(1, told.sum() - 1)
    return _estimate(float(bits[told].mean()), [by_reader, by_seed])


def _bits(yes: Floats, no: Floats) -> Floats:
    """The entropies by seed; NaN where there are fewer than two views."""
    n = yes + no
    with np.errstate(divide="ignore", invalid="ignore"):
        p = yes / n
        bits = np.where((p > 0) & (p < 1), -(p * np.log2(p) + (1 - p) * np.log2(1 - p)) + 1 / (2 * n * np.log(2)), 0.0)
    return np.where(n > 1, np.minimum(bits, 1.0), np.nan)


def within(views: Views, code: int) -> Estimate | None:
    """How often two readers of a culture agree about a seed: over all pairs of readers, without the doubling of one."""
    mine = views.culture == code
    yes, no = views.sums(mine)
    return _jackknifed(
        _agreement(yes, no),
        _agreement(yes - views.agree[mine], no - views.disagree[mine]),
    )


def excess(views: Views, code: int) -> Estimate | None:
    """How much more often two readers of a culture agree than a reader of it and one of another culture."""
    mine = views.culture == code
    if mine.all() or not mine.any():
        return None
    yes, no = views.sums(mine)
    far, against = views.sums(~mine)
    whole = _difference(yes, no, far, against)
    without_mine = _difference(yes - views.agree[mine], no - views.disagree[mine], far, against)
    without_theirs = _difference(yes, no, far - views.agree[~mine], against - views.disagree[~mine])
    return _jackknifed(whole, without_mine, without_theirs)


Terms = tuple[Floats, Floats]  # what agrees and what could, by seed (last axis)


def _agreement(yes: Floats, no: Floats) -> Terms:
    n = yes + no
    return yes * (yes - 1) + no * (no - 1), n * (n - 1)


def _difference(yes: Floats, no: Floats, far: Floats, against: Floats) -> tuple[Floats, ...]:
    return *_agreement(yes, no), yes * far + no * against, (yes + no) * (far + against)


def _value(terms: tuple[Floats, ...]) -> Floats:
    """One ratio, or the difference of two, summed over the seeds that have them all."""
    terms = tuple(np.broadcast_arrays(*terms))
    told = np.logical_and.reduce([term > 0 for term in terms[1::2]])
    sums = [np.where(told, term, 0.0).sum(axis=-1) for term in terms]
    with np.errstate(divide="ignore", invalid="ignore"):
        found = sums[0] / sums[1]
        return cast(Floats, found - sums[2] / sums[3] if len(sums) > 2 else found)


def _jackknifed(whole: tuple[Floats, ...], *without: tuple[Floats, ...]) -> Estimate | None:
    """The value with errors from leaving out each reader and each seed (Efron & Stein 1981), their variances added."""
    value = float(_value(whole))
    seeds = len(whole[0])
    left = [_value(terms) for terms in without]
    left.append(np.array([float(_value(tuple(np.delete(t, s) for t in whole))) for s in range(seeds)]))
    return _estimate(value, left)


def _estimate(value: float, left: list[Floats]) -> Estimate | None:
    if not np.isfinite(value) or any(len(made) < 2 or not np.isfinite(made).all() for made in left):
        return None
    error = float(np.sqrt(sum((len(made) - 1) * float(np.var(made)) for made in left)))
    freedom = max(1, min(len(made) for made in left) - 1)
    half = float(stats.t.ppf(0.975, freedom)) * error
    return Estimate(value, value - half, value + half, error, freedom)
