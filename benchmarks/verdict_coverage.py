"""How often the trainer's evaluation says yes of an adapter that does not help, and how often its intervals hold the
truth: by the intervals before, which drew whole seeds and whole readers apart, and by those of gravity.trainer.

Rows are answers of some readers about some seeds, right or wrong by chance; readers and seeds have effects of their
own on the adapter and on what it is compared with, so that another draw of readers could come out otherwise. For false
yes both are right equally often over all readers and seeds. Each setting is drawn anew --repeats times.

    python -m benchmarks.verdict_coverage --repeats 1000
"""

import argparse
import json
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import special

from gravity.frameworks.statistics import wilson
from gravity.trainer.clusters import Array, Clusters, spread
from gravity.trainer.intervals import MIN_CLUSTERS, MIN_ROWS, difference, share

Flags = npt.NDArray[np.bool_]
Ends = tuple[float, float] | None
Rule = Callable[[Array, Clusters], Ends]


@dataclass(frozen=True)
class Setting:
    """How much readers and seeds differ (standard deviations on the probit scale), how unequally many rows readers have
    (of their log), the share of a reader's rows that there are, and whether effects are skewed: a few readers and seeds
    for whom it is far worse."""

    readers: float
    seeds: float
    unequal: float = 0.0
    filled: float = 1.0
    skewed: bool = False


SETTINGS = {
    "no effects": Setting(0.0, 0.0),
    "readers differ": Setting(1.0, 0.3),
    "seeds differ": Setting(0.3, 1.0),
    "both differ": Setting(0.7, 0.7),
    "unequal readers": Setting(1.0, 0.3, unequal=1.0, filled=0.4),
    "skewed effects": Setting(0.7, 0.7, skewed=True),
}
READERS, SEEDS = (6, 10, 20, 50), (10, 30)
WHEN = ("before", "after")
ACCURACIES = (0.5, 0.8, 0.95, 0.99, 1.0)
# Accuracy of the adapter and of what it is compared with.
PAIRS = ((0.5, 0.5), (0.8, 0.7), (0.95, 0.95), (0.99, 0.95), (0.995, 0.995))


class Drawn:
    """Right answers of one condition or two in one setting, with the clusters of the rows that there are."""

    def __init__(self, setting: Setting, readers: int, seeds: int, random: np.random.Generator) -> None:
        self.setting, self.size, self.random = setting, (readers, seeds), random
        codes = np.divmod(np.arange(readers * seeds), seeds)
        chance = setting.filled * np.exp(setting.unequal * random.standard_normal((readers, 1)))
        self.there = (random.random(self.size) < chance).ravel()
        self.clusters = Clusters({"readers": codes[0], "subjects": codes[1]}).taken(self.there)

    def right(self, accuracy: float) -> Array:
        """1 where the answer of a row is right, which is so in a share `accuracy` over all readers and seeds."""
        effects = self._effects(self.setting.readers, (self.size[0], 1))
        effects = effects + self._effects(self.setting.seeds, (1, self.size[1]))
        level = _level(self.setting, accuracy)
        return np.asarray(
            (self.random.standard_normal(self.size) < level + effects).astype(np.float64).ravel()[self.there]
        )

    def _effects(self, scale: float, shape: tuple[int, int]) -> Array:
        if self.setting.skewed:
            return scale * (1 - self.random.exponential(size=shape))
        return scale * self.random.standard_normal(shape)


@lru_cache(maxsize=256)
def _level(setting: Setting, accuracy: float) -> float:
    """The probit level at which the accuracy over all readers and seeds is what it is to be."""
    if accuracy in (0.0, 1.0):
        return float(np.inf) if accuracy else float(-np.inf)
    if not setting.skewed:
        return float(special.ndtri(accuracy) * np.sqrt(1 + setting.readers**2 + setting.seeds**2))
    random = np.random.default_rng(0)
    both = [scale * (1 - random.exponential(size=200_000)) for scale in (setting.readers, setting.seeds)]
    low, high = -10.0, 10.0
    while high - low > 1e-6:
        middle = (low + high) / 2
        low, high = (low, middle) if special.ndtr(middle + both[0] + both[1]).mean() > accuracy else (middle, high)
    return low


@lru_cache(maxsize=16)
def _draws(count: int) -> Array:
    return np.random.default_rng(0).multinomial(count, np.full(count, 1 / count), size=1000).astype(np.float64)


def drawn_one_way(values: Array, clusters: Clusters, way: str, width: float) -> Ends:
    """The interval before: expanded percentiles of draws of whole clusters of one way, None for fewer than ten."""
    codes = np.unique(clusters.ways[way], return_inverse=True)[1]
    count = int(codes.max()) + 1
    if len(values) < MIN_ROWS or count < 10:
        return None
    value = float(values.mean())
    if np.ptp(values) == 0:
        unseen = (1 - 0.025 ** (1 / count)) * width
        return max(1 - width, value - unseen), min(1.0, value + unseen)
    weights = _draws(count)
    means = (weights @ np.bincount(codes, values)) / (weights @ np.bincount(codes))
    tail = special.ndtr(special.stdtrit(count - 1, 0.025) * np.sqrt(count / (count - 1)))
    low, high = np.quantile(means, [tail, 1 - tail])
    return float(low), float(high)


def yes_before(values: Array, clusters: Clusters) -> bool | None:
    """The verdict before: whether the interval over seeds, and if there is one that over readers, lies above 0."""
    seeds, readers = (drawn_one_way(values, clusters, way, 2) for way in ("subjects", "readers"))
    return None if seeds is None else seeds[0] > 0 and (readers is None or readers[0] > 0)


def before(width: float) -> Rule:
    """The interval that was printed, which drew whole seeds."""
    return lambda values, clusters: drawn_one_way(values, clusters, "subjects", width)


def shipped(values: Array, clusters: Clusters) -> Ends:
    """The interval of a share as the trainer makes it."""
    made = share(values, clusters)
    return None if made.low is None or made.high is None else (made.low, made.high)


def shipped_difference(values: Array, clusters: Clusters) -> Ends:
    """The interval of a difference as the trainer makes it."""
    made = difference(values, clusters)
    return None if made.low is None or made.high is None else (made.low, made.high)


def students(values: Array, clusters: Clusters) -> Ends:
    """The two-way variance and t, without more."""
    value = float(values.mean())
    found = spread(values - value, clusters)
    half = special.stdtrit(found.freedom, 0.975) * np.sqrt(found.variance)
    return float(value - half), float(value + half)


def effective(exact: bool, likeness: float | None, weight: float = 2.0) -> Rule:
    """Clopper and Pearson's interval (`exact`) or Wilson's with the effective n of the two-way variance.

    `likeness` and `weight` are what the trainer takes for 0.1 and 2; without them the variance is taken as it is, and
    where it is 0 there are as many rows as clusters of the scarcer way.
    """

    def rule(values: Array, clusters: Clusters) -> Ends:
        value, n = float(values.mean()), len(values)
        residuals = values - value
        found = spread(residuals, clusters)
        t = float(special.stdtrit(found.freedom, 0.975))
        if likeness is not None:
            sizes = [np.bincount(way) for way in clusters.ways.values()]
            usual = 1 + likeness * sum(float((size**2).sum()) / n - 1 for size in sizes)
            added = weight * usual
            counted = n / max(1.0, (found.variance * n**2 + added * usual) / (float((residuals**2).sum()) + added))
        elif found.variance == 0:
            counted = float(min(clusters.counts().values()))
        else:
            counted = min(float(n), value * (1 - value) / found.variance)
        if not exact:
            return wilson(value * counted, counted, t)
        counted *= (float(special.stdtrit(n - 1, 0.975)) / t) ** 2
        right, wrong = value * counted, (1 - value) * counted
        low = float(special.betaincinv(right, wrong + 1, 0.025)) if right > 0 else 0.0
        return low, float(special.betaincinv(right + 1, wrong, 0.975)) if wrong > 0 else 1.0

    return rule


SHARES: dict[str, Rule] = {
    "before: draws of seeds": before(1),
    "two-way t": students,
    "Wilson, variance as it is": effective(False, None),
    "exact, variance as it is": effective(True, None),
    "exact, likeness 0.05": effective(True, 0.05),
    "exact, likeness 0.1 (shipped)": shipped,
    "exact, likeness 0.2": effective(True, 0.2),
    "Wilson, likeness 0.1": effective(False, 0.1),
}
DIFFERENCES: dict[str, Rule] = {
    "before: draws of seeds": before(2),
    "two-way t": students,
    "two-way t, unseen (shipped)": shipped_difference,
}


def false_yes_in(setting: Setting, readers: int, seeds: int, repeats: int) -> tuple[list[bool], list[bool]]:
    """The verdicts before and after, one a draw where there is one, on two that are right in six answers of ten."""
    random = np.random.default_rng((readers, seeds))
    before_it: list[bool] = []
    after_it: list[bool] = []
    for _ in range(repeats):
        drawn = Drawn(setting, readers, seeds, random)
        values = drawn.right(0.6) - drawn.right(0.6)
        old, new = yes_before(values, drawn.clusters), difference(values, drawn.clusters)
        if old is not None:
            before_it.append(old)
        if new.sufficient:
            after_it.append(new.above(0) is True)
    return before_it, after_it


def false_yes(repeats: int) -> list[dict[str, object]]:
    """How often yes is said without a difference: a line a setting, then by the number of readers."""
    found: list[dict[str, object]] = []
    totals: dict[tuple[int, str], list[bool]] = defaultdict(list)
    for (name, setting), readers, seeds in product(SETTINGS.items(), READERS, SEEDS):
        texts = []
        for when, said in zip(WHEN, false_yes_in(setting, readers, seeds, repeats), strict=True):
            rate = _rate(said)
            found.append({"setting": name, "readers": readers, "seeds": seeds, "when": when, **rate})
            texts.append(f"{when} {_text(rate)}")
            for of in (readers, 0):
                totals[of, when] += said
        print(f"{name:18}{readers:3} readers {seeds:3} seeds   {'   '.join(texts)}", flush=True)
    for of, when in product((*READERS, 0), WHEN):
        rate = _rate(totals[of, when])
        print(f"{f'{of} readers' if of else 'all settings':18}{when:8}{_text(rate)}")
        found.append({"setting": "all", "readers": of or "all", "when": when, **rate})
    return found


def coverage(rules: dict[str, Rule], truths: Sequence[tuple[float, ...]], repeats: int) -> list[dict[str, object]]:
    """How often each rule's interval holds the truth, over all sizes and settings and in the worst, and its width."""
    random = np.random.default_rng(1)
    found: list[dict[str, object]] = []
    for truth in truths:
        held: dict[str, dict[str, list[tuple[bool, float]]]] = {name: defaultdict(list) for name in rules}
        for (named, setting), readers, seeds in product(SETTINGS.items(), READERS, SEEDS):
            for values, clusters in _drawn(setting, readers, seeds, truth, repeats, random):
                aim = truth[0] - (truth[1] if len(truth) == 2 else 0)
                for name, rule in rules.items():
                    if (ends := rule(values, clusters)) is not None:
                        inside = ends[0] - 1e-9 <= aim <= ends[1] + 1e-9
                        held[name][f"{named}, {readers} x {seeds}"].append((inside, ends[1] - ends[0]))
        for name, cells in held.items():
            every = [one for cell in cells.values() for one in cell]
            worst = min(cells, key=lambda cell: np.mean([inside for inside, _ in cells[cell]]))
            rate, least = (_rate([inside for inside, _ in some]) for some in (every, cells[worst]))
            width = float(np.mean([wide for _, wide in every]))
            print(
                f"{' and '.join(map(str, truth)):16}{name:32}held {_text(rate)}   width {width:.3f}   "
                f"worst {_text(least)} ({worst})",
                flush=True,
            )
            found.append({"truth": truth, "rule": name, "held": rate, "width": width, "worst": worst, "least": least})
    return found


def _drawn(
    setting: Setting, readers: int, seeds: int, truth: tuple[float, ...], repeats: int, random: np.random.Generator
) -> Iterator[tuple[Array, Clusters]]:
    """Draws of rows with this accuracy, or with the difference of these two, that are enough for a figure."""
    for _ in range(repeats):
        drawn = Drawn(setting, readers, seeds, random)
        right = [drawn.right(one) for one in truth]
        if drawn.there.sum() >= MIN_ROWS and min(drawn.clusters.counts().values()) >= MIN_CLUSTERS:
            yield right[0] - right[1] if len(right) == 2 else right[0], drawn.clusters


def near_the_end() -> list[dict[str, Any]]:
    """The interval of 300 rows of 10 readers and 30 seeds as one after another is wrong, each another reader's and
    about another seed."""
    found: list[dict[str, Any]] = []
    drawn = Drawn(SETTINGS["no effects"], 10, 30, np.random.default_rng(0))
    for wrong in (0, 1, 2, 3, 5, 10):
        values = np.ones(300)
        values[[31 * one % 300 for one in range(wrong)]] = 0
        ends = dict(zip(WHEN, (before(1)(values, drawn.clusters), shipped(values, drawn.clusters)), strict=True))
        print(f"{values.mean():.4f} " + "  ".join(f"{name} [{e[0]:.3f}, {e[1]:.3f}]" for name, e in ends.items() if e))
        found.append({"accuracy": float(values.mean()), **ends})
    return found


def _rate(hits: Sequence[bool]) -> dict[str, float]:
    n = len(hits)
    low, high = wilson(sum(hits), n)
    return {"hits": sum(hits), "n": n, "rate": sum(hits) / n if n else 0.0, "low": low, "high": high}


def _text(rate: dict[str, float]) -> str:
    return f"{rate['rate']:6.1%} [{rate['low']:.1%}, {rate['high']:.1%}] of {rate['n']}"


def main() -> None:
    """Parses the command line, repeats, prints the tables and one line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=1000, help="draws of each setting for false yes")
    parser.add_argument("--coverage", type=int, default=100, help="draws of each setting and truth for coverage")
    given = parser.parse_args()
    begun = time.perf_counter()
    figures: dict[str, object] = {"false_yes": false_yes(given.repeats)}
    print("coverage of 95% intervals of accuracy")
    figures["shares"] = coverage(SHARES, [(one,) for one in ACCURACIES], given.coverage)
    print("coverage of 95% intervals of differences in accuracy")
    figures["differences"] = coverage(DIFFERENCES, PAIRS, given.coverage)
    print("near the end: accuracy of 300 rows")
    figures["near_the_end"] = near_the_end()
    print(f"took {time.perf_counter() - begun:.0f} s")
    print(json.dumps({"verdict_coverage": figures}))


if __name__ == "__main__":
    main()
