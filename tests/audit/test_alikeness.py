import numpy as np
import pytest

from gravity.audit.alikeness import Views, entropy, excess, within


def drawn(random, shares, readers=40, seeds=60):
    """Readers of as many cultures as `shares`; each agrees with a seed by the culture's share for it."""
    reader, seed = (part.reshape(-1) for part in np.mgrid[: readers * len(shares), :seeds])
    culture = reader // readers
    agree = random.random(len(reader)) < np.array(shares)[culture, seed % np.shape(shares)[1]]
    return Views.from_rows(reader, seed, culture, agree)


def test_readers_who_differ_as_much_at_home_as_abroad_have_no_excess():
    random = np.random.default_rng(0)
    found = [excess(drawn(random, [[0.3, 0.7]] * 2), 0) for _ in range(60)]
    assert np.mean([f.value for f in found]) == pytest.approx(0, abs=0.01)
    assert np.mean([f.low <= 0 <= f.high for f in found]) > 0.88


def test_a_culture_with_one_voice_is_found():
    views = drawn(np.random.default_rng(1), [[0.95, 0.05], [0.5, 0.5]])
    assert within(views, 0).value == pytest.approx(0.95**2 + 0.05**2, abs=0.02)
    assert excess(views, 0).low > 0.3
    assert abs(excess(views, 1).value) < 0.05


def test_entropy_of_an_even_split_and_of_one_voice():
    views = drawn(np.random.default_rng(2), [[0.5], [1.0]])
    assert entropy(views, 0).value > 0.97
    assert entropy(views, 1).value == 0.0


def test_one_reader_is_alike_with_nobody():
    views = Views.from_rows(np.zeros(3, dtype=int), np.arange(3), np.zeros(3, dtype=int), np.array([True, False, True]))
    assert within(views, 0) is None
    assert entropy(views, 0) is None
    assert excess(views, 0) is None
