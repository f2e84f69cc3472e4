"""Davidson's model recovers strengths from the counts that they make, and plain counts are counted by hand."""

import numpy as np
import pytest
from scipy.special import softmax

from gravity.compare.bradley_terry import first_of_line_up, fitted, most_wins
from gravity.trainer.clusters import Clusters
from tests.audit.support import some
from tests.compare.support import ORIGINAL, PROMPTED, TUNED, cells, comparisons, evidence, found, named

STRENGTHS, TIES = np.array([4.0, 2.0, 1.0]), 0.5


def counts(each: float) -> tuple[np.ndarray, np.ndarray]:
    """The wins and ties that the strengths make of so many comparisons a pair."""
    tied = TIES * np.sqrt(np.outer(STRENGTHS, STRENGTHS))
    total = STRENGTHS[:, None] + STRENGTHS[None, :] + tied
    apart = 1 - np.eye(3)
    return each * apart * STRENGTHS[:, None] / total, each * apart * tied / total


def test_the_strengths_that_made_the_counts_are_recovered() -> None:
    strengths = fitted(*counts(100), faint=0.0)
    assert softmax(strengths.writers) == pytest.approx(STRENGTHS / 7, abs=1e-6)
    assert np.exp(strengths.ties) == pytest.approx(TIES, abs=1e-6)
    # With the faint prior they are a little closer to one another, the less so the more there is.
    few, many = (softmax(fitted(*counts(each)).writers)[0] for each in (20, 2000))
    assert few < many < 4 / 7 and many == pytest.approx(4 / 7, abs=0.002)


def test_of_two_writers_the_chance_is_wins_over_decided_ones() -> None:
    won, tied = np.array([[0.0, 30.0], [10.0, 0.0]]), np.array([[0.0, 20.0], [20.0, 0.0]])
    strengths = fitted(won, tied, faint=0.0)
    # p / q = 30 / 10 and v = 20 / sqrt(30 x 10).
    assert softmax(strengths.writers) == pytest.approx([0.75, 0.25])
    assert np.exp(strengths.ties) == pytest.approx(20 / np.sqrt(300))


def outcomes(won: list[float], n: int) -> np.ndarray:
    made = np.full((n, 2, 2), np.nan)
    made[:, 0, 1], made[:, 1, 0] = won, 1 - np.array(won)
    return made


def test_a_writer_that_always_wins_is_nearly_surely_first_and_not_quite() -> None:
    place = np.arange(64)
    clusters = Clusters({"readers": place // 8, "books": place % 8})
    first, second = first_of_line_up(outcomes([1.0] * 64, 64), clusters)
    assert 0.95 < some(first).value < 1 and some(first).low < 0.99
    assert some(first).value + some(second).value == pytest.approx(1)
    assert some(second).low < some(second).value < some(second).high


def test_writers_that_were_never_compared_have_no_common_scale() -> None:
    of = cells()
    made = found(
        evidence([ORIGINAL, PROMPTED, TUNED], of, comparisons=comparisons(of, "tuned", "original", [1.0] * 64))
    )
    assert all(figure.value is None and not figure.enough for figure in made.figures if figure.section == "line-up")


def test_plain_counts_share_ties_and_take_whole_cells_alone() -> None:
    made = np.full((4, 3, 3), np.nan)
    for cell, results in enumerate([(1, 1, 1), (0.5, 1, 1), (1, 0, 1), (1, 1, np.nan)]):
        for (i, j), won in zip([(0, 1), (0, 2), (1, 2)], results, strict=True):
            made[cell, i, j], made[cell, j, i] = won, 1 - won
    best, whole = most_wins(made)
    assert whole.tolist() == [True, True, True, False]
    # A beats both; A and B tie and both beat C; each wins once.
    assert best[:3] == pytest.approx(np.array([[1, 0, 0], [0.5, 0.5, 0], [1 / 3, 1 / 3, 1 / 3]]))


def test_the_line_up_is_of_what_can_be_printed() -> None:
    of = cells()
    kept = comparisons(of, "tuned", "original", [1.0] * 64) + comparisons(of, "prompted", "original", [0.5] * 64)
    kept += comparisons(of, "tuned", "prompted", [1.0] * 64)
    made = found(evidence([ORIGINAL, PROMPTED, TUNED], of, comparisons=kept))
    assert named(made, "first by plain counts", "tuned").value == 1
    firsts = [named(made, "first by Bradley and Terry", name).value for name in ("original", "prompted", "tuned")]
    assert firsts == sorted(firsts, key=some) and sum(map(some, firsts)) == pytest.approx(1)
