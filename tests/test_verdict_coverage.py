"""What the benchmark of verdicts plants is there, and it tells the intervals before from those after."""

import numpy as np
import pytest

from benchmarks.verdict_coverage import SETTINGS, Drawn, before, false_yes_in, near_the_end, shipped, yes_before
from gravity.trainer.clusters import Clusters


@pytest.mark.parametrize("name", SETTINGS)
@pytest.mark.parametrize("accuracy", [0.5, 0.95])
def test_accuracy_is_what_was_planted(name: str, accuracy: float) -> None:
    random = np.random.default_rng(0)
    drawn = [Drawn(SETTINGS[name], 40, 40, random).right(accuracy) for _ in range(60)]
    assert np.mean([one.mean() for one in drawn]) == pytest.approx(accuracy, abs=0.03)


def test_all_right_is_all_right() -> None:
    assert Drawn(SETTINGS["both differ"], 6, 10, np.random.default_rng(0)).right(1.0).tolist() == [1.0] * 60


def test_six_readers_who_differ_made_a_yes_before_and_make_none_after() -> None:
    old, new = false_yes_in(SETTINGS["readers differ"], 6, 30, 200)
    assert len(old) == len(new) == 200
    assert sum(old) > 30
    # Chance alone would make 2.5% of 200 more than 11 one time in a hundred.
    assert sum(new) <= 11


def test_the_intervals_before_jump_at_the_end_and_those_after_do_not() -> None:
    found = near_the_end()
    lows = {when: [one[when][0] for one in found] for when in ("before", "after")}
    assert lows["before"][1] - lows["before"][0] > 0.1
    assert all(abs(first - second) < 0.02 for first, second in zip(lows["after"], lows["after"][1:], strict=False))


def test_fewer_than_ten_seeds_had_no_answer_before() -> None:
    place = np.arange(180)
    few = Clusters({"readers": place // 9, "subjects": place % 9})
    assert yes_before(np.ones(180), few) is None
    assert before(1)(np.ones(180), few) is None
    assert shipped(np.ones(180), few) is not None
