"""What a qualification task is: which models it is for, the gold cases they are put to, and when one counts."""

import tempfile
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from math import comb
from statistics import NormalDist
from typing import Any

from gravity.agents.kinds import Model, Role, Workbench
from gravity.agents.qualification.trial import Advance, Trial, summarised
from gravity.frameworks.gold import Gold
from gravity.frameworks.statistics import LEVEL, Calibrations, wilson
from gravity.store.records import Qualification
from gravity.store.vectors import Entry, VectorStore


@dataclass(frozen=True)
class Exam:
    """What candidates are examined with: all held-out cases, or `cases` a culture. `checker` is the model that asks
    about stances a second time; `advance` hears how many cases are done and how many there are."""

    bench: Workbench
    gold: Gold
    cases: int | None
    checker: Model | None
    advance: Advance

    @contextmanager
    def indexed(self, entries: Sequence[Entry]) -> Iterator[Workbench]:
        """The bench with gold reviews indexed, apart from those of the store's readers, which they are not."""
        with tempfile.TemporaryDirectory() as folder:
            vectors = VectorStore(folder, self.bench.vectors.embedder)
            vectors.index("reviews", entries)
            yield replace(self.bench, vectors=vectors)


@dataclass(frozen=True)
class Bar:
    """What a model has to show before it counts in a culture: the lower bound of its accuracy above `min_accuracy`, and
    an answer to at least a share `min_coverage` of the cases that have one.

    Of several `candidates` the best is picked, and so with good luck: the bounds of all hold together (Bonferroni).
    """

    min_accuracy: float
    min_coverage: float
    candidates: int = 1

    def low(self, right: int, n: int) -> float:
        """The lower bound of a share, Wilson's."""
        return wilson(right, n, NormalDist().inv_cdf(1 - (1 - LEVEL) / 2 / self.candidates)).low

    def passes(self, right: int, answered: int, told: int, telling: int) -> bool:
        """Whether so many right answers are enough, where `told` of the `telling` cases were answered."""
        return self.low(right, answered) > self.min_accuracy and told >= self.min_coverage * telling

    def chance(self, accuracy: float, cases: int) -> float:
        """How often a model of a true accuracy (0 to 1) that answers all of so many cases passes."""
        right = next((k for k in range(cases + 1) if self.low(k, cases) > self.min_accuracy), cases + 1)
        return sum(comb(cases, k) * accuracy**k * (1 - accuracy) ** (cases - k) for k in range(right, cases + 1))


class Task(ABC):
    """One task.

    `agent` is what messages call who does it, `role` the one whose models are put to it, `prompts` those that it is
    done with, and `gold_name` what figures call its gold cases. Who checks labels is put to the cases of the task that
    infers them, `labels`. A culture is qualified where one of them counts if
    the task is `needed`, or `judging.quorum` of them if it `needs_quorum`; one that is `dispensable` is needed only
    where some model can be put to it.
    """

    name: str
    title: str
    agent: str
    role: Role
    prompts: Sequence[str]
    gold_name: str
    labels: str = ""
    needs_quorum: bool = False
    needed: bool = True
    dispensable: bool = False

    def suits(self, model: Model, checker: Model | None) -> bool:
        """Whether the model can be put to it, beside the `checker`."""
        return True

    def conditions(self, orders: int, checker: Model | None) -> Mapping[str, Any]:
        """What answers depend on beside the model, its prompt and the gold cases."""
        return {}

    @abstractmethod
    async def examine(self, model: Model, exam: Exam) -> tuple[list[Trial], Calibrations]:
        """The trials of a model, and the calibrations that its other trials taught, by culture, if any.

        Raises UnansweredError where cases were not answered.
        """

    def summarised(self, base: Qualification, trials: Sequence[Trial]) -> Qualification:
        """`base` with the figures of the trials of one culture."""
        return summarised(base, trials)

    def qualifies(self, found: Qualification, bar: Bar) -> bool:
        """Whether what a model did in one culture is enough."""
        return bar.passes(found.right, found.answered, found.told, found.telling)

    def error_rates(self, found: Qualification) -> dict[str, tuple[int, int]]:
        """By name, how many answers were wrong, and of how many."""
        return {f"wrong on gold {self.gold_name}": (found.answered - found.right, found.answered)}
