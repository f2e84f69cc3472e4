"""What a qualification task is: which models it is for, the gold cases they are put to, and when one counts."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gravity.agents.kinds import Model, Role, Workbench
from gravity.agents.qualification.trial import Advance, Trial, summarised
from gravity.frameworks.gold import Gold
from gravity.frameworks.statistics import Calibration, wilson
from gravity.store.records import Qualification


@dataclass(frozen=True)
class Exam:
    """What candidates are examined with: all held-out cases, or `cases` a culture. `checker` is the model that asks
    about stances a second time; `advance` hears how many cases are done and how many there are."""

    bench: Workbench
    gold: Gold
    cases: int | None
    checker: Model | None
    advance: Advance


class Task(ABC):
    """One task.

    `agent` is what messages call who does it, `role` the one whose models are put to it, `prompts` those that it is
    done with, and `gold_name` what figures call its gold cases. A culture is qualified where one of them counts if
    the task is `needed`, or `judging.quorum` of them if it `needs_quorum`; one that is `dispensable` is needed only
    where some model can be put to it.
    """

    name: str
    title: str
    agent: str
    role: Role
    prompts: Sequence[str]
    gold_name: str
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
    async def examine(self, model: Model, exam: Exam) -> tuple[list[Trial], Calibration | None]:
        """The trials of a model, and the calibration that its other trials taught, if any.

        Raises UnansweredError where cases were not answered.
        """

    def summarised(self, base: Qualification, trials: Sequence[Trial]) -> Qualification:
        """`base` with the figures of the trials of one culture."""
        return summarised(base, trials)

    def qualifies(self, found: Qualification, min_accuracy: float) -> bool:
        """Whether what a model did in one culture is enough: the lower bound of its accuracy is above the minimum."""
        return wilson(found.right, found.answered).low > min_accuracy

    def error_rates(self, found: Qualification) -> dict[str, tuple[int, int]]:
        """By name, how many answers were wrong, and of how many."""
        return {f"wrong on gold {self.gold_name}": (found.answered - found.right, found.answered)}
