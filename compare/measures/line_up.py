"""The line-up: which writer a reader would be likely to prefer to all others."""

from collections.abc import Iterator

from gravity.audit.figures import Figure
from gravity.audit.measure import Measure, Section
from gravity.compare.bradley_terry import first_of_line_up, most_wins
from gravity.compare.estimates import mean
from gravity.compare.study import Study

LINE_UP = Section(
    "line-up",
    "First of the line-up",
    "Which writer comes first among all. A text in which a checker found an invention cannot be preferred.",
)


def measure(study: Study) -> Iterator[Figure]:
    """Each writer's chance to be first, by Davidson's model and by plain counts."""
    outcomes = study.printable
    if len(study.writers) < 2 or not len(outcomes):
        return
    best, whole = most_wins(outcomes)
    for place, name in enumerate(study.writers):
        counted = Figure("first by plain counts", group=name)
        found = mean(best[whole, place], study.clusters.taken(whole), (0.0, 1.0), 0.5)
        yield study.filled(counted, found, whole)
    there = (outcomes == outcomes).any(axis=(1, 2))
    for name, first in zip(study.writers, first_of_line_up(outcomes, study.clusters), strict=True):
        yield study.filled(Figure("first by Bradley and Terry", group=name), first, there)


MEASURE: Measure[Study] = Measure(
    LINE_UP,
    {
        "first by Bradley and Terry": "Chance that the writer's text would be preferred to those of all others, by the "
        "model of Bradley and Terry with ties (Davidson 1970) over all comparisons; they sum to 1.",
        "first by plain counts": "Share of readers and books for which the writer won most of its comparisons, ties "
        "half, shared by writers that won as many; of cells in which all pairs of the line-up were compared.",
    },
    measure,
)
