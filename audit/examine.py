"""Runs every measure over the evidence, corrects for how many there are, and says what holds."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from gravity.audit.evidence import Evidence
from gravity.audit.figures import LEVELS, Figure, correct
from gravity.audit.findings import Finding, findings
from gravity.audit.measure import Measure
from gravity.audit.measures import measures
from gravity.audit.notes import notes
from gravity.audit.settings import AuditSettings
from gravity.audit.study import Study
from gravity.frameworks.loader import Library


@dataclass(frozen=True)
class Audit:
    """What an audit found, and the measures that found it. `notes` are what was missing or odd."""

    study: Study
    measures: list[Measure[Study]]
    figures: list[Figure]
    findings: list[Finding]
    notes: list[str]

    def as_json(self) -> dict[str, Any]:
        """The audit as `audit.json` holds it; of a finding's rows only the number, for they have their own files."""
        return {
            "source": self.study.evidence.source,
            "settings": self.study.settings.model_dump(),
            "cultures": self.study.cultures,
            "notes": self.notes,
            "findings": [
                {**vars(found), "rows": len(found.rows), "rows_file": f"rows/{found.id}.jsonl" if found.rows else None}
                for found in self.findings
            ],
            "figures": [figure.as_json() for figure in self.figures],
        }

    def fails(self, level: str) -> bool:
        """Whether there is a finding of that level or a worse one."""
        return any(LEVELS.index(found.level) <= LEVELS.index(level) for found in self.findings)


def examine(
    evidence: Evidence,
    settings: AuditSettings,
    library: Library,
    progress: Callable[[str], None] = lambda section: None,
) -> Audit:
    """Audits the evidence by the shipped measures and those of other packages.

    `progress` is told the section of each measure before it runs. Raises PluginError for a registered measure that
    is none.
    """
    study = Study(evidence, settings, library)
    used = measures()
    figures: list[Figure] = []
    for measure in used:
        progress(measure.section.name)
        figures += measure.figures(study)
    correct(figures)
    return Audit(study, used, figures, findings(figures, settings.alpha), notes(study))
