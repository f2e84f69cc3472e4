"""Who counts: which judges, profilers and critics have shown on gold cases, culture by culture, that they can."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from gravity.agents.kinds import Model
from gravity.agents.prompting import prompt
from gravity.agents.qualification import TASKS, Bar, Task
from gravity.compare.evidence import PanelOnGold
from gravity.config import Judging
from gravity.frameworks.statistics import Calibration
from gravity.models import Models
from gravity.panels import of_culture, panel_on_gold, panel_record
from gravity.store.answers import call_key
from gravity.store.qualifications import Qualifications
from gravity.store.records import Qualification
from gravity.store.runs import Checking, PanelRecord


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
    """What the kept qualifications of the candidates come to, by the configuration's section [judging]; `profiler` is
    the model that infers labels."""

    candidates: Sequence[Candidate]
    kept: Qualifications
    judging: Judging
    profiler: Model

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
            wanted = self.judging.quorum if task.needs_quorum else 1
            needed = task.needed and not (task.dispensable and not self._candidates(task))
            if needed and len(self.able(task, culture)) < wanted:
                missing.append(f"no {task.agent}" if wanted == 1 else f"fewer than {wanted} {task.agent}s")
        return missing

    def lacking(self, cultures: Iterable[str]) -> dict[str, list[str]]:
        """What each culture lacks, of those that lack something."""
        return {culture: missing for culture in cultures if (missing := self.lacks(culture))}

    def checking(self, task: Task, culture: str) -> Checking:
        """Who checks samples of pairs of a task in a culture, and what they showed as a panel."""
        voting, barred = self.voters(task, culture), self.barred(task, culture)
        return Checking(
            judges=[c.model.name for c in voting],
            without_vote=[c.model.name for c in barred],
            record=self.record(task, voting, culture) if voting else PanelRecord(),
        )

    def voters(self, task: Task, culture: str) -> list[Candidate]:
        """The candidates that have a vote on pairs of a task in a culture; none where they are fewer than the quorum.

        Who inferred the labels has no vote on them unless the configuration says so.
        """
        barred = self.barred(task, culture)
        able = [c for c in self._candidates(task) if self._qualifies(c, culture) and c not in barred]
        return able if len(able) >= self.judging.quorum else []

    def barred(self, task: Task, culture: str) -> list[Candidate]:
        """The candidates that qualify and have no vote, since they inferred the labels."""
        if self.judging.profiler_votes:
            return []
        return [c for c in self._candidates(task) if self._qualifies(c, culture) and c.model.is_also(self.profiler)]

    def record(self, task: Task, judges: Sequence[Candidate], culture: str) -> PanelRecord:
        """What judges showed together in a culture with labels of gold cases of a task."""
        labels = [self.found[c.key] for c in self.candidates if c.task.name == task.labels]
        records = {}
        for name in self.found[judges[0].key]:
            given = [found[name].outcomes for c in judges if name in (found := self.found[c.key])]
            inferred = next((found[name].outcomes for found in labels if name in found), {})
            records[name] = panel_record(given, inferred, self.judging.quorum)
        return of_culture(culture, records)

    def on_gold(self, judges: Sequence[Candidate], culture: str) -> PanelOnGold:
        """What judges of writings showed together on the gold cases of a culture."""
        given = [found[culture].outcomes for c in judges if culture in (found := self.found[c.key])]
        return panel_on_gold(given, self.judging.quorum)

    def calibration(self, task: Task, culture: str) -> Calibration | None:
        """The map of the profiler's confidence in a task, in a culture."""
        for c in self._candidates(task):
            found = self.found[c.key].get(culture)
            return Calibration(*found.calibration) if found and found.calibration else None
        return None

    def bar(self, task: Task) -> Bar:
        """What a model has to show in a task, of as many as are put to it."""
        return Bar(self.judging.min_accuracy, self.judging.min_coverage, max(1, len(self._candidates(task))))

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
        return found is not None and c.task.qualifies(found, self.bar(c.task))
