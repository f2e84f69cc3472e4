"""The win rate at equal length, against cases that can be solved by hand and another optimiser."""

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.special import expit

from gravity.compare.length_control import win_rate
from gravity.trainer.clusters import Clusters
from tests.audit.support import some
from tests.compare.support import ORIGINAL, TUNED, cells, comparisons, evidence, found, named, writings


def crossed(readers: int, books: int) -> Clusters:
    place = np.arange(readers * books)
    return Clusters({"readers": place // books, "books": place % books})


def test_where_length_alone_decides_the_rate_at_equal_length_is_one_half() -> None:
    # In each book two thirds of the texts are longer by 10 words, and the longer one wins three times in four.
    longer = np.tile([10.0] * 8 + [-10.0] * 4, 30)
    won = np.tile([1.0] * 6 + [0.0] * 2 + [0.0] * 3 + [1.0], 30)
    clusters = Clusters({"readers": np.tile(np.arange(12), 30), "books": np.repeat(np.arange(30), 12)})
    controlled = some(win_rate(won, longer, clusters))
    assert won.mean() == pytest.approx(7 / 12)
    assert some(controlled.rate).value == pytest.approx(0.5, abs=0.002)
    assert controlled.overlap and controlled.term > 1


def test_without_differences_in_length_it_is_the_plain_rate() -> None:
    random = np.random.default_rng(0)
    won = random.choice([0.0, 0.5, 1.0], 900, p=[0.2, 0.1, 0.7])
    controlled = some(win_rate(won, np.zeros(900), crossed(30, 30)))
    assert some(controlled.rate).value == pytest.approx(won.mean(), abs=0.002)


def test_the_fit_is_the_penalised_maximum_of_another_optimiser() -> None:
    random = np.random.default_rng(1)
    clusters = crossed(10, 7)
    books, longer = clusters.ways["books"], random.normal(3, 10, 70)
    won = random.choice([0.0, 0.5, 1.0], 70, p=[0.3, 0.2, 0.5])
    scaled, ridge = np.tanh(longer / longer.std()), np.array([0.16, 0.16, *[1.0] * 7])

    def line(terms: np.ndarray) -> np.ndarray:
        return np.asarray(terms[0] + terms[1] * scaled + terms[2:][books])

    def loss(terms: np.ndarray) -> float:
        return float((np.logaddexp(0, line(terms)) - won * line(terms)).sum() + ridge @ terms**2 / 2)

    best = minimize(loss, np.zeros(9), tol=1e-10).x
    controlled = some(win_rate(won, longer, clusters))
    assert controlled.term == pytest.approx(best[1], abs=1e-3)
    assert some(controlled.rate).value == pytest.approx(expit(best[0] + best[2:][books]).mean(), abs=1e-4)


def test_a_writer_that_wins_everywhere_has_a_finite_rate_and_an_honest_interval() -> None:
    longer = np.tile([5.0, -5.0], 32)
    rate = some(some(win_rate(np.ones(64), longer, crossed(8, 8))).rate)
    assert 0.9 < rate.value < 1 and 0.5 < rate.low < rate.value < rate.high <= 1
    # Where the longer text always wins the curve is steep, and says nothing sure of equal length.
    steep = some(some(win_rate((longer > 0).astype(float), longer, crossed(8, 8))).rate)
    assert steep.value == pytest.approx(0.5, abs=0.01) and steep.high - steep.low > 0.2


def test_one_cell_and_no_cell() -> None:
    assert win_rate(np.empty(0), np.empty(0), crossed(0, 1)) is None
    assert some(win_rate(np.ones(1), np.ones(1), crossed(1, 1))).rate is None


@pytest.mark.parametrize(
    ("text", "enough"), [("One text about it that is longer than the other.", False), ("One.", True)]
)
def test_a_writer_that_is_always_longer_has_no_rate_at_equal_length(text: str, enough: bool) -> None:
    of = cells()
    given = evidence(
        [ORIGINAL, TUNED],
        of,
        comparisons=comparisons(of, "tuned", "original", [1.0, 0.0] * 32),
        writings=[
            *writings(of, "original", "Two words."),
            *writings(of[:32], "tuned", text),
            *writings(of[32:], "tuned", "One text about it."),
        ],
    )
    figure = named(found(given), "win rate at equal length")
    assert figure.enough == enough and figure.value is not None
    assert ("why not" in figure.extra) != enough
