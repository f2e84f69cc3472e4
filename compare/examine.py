"""Runs every measure over the evidence of a comparison, corrects for how many there are, and says what holds."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from gravity.audit.figures import LEVELS, Figure, correct
from gravity.audit.findings import Finding, findings
from gravity.audit.measure import Measure
from gravity.compare.evidence import Evidence
from gravity.compare.measures import SHIPPED, kinds
from gravity.compare.notes import notes
from gravity.compare.settings import CompareSettings
from gravity.compare.study import Study


@dataclass(frozen=True)
class Compared:
    """What a comparison of writers found, and the measures that found it. `notes` are what was missing or odd."""

    study: Study
    measures: list[Measure[Study]]
    figures: list[Figure]
    findings: list[Finding]
    notes: list[str]

    @property
    def settings(self) -> CompareSettings:
        """The thresholds that it was examined with."""
        return self.study.settings

    def as_json(self) -> dict[str, Any]:
        """The comparison as `compare.json` holds it."""
        evidence = self.study.evidence
        return {
            "source": evidence.source,
            "settings": self.settings.model_dump(),
            "writers": [{**vars(writer), "by": dict(writer.by)} for writer in evidence.writers],
            "cultures": self.study.cultures,
            "judges": {culture: list(names) for culture, names in evidence.judges.items()},
            "checkers": {culture: list(names) for culture, names in evidence.checkers.items()},
            "panel": {culture: vars(panel) for culture, panel in evidence.panel.items()},
            "qualified": evidence.qualified,
            "missing": dict(evidence.missing),
            "notes": self.notes,
            "findings": [vars(found) for found in self.findings],
            "figures": [figure.as_json() for figure in self.figures],
        }

    def fails(self, level: str) -> bool:
        """Whether there is a finding of that level or a worse one."""
        return any(LEVELS.index(found.level) <= LEVELS.index(level) for found in self.findings)


def examine(
    evidence: Evidence, settings: CompareSettings, progress: Callable[[str], None] = lambda section: None
) -> Compared:
    """Examines the evidence. `progress` is told the section of each measure before it runs."""
    study = Study(evidence, settings)
    figures: list[Figure] = []
    used = [*SHIPPED, *([kinds.MEASURE] if kinds.is_factorial(evidence.writers) else [])]
    for measure in used:
        progress(measure.section.name)
        figures += measure.figures(study)
    correct(figures)
    return Compared(study, used, figures, findings(figures, settings.alpha), notes(study))
