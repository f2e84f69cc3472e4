"""Runs every measure over the evidence, corrects for how many there are, and says what holds."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from gravity.audit import coverage, gates, gold, judges, leakage, profiles, shortcuts, stances, swaps
from gravity.audit.evidence import Evidence
from gravity.audit.figures import LEVELS, Figure, correct
from gravity.audit.findings import Finding, findings
from gravity.audit.settings import AuditSettings
from gravity.audit.study import Study
from gravity.frameworks.loader import Library

MEASURES: dict[str, Callable[[Study], list[Figure]]] = {
    gates.SECTION: gates.measure,
    stances.SECTION: stances.measure,
    swaps.SECTION: swaps.measure,
    leakage.SECTION: leakage.measure,
    shortcuts.SECTION: shortcuts.measure,
    judges.SECTION: lambda study: [*judges.measure(study), *gold.measure(study)],
    profiles.SECTION: profiles.measure,
    coverage.SECTION: coverage.measure,
}


@dataclass(frozen=True)
class Audit:
    """What an audit found. `notes` are what was missing or odd."""

    study: Study
    figures: list[Figure]
    findings: list[Finding]
    notes: list[str]

    def as_json(self) -> dict[str, Any]:
        """The audit as `audit.json` holds it; of a finding's rows the number, for they have their own files."""
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
    """Audits the evidence; `progress` is told each section before it is measured."""
    study = Study(evidence, settings, library)
    figures: list[Figure] = []
    for section, measure in MEASURES.items():
        progress(section)
        figures += measure(study)
    correct(figures)
    return Audit(study, figures, findings(figures, settings), coverage.notes(study))
