"""Qualification: models are put to gold cases whose right answers are known, one module a task."""

from gravity.agents.qualification.defect import DefectTask
from gravity.agents.qualification.preference import PreferenceTask
from gravity.agents.qualification.scenario import ScenarioTask
from gravity.agents.qualification.stance import StanceTask
from gravity.agents.qualification.task import Exam, Task
from gravity.agents.qualification.trial import UnansweredError
from gravity.agents.qualification.view import ViewTask

SCENARIO, PREFERENCE, VIEW, STANCE, DEFECT = ScenarioTask(), PreferenceTask(), ViewTask(), StanceTask(), DefectTask()
TASKS: dict[str, Task] = {task.name: task for task in (SCENARIO, PREFERENCE, VIEW, STANCE, DEFECT)}

__all__ = ["DEFECT", "PREFERENCE", "SCENARIO", "STANCE", "TASKS", "VIEW", "Exam", "Task", "UnansweredError"]
