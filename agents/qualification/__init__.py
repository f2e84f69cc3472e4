"""Qualification: models are put to gold cases whose right answers are known, one module a task."""

from gravity.agents.qualification.defect import DefectTask
from gravity.agents.qualification.facet import FacetTask
from gravity.agents.qualification.invention import InventionTask
from gravity.agents.qualification.personality import PersonalityTask
from gravity.agents.qualification.preference import PreferenceTask
from gravity.agents.qualification.scenario import ScenarioTask
from gravity.agents.qualification.stance import StanceTask
from gravity.agents.qualification.task import Bar, Exam, Task
from gravity.agents.qualification.trial import UnansweredError
from gravity.agents.qualification.twins import TwinTask
from gravity.agents.qualification.view import ViewTask
from gravity.agents.qualification.writing import WritingTask

SCENARIO, PREFERENCE, PERSONALITY = ScenarioTask(), PreferenceTask(), PersonalityTask()
VIEW, STANCE, FACET, DEFECT = ViewTask(), StanceTask(), FacetTask(), DefectTask()
WRITING, INVENTION = WritingTask(), InventionTask()
TASKS: dict[str, Task] = {
    task.name: task for task in (SCENARIO, PREFERENCE, PERSONALITY, VIEW, STANCE, FACET, DEFECT, WRITING, INVENTION)
}
CHECKING = [task for task in TASKS.values() if task.labels]  # whose judges check samples of pairs

__all__ = [
    "CHECKING",
    "DEFECT",
    "FACET",
    "INVENTION",
    "PERSONALITY",
    "PREFERENCE",
    "SCENARIO",
    "STANCE",
    "TASKS",
    "VIEW",
    "WRITING",
    "Bar",
    "Exam",
    "Task",
    "TwinTask",
    "UnansweredError",
]
