import numpy as np
import pytest

from gravity.audit.alikeness import Views, entropy, excess, within
from tests.audit.support import some


def drawn(random: np.random.Generator, shares: list[list[float]], readers: int = 40, seeds: int = 60) -> Views:
    """Readers of as many cultures as `shares`; each agrees with a seed by the culture's share for it."""
    reader, seed = (part.reshape(-1) for part in np.mgrid[: readers * len(shares), :seeds])
    culture = reader // readers
    agree = random.random(len(reader)) < np.array(shares)[culture, seed % np.shape(shares)[1]]
    return Views.from_rows(reader, seed, culture, agree)


def test_readers_who_differ_as_much_at_home_as_abroad_have_no_excess() -> None:
    random = np.random.default_rng(0)
    found = [some(excess(drawn(random, [[0.3, 0.7]] * 2), 0)) for _ in range(60)]
    assert np.mean([f.value for f in found]) == pytest.approx(0, abs=0.01)
    assert np.mean([f.low <= 0 <= f.high for f in found]) > 0.88


def test_a_culture_with_one_voice_is_found() -> None:
    views = drawn(np.random.default_rng(1), [[0.95, 0.05], [0.5, 0.5]])
    assert some(within(views, 0)).value == pytest.approx(0.95**2 + 0.05**2, abs=0.02)
    assert some(excess(views, 0)).low > 0.3
    assert abs(some(excess(views, 1)).value) < 0.05


def test_entropy_of_an_even_split_and_of_one_voice() -> None:
    views = drawn(np.random.default_rng(2), [[0.5], [1.0]])
    assert some(entropy(views, 0)).value > 0.97
    assert some(entropy(views, 1)).value == 0.0


def test_one_reader_is_alike_with_nobody() -> None:
    views = Views.from_rows(np.zeros(3, dtype=int), np.arange(3), np.zeros(3, dtype=int), np.array([True, False, True]))
    assert within(views, 0) is None
    assert entropy(views, 0) is None
    assert excess(views, 0) is None
