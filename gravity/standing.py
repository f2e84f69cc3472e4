"""Who counts: which judges, profilers and critics have shown on gold cases, culture by culture, that they can."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from gravity.agents.prompting import prompt
from gravity.frameworks.statistics import Calibration, wilson
from gravity.store.answers import call_key
from gravity.store.qualifications import Qualifications
from gravity.store.records import Qualification, Task

PROMPTS: dict[Task, str] = {"scenario": "judge", "preference": "prefer", "stance": "stances", "defect": "critic"}


@dataclass(frozen=True)
class Candidate:
    """A configured model in one task: `name` is the configuration's, `shown` how votes name it, and `key` a hash
    of all that its qualification depends on."""

    task: Task
    name: str
    shown: str
    key: str


def candidate(task: Task, name: str, shown: str, identity: Mapping[str, Any], gold: Mapping[str, Any]) -> Candidate:
    """A candidate whose key follows from the model's identity, the prompt, and which gold cases it is put to."""
    shape = {"task": task, "model": identity, "prompt": prompt(PROMPTS[task]).hash, "gold": gold}
    return Candidate(task, name, shown, call_key(shape))


def qualifies(shown: Qualification, min_accuracy: float) -> bool:
    """Whether what a model showed in one culture is enough.

    The lower bound of a judge's or profiler's accuracy must be above `min_accuracy`. A critic must find defects clearly
    more often than it raises false alarms: the two intervals may not overlap.
    """
    if shown.task == "defect":
        return wilson(shown.right, shown.cases).low > wilson(shown.alarms, shown.clean).high
    return wilson(shown.right, shown.answered).low > min_accuracy


@dataclass(frozen=True)
class Standing:
    """What the kept qualifications of the candidates come to, at the configuration's `min_accuracy` and `quorum`."""

    candidates: Sequence[Candidate]
    kept: Qualifications
    min_accuracy: float
    quorum: int

    def judges(self, task: Task, culture: str) -> list[str]:
        """The names of the models that count for a task in a culture."""
        return [c.name for c in self._of(task) if self._qualifies(c, culture)]

    def failed(self, task: Task, culture: str) -> list[str]:
        """The names of the models that were put to the gold cases and do not count."""
        known = [c for c in self._of(task) if culture in self.shown[c.key]]
        return [c.name for c in known if not self._qualifies(c, culture)]

    def lacks(self, culture: str) -> list[str]:
        """What keeps a culture from being qualified, in words; empty where nothing does."""
        missing = []
        judging: tuple[tuple[Task, str], ...] = (("scenario", "scenario judge"), ("preference", "pair judge"))
        for task, what in judging:
            if len(self.judges(task, culture)) < self.quorum:
                missing.append(f"no {what}" if self.quorum == 1 else f"fewer than {self.quorum} {what}s")
        if not self.judges("stance", culture):
            missing.append("no profiler")
        return missing

    def lacking(self, cultures: Iterable[str]) -> dict[str, list[str]]:
        """What each culture lacks, of those that lack something."""
        return {culture: missing for culture in cultures if (missing := self.lacks(culture))}

    def panel_error(self, culture: str) -> float:
        """What share of its answers a panel of the pair judges gets wrong at most, as its worst one has shown."""
        errors = [
            1 - wilson(found.right, found.answered).low
            for c in self._of("preference")
            if self._qualifies(c, culture) and (found := self.shown[c.key][culture])
        ]
        return max(errors, default=1.0)

    @property
    def calibration(self) -> Calibration | None:
        """The map of the profiler's confidence, which is the same for all cultures."""
        for c in self._of("stance"):
            for found in self.shown[c.key].values():
                return Calibration(*found.calibration) if found.calibration else None
        return None

    def expired(self) -> dict[str, str]:
        """The day of the latest scores, by model, of the candidates whose scores no longer hold."""
        unknown = [c for c in self.candidates if not self.shown[c.key]]
        found = {c.shown: self.kept.expired(c.task, c.shown, c.key) for c in unknown}
        return {model: time[:10] for model, time in found.items() if time}

    @cached_property
    def shown(self) -> dict[str, dict[str, Qualification]]:
        """What is kept of each candidate, by key and culture."""
        return {c.key: self.kept.by_culture(c.key) for c in self.candidates}

    def _of(self, task: Task) -> list[Candidate]:
        return [c for c in self.candidates if c.task == task]

    def _qualifies(self, c: Candidate, culture: str) -> bool:
        found = self.shown[c.key].get(culture)
        return found is not None and qualifies(found, self.min_accuracy)
