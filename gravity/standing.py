"""Who counts: which judges, profilers and critics have shown on gold cases, culture by culture, that they can."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from gravity.agents.kinds import Model
from gravity.agents.prompting import prompt
from gravity.agents.qualification import PREFERENCE, TASKS, Task
from gravity.config import Judging
from gravity.frameworks.statistics import Calibration, wilson
from gravity.models import Models
from gravity.store.answers import call_key
from gravity.store.qualifications import Qualifications
from gravity.store.records import Qualification


@dataclass(frozen=True)
class Candidate:
    """A configured model in one task: `name` is the configuration's, and `key` a hash of all that its qualification
    depends on."""

    task: Task
    name: str
    model: Model
    key: str


def candidates(models: Models, judging: Judging, gold_version: str) -> list[Candidate]:
    """Every model in every task that its role asks of it."""
    found = []
    for task in TASKS.values():
        checker = models.checker_in(task)
        for name, model in models.put_to(task).items():
            if task.suits(model, checker):
                identity = {**model.identity, **task.conditions(judging.orders, checker)}
                prompts = [prompt(one).hash for one in task.prompts]
                gold = {"version": gold_version, "cases": judging.cases}
                shape = {"task": task.name, "model": identity, "prompts": prompts, "gold": gold}
                found.append(Candidate(task, name, model, call_key(shape)))
    return found


@dataclass(frozen=True)
class Standing:
    """What the kept qualifications of the candidates come to, at the configuration's `min_accuracy` and `quorum`."""

    candidates: Sequence[Candidate]
    kept: Qualifications
    min_accuracy: float
    quorum: int

    def able(self, task: Task, culture: str) -> list[str]:
        """The names of the models that count for a task in a culture."""
        return [c.name for c in self._candidates(task) if self._qualifies(c, culture)]

    def failed(self, task: Task, culture: str) -> list[str]:
        """The names of the models that were put to the gold cases and do not count."""
        known = [c for c in self._candidates(task) if culture in self.found[c.key]]
        return [c.name for c in known if not self._qualifies(c, culture)]

    def lacks(self, culture: str) -> list[str]:
        """What keeps a culture from being qualified, in words; empty where nothing does."""
        missing = []
        for task in TASKS.values():
            wanted = self.quorum if task.needs_quorum else 1
            needed = task.needed and not (task.dispensable and not self._candidates(task))
            if needed and len(self.able(task, culture)) < wanted:
                missing.append(f"no {task.agent}" if wanted == 1 else f"fewer than {wanted} {task.agent}s")
        return missing

    def lacking(self, cultures: Iterable[str]) -> dict[str, list[str]]:
        """What each culture lacks, of those that lack something."""
        return {culture: missing for culture in cultures if (missing := self.lacks(culture))}

    def panel_error(self, culture: str) -> float:
        """What share of its answers a panel of the pair judges gets wrong at most, as its worst one has shown."""
        rates = [
            1 - wilson(found.right, found.answered).low
            for c in self._candidates(PREFERENCE)
            if self._qualifies(c, culture) and (found := self.found[c.key][culture])
        ]
        return max(rates, default=1.0)

    def calibration_of(self, task: Task) -> Calibration | None:
        """The map of the profiler's confidence in a task, which is the same for all cultures."""
        for c in self._candidates(task):
            for found in self.found[c.key].values():
                return Calibration(*found.calibration) if found.calibration else None
        return None

    def expired(self) -> dict[str, str]:
        """The day of the latest scores, by model, of the candidates whose scores no longer hold."""
        unknown = [c for c in self.candidates if not self.found[c.key]]
        times = {c.model.name: self.kept.expired(c.task.name, c.model.name, c.key) for c in unknown}
        return {model: time[:10] for model, time in times.items() if time}

    @cached_property
    def found(self) -> dict[str, dict[str, Qualification]]:
        """What is kept of each candidate, by key and culture."""
        return {c.key: self.kept.by_culture(c.key) for c in self.candidates}

    def _candidates(self, task: Task) -> list[Candidate]:
        return [c for c in self.candidates if c.task is task]

    def _qualifies(self, c: Candidate, culture: str) -> bool:
        found = self.found[c.key].get(culture)
        return found is not None and c.task.qualifies(found, self.min_accuracy)
