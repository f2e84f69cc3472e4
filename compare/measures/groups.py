"""Groups: what each writer gains for readers and books of one kind, and whether that is less than for the others."""

from collections.abc import Iterator

import numpy as np

from gravity.audit.figures import Alarm, Figure
from gravity.audit.findings import number
from gravity.audit.measure import Measure, Section
from gravity.audit.tables import Flags
from gravity.compare.contrasts import Contrast
from gravity.compare.estimates import apart, differs, gain
from gravity.compare.gains import cells, tally
from gravity.compare.study import Study

GROUPS = Section(
    "groups",
    "Cultures, genres and readers",
    "The gains by what readers and books are. All of this is exploratory: each group is tested for gaining less or "
    "more than all others together.",
)
# By the field of cells that tells the groups apart, what their figures are called and what is said of a group.
FACETS = {
    "culture": ("gain by culture", "readers of {}"),
    "family": ("gain by genre", "books in {}"),
    "kind": ("gain by kind of book", "books in {}"),
    "age": ("gain by age", "readers whose age is {}"),
    "gender": ("gain by gender", "readers whose gender is {}"),
}


def measure(study: Study) -> Iterator[Figure]:
    """The gain of every writer in every group that there are at least two of."""
    for field, (name, called) in FACETS.items():
        parts = list(study.facet(field))
        if len(parts) < 2 and field != "culture":
            continue
        for contrast in (one for one in study.contrasts if not one.control):
            for value, inside in parts:
                yield _gain(study, contrast, Figure(name, unit="points"), field, value, called.format(value), inside)


def _gain(
    study: Study, contrast: Contrast, figure: Figure, field: str, value: str, called: str, inside: Flags
) -> Figure:
    outcomes = study.outcomes(contrast)
    known = ~np.isnan(outcomes)
    rows = known & inside
    figure.culture = value if field == "culture" else ""
    figure.group = contrast.label if field == "culture" else f"{contrast.label}: {value}"
    figure.extra = contrast.extra() | {field: value} | tally(outcomes[rows])
    study.filled(figure, gain(outcomes[rows], study.clusters.taken(rows)) if rows.any() else None, rows)
    others = known & ~inside
    figure.family = "exploratory"
    if not figure.enough or figure.value is None or others.sum() < study.settings.min_cells:
        return figure
    rest = float((2 * outcomes[others] - 1).mean())
    found = apart(2 * outcomes[known] - 1, inside[known], study.clusters.taken(known))
    if found is None:
        return figure
    figure.test, figure.against, figure.p = "two-sided t over clusters, of the difference", rest, differs(found, 0.0)
    if found.value < 0:
        figure.alarm = Alarm(
            "moderate",
            f"{contrast.writer} gains less for {called}: {number(figure.value, 'points')} against "
            f"{contrast.against}, and {number(rest, 'points')} for all others",
            "Read what it writes for this group, and see how many of its readers and books training had",
            rows=cells(study, rows & (outcomes < 1)),
            rows_are=f"readers and books of this group for which {contrast.writer} did not win",
        )
    return figure


MEASURE: Measure[Study] = Measure(
    GROUPS,
    {
        name: "Wins less losses in points of 100 comparisons, ties half; a text that invents cannot be preferred. Held "
        "against the gain for all others."
        for name, _ in FACETS.values()
    },
    measure,
)
