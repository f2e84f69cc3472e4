"""The pages of the report on writers, made from what was examined by the templates."""

from functools import cached_property
from pathlib import Path
from typing import Any

from gravity.audit.blocks import Blocks
from gravity.audit.findings import Finding
from gravity.audit.shell import Shell
from gravity.compare.cells import Sides, sides
from gravity.compare.evidence import Evidence, PanelOnGold
from gravity.compare.examine import Compared
from gravity.compare.summary import Summary

EXAMPLES = 10  # rows of a finding that the page lists


class Pages:
    """What the pages hold."""

    def __init__(self, made: Compared) -> None:
        self._made = made
        self._evidence = made.study.evidence
        self._blocks = Blocks(made.figures, made.findings, made.measures, made.settings.alpha)
        self._shell = Shell(Path(__file__).parent / "templates")

    def report(self) -> str:
        """report.html."""
        evidence = self._evidence
        return self._shell.page(
            "compare.html",
            scripts=True,
            **self._common,
            sides=self._sides,
            judges=_judges(evidence),
            settings=self._made.settings,
        )

    def markdown(self) -> str:
        """report.md."""
        return self._shell.text("compare.md", **self._common)

    @cached_property
    def _sides(self) -> Sides:
        return sides(self._made.study)

    @cached_property
    def _common(self) -> dict[str, Any]:
        made = self._made
        return {
            "source": self._evidence.source,
            "summary": Summary(made.study, made.figures, self._blocks.anchor),
            "findings": [self._finding(found) for found in made.findings],
            "notes": made.notes,
            "sections": self._blocks.sections(made.figures, charts=True),
        }

    def _finding(self, found: Finding) -> dict[str, Any]:
        titles = {cell.id: cell.title for cell in self._evidence.cells}
        shown = {each["cell"].id: each["anchor"] for each in self._sides.cells}
        rows = found.rows[:EXAMPLES]
        return {
            "found": found,
            "link": self._blocks.anchor(self._made.figures[found.place]),
            "rows": [{"id": row, "text": titles.get(row, ""), "link": shown.get(row, "")} for row in rows],
            "file": "compare.json",
            "show": False,
        }


def _judges(evidence: Evidence) -> list[dict[str, str]]:
    """A row a culture: who was asked, and what the judges showed on gold cases."""
    cultures = sorted({*evidence.judges, *evidence.checkers, *(cell.culture for cell in evidence.cells)})
    rows = []
    for culture in cultures:
        gold = evidence.panel.get(culture, PanelOnGold())
        rows.append(
            {
                "culture": culture,
                "judges": ", ".join(evidence.judges.get(culture, ())) or "none",
                "checkers": ", ".join(evidence.checkers.get(culture, ())) or "none",
                "right": f"{gold.right} of {gold.telling}, wrong {gold.wrong}" if gold.telling else "not measured",
                "sided": f"{gold.sided} of {gold.tied}" if gold.tied else "not measured",
            }
        )
    return rows
