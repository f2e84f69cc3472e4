"""The bar that a model has to clear before it counts."""

import numpy as np
import pytest

from gravity.agents.qualification import Bar
from gravity.frameworks.statistics import wilson


def test_few_answers_do_not_qualify_however_right_they_are() -> None:
    bar = Bar(min_accuracy=0.75, min_coverage=0.5)
    assert bar.passes(12, 12, told=12, telling=24)
    # Twelve of twelve, out of sixty-two that could be answered.
    assert not bar.passes(12, 12, told=12, telling=62)
    assert not bar.passes(11, 12, told=12, telling=12)


def test_the_best_of_several_has_to_be_better() -> None:
    alone, of_five = Bar(0.75, 0.5), Bar(0.75, 0.5, candidates=5)
    assert alone.low(54, 62) == pytest.approx(wilson(54, 62).low)
    assert of_five.low(54, 62) < alone.low(54, 62)
    assert alone.passes(54, 62, 62, 62) and not of_five.passes(54, 62, 62, 62)


@pytest.mark.parametrize("candidates", [1, 5])
def test_models_below_the_bar_pass_as_seldom_as_it_says(candidates: int) -> None:
    """The best of so many models that are all just at the bar passes at most once in twenty."""
    chance, bar = np.random.default_rng(candidates), Bar(0.75, 0.5, candidates)
    passed = sum(
        any(bar.passes(int(right), 80, 80, 80) for right in chance.binomial(80, 0.75, candidates)) for _ in range(1_000)
    )
    assert passed <= 50 + 20


def test_how_often_a_good_model_passes_is_what_chance_gives() -> None:
    chance, bar = np.random.default_rng(1), Bar(0.75, 0.5)
    passed = np.mean([bar.passes(int(right), 64, 64, 64) for right in chance.binomial(64, 0.9, 4_000)])
    assert bar.chance(0.9, 64) == pytest.approx(float(passed), abs=0.03)
    assert bar.chance(0.9, 20) < bar.chance(0.9, 64) < bar.chance(0.9, 200)
    assert bar.chance(1.0, 11) == 0.0 and bar.chance(1.0, 12) == 1.0
