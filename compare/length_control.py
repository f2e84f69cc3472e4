"""The win rate with the effect of length taken out, as AlpacaEval 2's length-controlled win rate has it.

The chance that a text is preferred is a logistic curve of three terms: the writer's, tanh of the difference of lengths
over its standard deviation, and one of the book (Dubois, Galambosi, Liang & Hashimoto 2024, arXiv 2404.04475, section
3, whose third term is the instruction). The figure is what the curve predicts with the length term left out, over the
cells that there are. A tie is half a win and half a loss.

Terms of books are shrunk by a ridge (a normal prior with standard deviation 1), the others by a faint one (2.5, as
Gelman et al. 2008 advise), so that the fit is finite where a writer wins everywhere. There the curve says little, and
so does its interval: see `estimates.chance`.

The curve adds length to quality. Where judges let length overrule quality instead, the rate at equal length is pulled
toward one half: `benchmarks/compare_recovers.py` measures how far.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import expit

from gravity.audit.resampling import Estimate
from gravity.audit.tables import Codes, Floats
from gravity.compare.estimates import chance
from gravity.trainer.clusters import Clusters

_BOOKS, _FAINT = 1.0, 1 / 2.5**2
_CLOSE = 1e-9


@dataclass(frozen=True)
class Controlled:
    """The win rate at equal length, 0 to 1, and how much longer texts gain: the length term, in log odds.

    `overlap` says whether some cells have the longer text on either side; without that equal length is a guess.
    """

    rate: Estimate | None
    term: float
    overlap: bool


def win_rate(outcomes: Floats, longer: Floats, clusters: Clusters) -> Controlled | None:
    """The win rate of outcomes 1, 0.5 and 0, one a cell, where the winner's text would be `longer` by so many words.

    `clusters` have the ways `readers` and `books`. None where there is no cell.
    """
    if not len(outcomes):
        return None
    books = np.unique(clusters.ways["books"], return_inverse=True)[1]
    spread = float(longer.std())
    scaled = np.tanh(longer / spread) if spread > 0 else np.zeros(len(longer))
    fit = _fitted(np.stack([np.ones(len(longer)), scaled], axis=1), books, outcomes)
    predicted = expit(fit.common[0] + fit.of_books[books])
    value, slopes = float(predicted.mean()), predicted * (1 - predicted) / len(predicted)
    direction = np.array([slopes.sum(), 0.0]), _by_book(books, slopes)
    common, of_books = fit.curve.solved(*direction)
    moved = fit.residuals * (common[0] + common[1] * scaled + of_books[books])
    influence = predicted - value + len(outcomes) * (moved - moved.mean())
    model = float(direction[0] @ common + direction[1] @ of_books)
    rate = chance(value, influence, clusters, model)
    return Controlled(rate, float(fit.common[1]), bool(spread == 0 or longer.min() < 0 < longer.max()))


@dataclass(frozen=True)
class _Curve:
    """The curvature of the penalised likelihood: of the two common terms, of each book's, and of both together."""

    common: Floats
    mixed: Floats
    of_books: Floats

    def solved(self, common: Floats, of_books: Floats) -> tuple[Floats, Floats]:
        """The curvature's inverse times a vector; no two books share a cell, so it takes one pass over the books."""
        weighted = self.mixed / self.of_books[:, None]
        curve = self.common - self.mixed.T @ weighted
        first = np.asarray(np.linalg.solve(curve, common - weighted.T @ of_books), dtype=np.float64)
        return first, (of_books - self.mixed @ first) / self.of_books


@dataclass(frozen=True)
class _Fit:
    common: Floats
    of_books: Floats
    residuals: Floats
    curve: _Curve


def _fitted(design: Floats, books: Codes, outcomes: Floats) -> _Fit:
    """The penalised maximum by Newton's steps, halved where one goes too far."""
    count = int(books.max()) + 1

    def loss(common: Floats, of_books: Floats) -> float:
        line = design @ common + of_books[books]
        fits = float((np.logaddexp(0, line) - outcomes * line).sum())
        return fits + (_FAINT * float(common @ common) + _BOOKS * float(of_books @ of_books)) / 2

    common, of_books = np.zeros(2), np.zeros(count)
    now = loss(common, of_books)
    while True:
        expected = expit(design @ common + of_books[books])
        fit = _Fit(common, of_books, outcomes - expected, _curve(design, books, expected * (1 - expected)))
        slopes = (
            design.T @ fit.residuals - _FAINT * common,
            _by_book(books, fit.residuals) - _BOOKS * of_books,
        )
        steps = fit.curve.solved(*slopes)
        if float(slopes[0] @ steps[0] + slopes[1] @ steps[1]) < _CLOSE:
            return fit
        size, then = 1.0, loss(common + steps[0], of_books + steps[1])
        while then > now and size > _CLOSE:
            size /= 2
            then = loss(common + size * steps[0], of_books + size * steps[1])
        if then >= now:
            return fit
        common, of_books, now = common + size * steps[0], of_books + size * steps[1], then


def _curve(design: Floats, books: Codes, weights: Floats) -> _Curve:
    weighted = design * weights[:, None]
    mixed: Floats = np.stack([_by_book(books, column) for column in weighted.T], axis=1)
    return _Curve(weighted.T @ design + _FAINT * np.eye(2), mixed, _by_book(books, weights) + _BOOKS)


def _by_book(books: Codes, values: Floats) -> Floats:
    return np.asarray(np.bincount(books, values), dtype=np.float64)
