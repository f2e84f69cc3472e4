"""What every measure works with: the evidence as arrays over cells and writers, the thresholds, ways to make a figure.

Arrays have a row for each cell and a column for each writer, in the order of the evidence; NaN is what is not known.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from gravity.audit.figures import Figure
from gravity.audit.resampling import Estimate, beyond
from gravity.audit.study import count_words
from gravity.audit.tables import Codes, Flags, Floats
from gravity.compare.contrasts import Contrast, contrasts
from gravity.compare.evidence import Cell, Comparison, Evidence
from gravity.compare.faults import count
from gravity.compare.settings import CompareSettings
from gravity.store.comparisons import Fault
from gravity.trainer.clusters import Clusters


@dataclass(frozen=True)
class Study:
    """A comparison of writers at work."""

    evidence: Evidence
    settings: CompareSettings

    @cached_property
    def writers(self) -> list[str]:
        """The writers' names."""
        return [writer.name for writer in self.evidence.writers]

    @cached_property
    def cells(self) -> dict[str, int]:
        """The row of each cell."""
        return {cell.id: row for row, cell in enumerate(self.evidence.cells)}

    @cached_property
    def cultures(self) -> list[str]:
        """The cultures of the cells, in order."""
        return sorted({cell.culture for cell in self.evidence.cells if cell.culture})

    @cached_property
    def clusters(self) -> Clusters:
        """The reader and the book of each cell."""
        cells = self.evidence.cells
        return Clusters.of(readers=[cell.reader for cell in cells], books=[cell.book for cell in cells])

    @cached_property
    def contrasts(self) -> list[Contrast]:
        """Each writer against the original, prompt-only, and its twin that is shown another reader's card."""
        return contrasts(self.evidence.writers)

    @cached_property
    def prompt_only(self) -> list[str]:
        """The writers that stand for prompting alone."""
        return [writer.name for writer in self.evidence.writers if writer.prompt_only]

    @cached_property
    def silent(self) -> int:
        """Comparisons that no judge answered: they are no ties."""
        return sum(map(is_silent, self.evidence.comparisons))

    @cached_property
    def judged(self) -> Floats:
        """For each ordered pair of writers (the last two axes) what the judges say of the first: 1 it wins, 0 it loses,
        0.5 they are undecided."""
        place = {name: column for column, name in enumerate(self.writers)}
        made = np.full((len(self.cells), len(place), len(place)), np.nan)
        for one in self.evidence.comparisons:
            if is_silent(one):
                continue
            row, first, second = self.cells[one.cell], place[one.first], place[one.second]
            won = 0.5 if one.prefers is None else float(one.prefers == one.first)
            made[row, first, second], made[row, second, first] = won, 1 - won
        return made

    @cached_property
    def printable(self) -> Floats:
        """The same, with the rule that a writing that invents cannot be preferred: where it won, that is a tie."""
        bars = self.inventions > 0
        made = self.judged.copy()
        made[(made == 1) & bars[:, :, None]] = 0.5
        made[(made == 0) & bars[:, None, :]] = 0.5
        return made

    @cached_property
    def words(self) -> Floats:
        """The words of each writing."""
        return self._filled((one.cell, one.writer, count_words(one.text)) for one in self.evidence.writings)

    @cached_property
    def inventions(self) -> Floats:
        """How many inventions the checkers found in each writing that was checked."""
        return self._faults("invention")

    @cached_property
    def addressing(self) -> Floats:
        """How often each writing that was checked addresses or praises the reader."""
        return self._faults("reader")

    @cached_property
    def interest(self) -> Floats:
        """The mean of what judges gave each writing, 1 to 5."""
        given = ((one, [each.score for each in one.given if each.score is not None]) for one in self.evidence.ratings)
        return self._filled((one.cell, one.writer, float(np.mean(scores))) for one, scores in given if scores)

    def outcomes(self, contrast: Contrast, printable: bool = True) -> Floats:
        """What the judges say of a contrast's writer in each cell."""
        return (self.printable if printable else self.judged)[:, contrast.first, contrast.second]

    def facet(self, name: str) -> Iterator[tuple[str, Flags]]:
        """The known values of a field of cells, in order, each with the cells that have it."""
        values = np.array([getattr(cell, name) for cell in self.evidence.cells], dtype=object)
        for value in sorted(set(values) - {""}):
            yield value, np.asarray(values == value, dtype=bool)

    def picked(self, rows: Flags) -> list[Cell]:
        """The cells of some rows."""
        return [self.evidence.cells[row] for row in np.flatnonzero(rows).tolist()]

    def filled(self, figure: Figure, found: Estimate | None, rows: Flags | Codes) -> Figure:
        """A figure of some cells, by flags or by the place of each, with its value and interval put in, and whether
        cells, readers and books are enough for a claim."""
        counts = self.clusters.taken(rows).counts()
        figure.n = int(rows.sum()) if rows.dtype == np.bool_ else len(rows)
        figure.clusters = min(counts.values())
        figure.extra |= counts
        least = self.settings
        figure.enough = (
            figure.n >= least.min_cells
            and counts["readers"] >= least.min_readers
            and counts["books"] >= least.min_books
        )
        if found is None:
            figure.enough = False
            return figure
        figure.value, figure.low, figure.high = found.value, found.low, found.high
        return figure

    def exceeds(self, figure: Figure, found: Estimate | None, bound: float) -> bool:
        """Tests as exploratory that a figure is above a bound; returns whether it lies there."""
        figure.family = "exploratory"
        if found is None or not figure.enough:
            return False
        share = figure.unit == "share"
        figure.test, figure.against, figure.p = "one-sided t over clusters", bound, beyond(found, bound, share)
        return found.value > bound

    def falls_short(self, figure: Figure, found: Estimate | None, bound: float) -> bool:
        """The same that a figure is below a bound."""
        if found is None:
            return self.exceeds(figure, None, bound)
        turned = 1.0 if figure.unit == "share" else 0.0
        mirrored = Estimate(turned - found.value, turned - found.high, turned - found.low, found.error, found.freedom)
        below = self.exceeds(figure, mirrored, turned - bound)
        figure.against = bound if figure.p is not None else None
        return below

    def _faults(self, fault: Fault) -> Floats:
        texts = {(one.cell, one.writer): one.text for one in self.evidence.writings}
        counted = (
            (one, count(one.found, texts.get((one.cell, one.writer), ""), fault)) for one in self.evidence.checks
        )
        return self._filled((one.cell, one.writer, number) for one, number in counted if number is not None)

    def _filled(self, values: Iterator[tuple[str, str, float]]) -> Floats:
        place = {name: column for column, name in enumerate(self.writers)}
        made = np.full((len(self.cells), len(place)), np.nan)
        for cell, writer, value in values:
            made[self.cells[cell], place[writer]] = value
        return made


def is_silent(comparison: Comparison) -> bool:
    """Whether no judge answered."""
    return comparison.prefers is None and not any(choice.answered for choice in comparison.choices)
