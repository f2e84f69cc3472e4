"""Interest: how interesting judges take texts to be for a reader, one text at a time."""

from collections.abc import Iterator

import numpy as np

from gravity.audit.figures import Figure
from gravity.audit.measure import Measure, Section
from gravity.compare.contrasts import Contrast
from gravity.compare.estimates import differs, mean
from gravity.compare.study import Study

INTEREST = Section(
    "interest",
    "Interest",
    "How interesting a text would be to the reader, 1 to 5, by judges who see one text at a time.",
)
ABOVE = {
    "original": "interest above the original's",
    "prompt-only": "interest above prompt-only's",
    "other card": "interest above that with another's card",
}
# How far a text that was not seen may be from the others, in points of the scale.
_FARTHEST = 1.0


def measure(study: Study) -> Iterator[Figure]:
    """The mean of each writer, and its difference to what it is held against."""
    for place, name in enumerate(study.writers):
        rows = ~np.isnan(study.interest[:, place])
        found = mean(study.interest[rows, place], study.clusters.taken(rows), (1.0, 5.0), _FARTHEST)
        yield study.filled(Figure("interest", group=name, unit="score"), found, rows)
    for contrast in study.contrasts:
        yield _above(study, contrast)


def _above(study: Study, contrast: Contrast) -> Figure:
    apart = study.interest[:, contrast.first] - study.interest[:, contrast.second]
    rows = ~np.isnan(apart)
    figure = Figure(ABOVE[contrast.role], group=contrast.label, unit="score", extra=contrast.extra())
    found = mean(apart[rows], study.clusters.taken(rows), (-4.0, 4.0), _FARTHEST)
    study.filled(figure, found, rows)
    figure.family = "exploratory"
    if found is not None and figure.enough:
        figure.test, figure.against, figure.p = "two-sided t over clusters", 0.0, differs(found, 0.0)
    return figure


MEASURE: Measure[Study] = Measure(
    INTEREST,
    {"interest": "Mean over readers and books of what judges gave a writer's texts, 1 to 5."}
    | dict.fromkeys(ABOVE.values(), "Mean difference for the same reader and book, in points of the scale."),
    measure,
)
