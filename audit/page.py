"""The pages of the report, made from one audit by the templates: the whole report, and one for each culture."""

from collections.abc import Mapping
from functools import cached_property
from typing import Any

from gravity.audit.blocks import Blocks
from gravity.audit.examine import Audit
from gravity.audit.excerpts import Excerpts
from gravity.audit.findings import Finding
from gravity.audit.shell import Shell

EXAMPLES = 10  # rows of a finding that the page lists


class Pages:
    """What the pages hold. `culture_files` names the file of each culture's page."""

    def __init__(self, audit: Audit, culture_files: Mapping[str, str]) -> None:
        self.culture_files = culture_files
        self._audit = audit
        self._blocks = Blocks(audit.figures, audit.findings, audit.measures, audit.study.settings.alpha)
        self._excerpts = Excerpts(audit.study)
        self._shell = Shell()

    def report(self) -> str:
        """report.html."""
        names = [(self._audit.study.called(name), file) for name, file in self.culture_files.items()]
        return self._shell.page("report.html", scripts=True, **self._common, culture_pages=names)

    def markdown(self) -> str:
        """report.md."""
        return self._shell.text("report.md", **self._common)

    def culture(self, culture: str) -> str:
        """The page that one hands to a culture's reviewers."""
        mine = [found for found in self._audit.findings if {"", culture}.intersection(found.cultures)]
        return self._shell.page(
            "culture.html",
            scripts=False,
            culture=self._audit.study.called(culture),
            source=self._audit.study.evidence.source,
            findings=[self._finding(found, linked=False) for found in mine],
            sections=self._blocks.sections([f for f in self._audit.figures if f.culture == culture], charts=False),
            samples=self._excerpts.samples(culture),
        )

    @cached_property
    def _common(self) -> dict[str, Any]:
        audit = self._audit
        return {
            "source": audit.study.evidence.source,
            "cultures": audit.study.cultures,
            "figures": audit.figures,
            "tested": sum(figure.p is not None for figure in audit.figures),
            "findings": [self._finding(found, linked=True) for found in audit.findings],
            "notes": audit.notes,
            "sections": self._blocks.sections(audit.figures, charts=True),
            "settings": audit.study.settings,
        }

    def _finding(self, found: Finding, linked: bool) -> dict[str, Any]:
        return {
            "found": found,
            "link": self._blocks.anchor(self._audit.figures[found.place]) if linked else "",
            "rows": [{"id": row, "text": self._texts.get(row, ""), "link": ""} for row in found.rows[:EXAMPLES]],
            "file": f"rows/{found.id}.jsonl",
            "show": found.rows_are.startswith("pairs") and self._audit.study.evidence.source.startswith("run"),
        }

    @cached_property
    def _texts(self) -> dict[str, str]:
        """The beginnings of the texts of all rows that the pages list."""
        return self._excerpts.beginnings([row for found in self._audit.findings for row in found.rows[:EXAMPLES]])
