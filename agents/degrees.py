"""Stances in degrees: what one half of a reader's reviews says is held against what the other half shows by itself."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from gravity.agents.hierarchy import Axis, Taken, fit
from gravity.frameworks.records import Seed
from gravity.frameworks.statistics import Calibration, calibrate
from gravity.store.records import Shown, Source, content_id
from gravity.store.views import ReaderSeed

LEAST = 30  # tests that a calibration is fitted on
FOLDS = 5


class HalfTest(NamedTuple):
    """A stance that one half gave with a probability, and whether the other half says the same."""

    reader: str
    source: Source
    probability: float
    right: bool


class Likely(NamedTuple):
    """A stance that others of the same dimension make likely."""

    seed: str
    agrees: bool
    probability: float


@dataclass(frozen=True)
class Calibrations:
    """Maps of the probabilities of what is carried over, by fold of readers: each was fitted on the other folds."""

    by_fold: Mapping[int, Calibration]

    def __call__(self, reader: str, probability: float) -> float:
        """The calibrated probability, 0 to 1, by a map that does not know the reader."""
        return self.by_fold[_fold(reader)](probability)


def axes(seeds: Mapping[str, Seed]) -> dict[str, Axis]:
    """Where the seeds stand, by id. A seed for one reader alone stands nowhere: no other seed is near it."""
    found = {}
    for seed in seeds.values():
        if isinstance(seed, ReaderSeed):
            if seed.reader is not None:
                continue
            dimension = seed.dimension if seed.known else f"{seed.framework}/{seed.dimension}"
        else:
            dimension = f"{seed.framework}/{seed.dimension}"
        found[seed.id] = Axis(dimension, 1 if seed.pole == "high" else -1)
    return found


def taken(shown: Sequence[Shown], axes: Mapping[str, Axis]) -> list[Taken]:
    """The stances that are shown, each reader's toward a seed once; one that the halves contradict is none."""
    stances: dict[tuple[str, str], set[str]] = defaultdict(set)
    for one in shown:
        if one.seed in axes:
            stances[one.reader, one.seed].add(one.stance)
    return [
        Taken(reader, seed, axes[seed], "agree" in said)
        for (reader, seed), said in sorted(stances.items())
        if len(said) == 1
    ]


class CarryingOver:
    """A model of the stances of all readers, and what follows from it of seeds that a reader's reviews do not show."""

    def __init__(self, stances: Sequence[Taken], axes: Mapping[str, Axis]) -> None:
        self._model = fit(stances) if stances else None
        self._rests_on: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
        for one in stances:
            self._rests_on[one.reader][one.axis.dimension].add(one.seed)
        self._seeds: dict[str, list[tuple[str, int]]] = defaultdict(list)
        for seed, axis in sorted(axes.items()):
            self._seeds[axis.dimension].append((seed, axis.pole))

    def rests_on(self, reader: str, dimension: str) -> set[str]:
        """The seeds of a dimension toward which the reader's stances are known."""
        return self._rests_on[reader][dimension]

    def likely(self, reader: str) -> list[Likely]:
        """The stances that the reader's own on the same dimension make likely, by seed, of at least 0.5.

        A stance that the reader's lean does not point to is left out: it would follow from what most readers say.
        """
        found = []
        for dimension, known in self._rests_on[reader].items():
            asked = [(seed, pole) for seed, pole in self._seeds[dimension] if seed not in known]
            if self._model is None or not asked:
                continue
            chances = self._model.chances(reader, dimension, asked)
            for (seed, pole), chance in zip(asked, chances.agrees.tolist(), strict=True):
                agrees = chance >= 0.5
                if agrees == (pole * chances.lean > 0):
                    found.append(Likely(seed, agrees, chance if agrees else 1 - chance))
        return sorted(found)


def split_halves(shown: Sequence[Shown], axes: Mapping[str, Axis]) -> list[HalfTest]:
    """What one half gives and the other tests.

    A seed that both halves of a reader show tests what is shown. One that only one half shows tests what is carried
    over from the other half, by a model of these halves of all readers, which knows nothing of those that test it.
    """
    halves: tuple[dict[tuple[str, str], Shown], ...] = ({}, {})
    for one in shown:
        halves[one.half][one.reader, one.seed] = one
    tests = []
    for key in sorted(halves[0].keys() & halves[1].keys()):
        both = halves[0][key], halves[1][key]
        # The whole profile has the higher confidence of what is said alike.
        sure = max(one.confidence for one in both)
        tests.append(HalfTest(key[0], "shown", sure, both[0].stance == both[1].stance))
    for given, held in (halves, halves[::-1]):
        model = CarryingOver(taken(list(given.values()), axes), axes)
        for reader in sorted({reader for reader, _ in held}):
            for likely in model.likely(reader):
                if test := held.get((reader, likely.seed)):
                    right = (test.stance == "agree") == likely.agrees
                    tests.append(HalfTest(reader, "carried over", likely.probability, right))
    return tests


def calibrations(tests: Sequence[HalfTest]) -> Calibrations | None:
    """The maps for what is carried over; None where one of them would rest on fewer than `LEAST` tests."""
    carried = [test for test in tests if test.source == "carried over"]
    maps = {}
    for fold in range(FOLDS):
        others = [test for test in carried if _fold(test.reader) != fold]
        if len(others) < LEAST:
            return None
        maps[fold] = calibrate([test.probability for test in others], [test.right for test in others])
    return Calibrations(maps)


def calibrated(tests: Sequence[HalfTest], maps: Calibrations | None) -> list[HalfTest]:
    """The tests, where the probability of what is carried over is the calibrated one."""
    return [
        test._replace(probability=maps(test.reader, test.probability))
        if maps and test.source == "carried over"
        else test
        for test in tests
    ]


def _fold(reader: str) -> int:
    return int(content_id("calibration", reader), 16) % FOLDS
