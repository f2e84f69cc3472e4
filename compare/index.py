"""What was compared by what it is about: a cell's writings, comparisons, ratings and remarks, looked up at once."""

from collections.abc import Sequence
from typing import Literal

import numpy as np

from gravity.compare.evidence import Comparison, Writing
from gravity.compare.study import Study
from gravity.store.comparisons import Examined, Interest, Remark

# How a comparison ended for its first writer, as the figures count it. Tied: every judge that answered says that it
# cannot tell, or the text that they prefer invents. Undecided: judges, or a judge in its two orders, disagree.
Ending = Literal["won", "lost", "tied", "undecided", "unanswered"]


class Index:
    """What was written for a cell by a writer, and what was said of it."""

    def __init__(self, study: Study) -> None:
        evidence = study.evidence
        self._study = study
        self._place = {name: column for column, name in enumerate(study.writers)}
        self._writings = {(one.cell, one.writer): one for one in evidence.writings}
        self._ratings = {(one.cell, one.writer): one.given for one in evidence.ratings}
        self._checks = {(one.cell, one.writer): one.found for one in evidence.checks}
        self._comparisons: dict[str, list[Comparison]] = {}
        for each in evidence.comparisons:
            self._comparisons.setdefault(each.cell, []).append(each)

    def writing(self, cell: str, writer: str) -> Writing | None:
        """The text; None where there is none."""
        return self._writings.get((cell, writer))

    def ratings(self, cell: str, writer: str) -> Sequence[Interest]:
        """How interesting judges take it to be."""
        return self._ratings.get((cell, writer), ())

    def found(self, cell: str, writer: str) -> list[Examined]:
        """The answers of the checkers that gave one."""
        return [one for one in self._checks.get((cell, writer), ()) if one.answered]

    def remarks(self, cell: str, writer: str) -> list[Remark]:
        """The faults that any checker found in it, each once."""
        said = [remark for one in self.found(cell, writer) for remark in one.remarks]
        return list({(one.fault, one.quote): one for one in said}.values())

    def comparisons(self, cell: str) -> list[Comparison]:
        """All comparisons of the cell's writings."""
        return self._comparisons.get(cell, [])

    def ending(self, one: Comparison) -> Ending:
        """How a comparison ended for its first writer."""
        place = self._study.cells[one.cell], self._place[one.first], self._place[one.second]
        counted, judged = self._study.printable[place], self._study.judged[place]
        if np.isnan(counted):
            return "unanswered"
        if counted != 0.5:
            return "won" if counted else "lost"
        barred = judged != 0.5
        return "tied" if barred or all(c.prefers is None for c in one.choices if c.answered) else "undecided"
