"""Preference: what each writer gains against the original and against prompting alone, and how often it is worse."""

from collections.abc import Iterator

import numpy as np

from gravity.audit.figures import Alarm, Figure
from gravity.audit.findings import number
from gravity.audit.measure import Measure, Section
from gravity.compare.contrasts import Contrast
from gravity.compare.estimates import share
from gravity.compare.gains import WORDS, cells, gains
from gravity.compare.study import Study

PREFERENCE = Section(
    "preference",
    "Does the reader prefer it?",
    "Each writer against the book's own description and against prompting alone. Judges read reviews that the "
    "reader's profile never saw, and the two texts, blind and in both orders. Better prose gains here as well as "
    "personalisation does.",
)


def measure(study: Study) -> Iterator[Figure]:
    """The gains against the original and prompt-only, and the share that is worse than the original."""
    for contrast in study.contrasts:
        if contrast.role == "other card":
            continue
        yield from gains(study, contrast, _worse)
        if contrast.role == "original":
            yield _lost(study, contrast)


def _worse(study: Study, contrast: Contrast, figure: Figure) -> Alarm | None:
    if figure.value is None or figure.value >= 0:
        return None
    lost = study.outcomes(contrast) == 0
    called = "the original" if contrast.role == "original" else f"prompting alone ({contrast.against})"
    return Alarm(
        "serious",
        f"Readers would rather have {called} than what {contrast.writer} writes: its gain is "
        f"{number(figure.value, figure.unit)}",
        "Read the texts that lost side by side, and do not publish what this writer makes",
        rows=cells(study, lost),
        rows_are=f"readers and books for which {contrast.writer} lost",
    )


def _lost(study: Study, contrast: Contrast) -> Figure:
    outcomes = study.outcomes(contrast)
    rows = ~np.isnan(outcomes)
    figure = Figure("worse than the original", group=contrast.writer, extra=contrast.extra())
    lost = (outcomes[rows] == 0).astype(np.float64)
    return study.filled(figure, share(lost, study.clusters.taken(rows)), rows)


MEASURE: Measure[Study] = Measure(
    PREFERENCE,
    WORDS
    | {
        "worse than the original": "Share of comparisons with the original that the writer lost: how often a reader "
        "would be served worse than by the publisher's text.",
    },
    measure,
)
