"""Fiction against non-fiction, isolated: which part of a card makes how much of the difference between two kinds of
books, and how much of it goes with how the books are described and what their readers read."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from gravity.audit.study import count_words
from gravity.compare.mixed import fitted
from gravity.frameworks.statistics import Z, t_quantile

if TYPE_CHECKING:
    import pandas as pd

NONE, SHUFFLED = "no card", "shuffled card"
# The cards, each with one part more than the one before it; the placebo has as many parts, of another reader.
STEPS = ("interests", "+ personality", "+ values")
CARDS = (*STEPS, SHUFFLED)
COVARIATES = ("description", "facts", "spread", "entropy")
CALIPER = 0.5  # standard deviations of each covariate of a book by which two matched books may differ
DRAWS = 1_000
MIN_READERS = 6


@dataclass(frozen=True)
class Row:
    """How a writing with a card came out against the one without a card, for a reader and a book.

    `outcome` is 1 where it was preferred, -1 where the other was, 0 where the panel was undecided. `second` says which
    of the two kinds the book is of. The covariates are the words of the book's own description, facts in 100 of them,
    the standard deviation of the reader's ratings, and the entropy of the categories that they read, in bits.
    """

    reader: str
    book: str
    card: str
    second: bool
    outcome: float
    description: float
    facts: float
    spread: float
    entropy: float


@dataclass(frozen=True)
class Effect:
    """A figure with its 95% interval, and the p of its being 0 by a test."""

    name: str
    value: float
    low: float
    high: float
    p: float
    n: int
    test: str


def effects(rows: Sequence[Row]) -> list[Effect]:
    """What the rows tell; empty with fewer than MIN_READERS readers or books of either kind.

    A linear mixed model of outcome by card and kind with crossed random intercepts of reader, book and cell (Baayen,
    Davidson & Bates 2008) gives the gain of each card in each kind, the gap between the kinds with each card, and the
    parts of the whole card's gap: what each step adds to it. The same with the covariates gives the gap that is left;
    what they explain of it is Gelbach's decomposition (2016, Journal of Labor Economics 34:509), with percentiles of a
    bootstrap over readers. The matched subset are pairs of books, one of each kind, of one reader, that are alike in
    length and density of facts.
    """
    if any(len({row.reader for row in rows if row.second is kind}) < MIN_READERS for kind in (False, True)):
        return []
    table = _table(rows)
    found = _of_model(table)
    found += _explained(table)
    return found + _matched(table)


def _table(rows: Sequence[Row]) -> "pd.DataFrame":
    import pandas as pd

    table = pd.DataFrame([vars(row) for row in rows])
    for name in COVARIATES:
        spread = float(table[name].std())
        table[name] = (table[name] - table[name].mean()) / spread if spread > 0 else 0.0
    return table


def _of_model(table: "pd.DataFrame") -> list[Effect]:
    cards = [card for card in CARDS if (table.card == card).any()]
    plain, covariance = _fitted(table, _design(table, cards))
    means = {(card, kind): _mean(cards, card, kind) for card in cards for kind in (0, 1)}
    contrasts = {
        f"gain over no card, {card}, {('first', 'second')[kind]} kind": means[card, kind] for card, kind in means
    }
    gaps = {card: means[card, 1] - means[card, 0] for card in cards}
    contrasts |= {f"gap between the kinds, {card}": gap for card, gap in gaps.items()}
    steps = [card for card in STEPS if card in gaps]
    before: dict[str, Any] = dict(zip(steps[1:], steps, strict=False))
    contrasts |= {
        f"part of the gap, {card}": gaps[card] - gaps[before[card]] if card in before else gaps[card] for card in steps
    }
    found = [_effect(name, weights, plain, covariance, len(table)) for name, weights in contrasts.items()]
    last = table[table.card == STEPS[-1]]
    if len(last):
        columns = [np.ones(len(last)), last.second.to_numpy(float), *(last[name].to_numpy() for name in COVARIATES)]
        design = np.column_stack(columns)
        adjusted, covariance = _fitted(last, design)
        names = ("", "gap that covariates leave", *(f"covariate, {name}" for name in COVARIATES))
        for place, name in enumerate(names):
            if name and design[:, place].std() > 0:
                found.append(_effect(name, np.eye(design.shape[1])[place], adjusted, covariance, len(last)))
    return found


def _design(table: "pd.DataFrame", cards: Sequence[str]) -> npt.NDArray[np.float64]:
    """A column for each card in each kind: cell means, so that every figure is a difference of coefficients."""
    cells = [(table.card == card) & (table.second == bool(kind)) for card in cards for kind in (0, 1)]
    return np.column_stack([cell.to_numpy(float) for cell in cells])


def _mean(cards: Sequence[str], card: str, kind: int) -> npt.NDArray[np.float64]:
    return np.asarray(np.eye(2 * len(cards))[2 * list(cards).index(card) + kind])


def _fitted(
    table: "pd.DataFrame", design: npt.NDArray[np.float64]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    # All of a cell's comparisons share the text without a card, beside its reader and its book.
    cells = table.reader + "\x1f" + table.book
    ways = [labels.tolist() for labels in (table.reader, table.book, cells)]
    return fitted(table.outcome.to_numpy(float), design, ways)


def _effect(name: str, weights: Any, effects: Any, covariance: Any, n: int) -> Effect:
    value, error = float(weights @ effects), math.sqrt(max(0.0, float(weights @ covariance @ weights)))
    p = math.erfc(abs(value) / error / math.sqrt(2)) if error > 0 else 1.0
    return Effect(name, value, value - Z * error, value + Z * error, p, n, "Wald's, mixed model")


def _explained(table: "pd.DataFrame") -> list[Effect]:
    """How much of the whole card's gap each covariate goes with, and all of them."""
    whole = table[table.card == STEPS[-1]]
    if whole.empty:
        return []
    by_reader = [group.index.to_numpy() for _, group in whole.reset_index(drop=True).groupby("reader")]
    values = whole[["outcome", "second", *COVARIATES]].to_numpy(float)
    draw = np.random.default_rng(0)
    drawn = [
        np.concatenate([by_reader[k] for k in draw.integers(len(by_reader), size=len(by_reader))]) for _ in range(DRAWS)
    ]
    parts = np.array([part for rows in drawn if (part := _gelbach(values[rows])) is not None])
    at = _gelbach(values)
    if at is None or not len(parts):
        return []
    names = [*(f"explained by, {name}" for name in COVARIATES), "explained by, all covariates"]
    low, high = np.quantile(parts, (0.025, 0.975), axis=0)
    # One more draw at the estimate's own side: no finite bootstrap shows a p of 0.
    sides = (1 + np.minimum((parts <= 0).sum(axis=0), (parts >= 0).sum(axis=0))) / (1 + len(parts))
    return [
        Effect(name, float(at[k]), float(low[k]), float(high[k]), min(1.0, 2 * p), len(whole), "bootstrap over readers")
        for k, (name, p) in enumerate(zip(names, map(float, sides), strict=True))
    ]


def _gelbach(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64] | None:
    """By covariate its coefficient times how much more of it the second kind has, and their sum."""
    outcome, second, covariates = values[:, 0], values[:, 1], values[:, 2:]
    if second.all() or not second.any():
        return None
    design = np.column_stack([np.ones(len(values)), second, covariates])
    coefficients = np.linalg.lstsq(design, outcome, rcond=None)[0][2:]
    more = covariates[second == 1].mean(axis=0) - covariates[second == 0].mean(axis=0)
    parts = coefficients * more
    return np.asarray([*parts, parts.sum()])


def _matched(table: "pd.DataFrame") -> list[Effect]:
    """The whole card's gap among pairs of books of one reader that are alike."""
    from scipy import special

    whole = table[table.card == STEPS[-1]]
    gaps: list[float] = []
    for _, mine in whole.groupby("reader"):
        others = {row.book: row for row in mine[mine.second].itertuples()}
        for row in mine[~mine.second].itertuples():
            near = {book: _apart(row, other) for book, other in others.items()}
            best = min(near, key=lambda book: near[book], default=None)
            if best is not None and near[best] <= CALIPER:
                gaps.append(float(others.pop(best).outcome - row.outcome))
    if len(gaps) < MIN_READERS:
        return []
    value, error = float(np.mean(gaps)), float(np.std(gaps, ddof=1) / math.sqrt(len(gaps)))
    freedom = len(gaps) - 1
    half = t_quantile(freedom) * error
    p = 2 * float(special.stdtr(freedom, -abs(value) / error)) if error > 0 else 1.0
    return [
        Effect("gap in the matched subset", value, value - half, value + half, p, len(gaps), "t over pairs of books")
    ]


def _apart(one: Any, other: Any) -> float:
    return max(abs(float(one.description - other.description)), abs(float(one.facts - other.facts)))


def covariates_of(text: str) -> tuple[float, float]:
    """The words of a description, and how many of 100 are facts of their own: numbers, and names, which are words
    that begin with a capital within a sentence. Scripts without capitals show numbers alone."""
    words, count = text.split(), count_words(text)
    inner = [word for before, word in pairwise(words) if not before.endswith((".", "!", "?", ":"))]
    facts = sum(word[:1].isupper() for word in inner) + sum(any(c.isdigit() for c in word) for word in words)
    return float(count), 100 * facts / max(1, count)


def entropy(counts: Mapping[str, int]) -> float:
    """Shannon's entropy of a distribution, in bits."""
    total = sum(counts.values())
    return -sum(n / total * math.log2(n / total) for n in counts.values() if n) if total else 0.0
