"""Audits of a run or of a dataset folder: evidence, the audit, its report."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from gravity.audit.evidence import SWAPS, Evidence
from gravity.audit.examine import Audit, examine
from gravity.audit.findings import Finding
from gravity.audit.from_folder import from_folder
from gravity.audit.from_store import from_store
from gravity.audit.report import write
from gravity.audit.settings import AuditSettings
from gravity.audit.tables import build
from gravity.frameworks.loader import Library
from gravity.progress import Progress
from gravity.store.runs import Run
from gravity.stores import Stores

Rows = Sequence[dict[str, Any]]


@dataclass(frozen=True)
class Audited:
    """An audit and the files of its report, the page that a person opens first."""

    audit: Audit
    files: list[Path]

    @property
    def findings(self) -> Sequence[Finding]:
        """What holds, the worst first."""
        return self.audit.findings


def audit_folder(dataset: Path, output: Path, settings: AuditSettings, library: Library, progress: Progress) -> Audited:
    """Audits a dataset folder. Raises InputError where it cannot be read."""
    progress("reading", 0, None)
    return _audited(from_folder(dataset), output, settings, library, progress)


def audit_run(
    stores: Stores,
    run: Run,
    output: Path,
    settings: AuditSettings,
    library: Library,
    progress: Progress,
    truth: Path | None = None,
    swaps: Rows = (),
) -> Audited:
    """Audits a run of the store. `truth` holds what is true of readers, `swaps` what models said of cases with their
    markers of culture swapped. Raises InputError for a truth that cannot be read."""
    progress("reading", 0, None)
    evidence = from_store(stores.database, run, library, truth)
    if swaps:
        evidence = replace(evidence, swaps=build(swaps, SWAPS))
    return _audited(evidence, output, settings, library, progress)


def _audited(
    evidence: Evidence, output: Path, settings: AuditSettings, library: Library, progress: Progress
) -> Audited:
    audit = examine(evidence, settings, library, lambda section: progress(f"measuring {section}", 0, None))
    progress("writing the report", 0, None)
    return Audited(audit, write(audit, output))
