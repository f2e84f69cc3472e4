"""Readers with planted positions, and the stances that these make."""

from functools import cached_property
from typing import Literal

import numpy as np

from gravity.agents.hierarchy import Axis, Taken


class Planted:
    """Readers and seeds drawn from the model: what everybody would say to everything."""

    def __init__(
        self,
        readers: int,
        seeds: int,
        dimensions: int,
        seed_spread: float,
        reader_spread: float,
        mean: float = 0.3,
        chance: int = 0,
    ) -> None:
        self._rng = rng = np.random.default_rng(chance)
        self.readers = [f"r{n}" for n in range(readers)]
        poles: list[Literal[1, -1]] = [1 if draw < 0.5 else -1 for draw in rng.random(seeds)]
        self.axes = {f"s{n}": Axis(f"d{rng.integers(dimensions)}", pole) for n, pole in enumerate(poles)}
        self.easy = {seed: float(rng.normal(mean, seed_spread)) for seed in self.axes}
        self.leans = {
            (reader, f"d{n}"): float(rng.normal(0, reader_spread)) for reader in self.readers for n in range(dimensions)
        }

    @cached_property
    def everything(self) -> dict[tuple[str, str], Taken]:
        """The stance of each reader toward each seed."""
        found = {}
        for reader in self.readers:
            for seed, axis in self.axes.items():
                log_odds = self.easy[seed] + axis.pole * self.leans[reader, axis.dimension]
                agrees = bool(self._rng.random() < 1 / (1 + np.exp(-log_odds)))
                found[reader, seed] = Taken(reader, seed, axis, agrees)
        return found

    @cached_property
    def _order(self) -> list[tuple[str, str]]:
        keys = list(self.everything)
        return [keys[n] for n in self._rng.permutation(len(keys))]

    def taken(self, share: float) -> list[Taken]:
        """A random share of all stances, the same at every call."""
        return [self.everything[key] for key in self._order[: round(share * len(self._order))]]

    def of(self, reader: str, dimension: str) -> list[Taken]:
        """A reader's stances toward all seeds of a dimension."""
        return [self.everything[reader, seed] for seed, axis in self.axes.items() if axis.dimension == dimension]
