"""Personalisation: texts written with the reader's own card against those by the same writer with another reader's."""

from collections.abc import Iterator

import numpy as np

from gravity.audit.figures import Alarm, Figure
from gravity.audit.findings import number
from gravity.audit.measure import Measure, Section
from gravity.compare.contrasts import Contrast
from gravity.compare.gains import SHOWS, WORDS, cells, gains
from gravity.compare.study import Study

PERSONALISATION = Section(
    "personalisation",
    "Is it the reader's own card that readers prefer?",
    "Each writer with the reader's own card against itself with the card of another reader of the same culture. "
    "Whatever is better for everyone is the same on both sides, so this is the figure for personalisation.",
)


def measure(study: Study) -> Iterator[Figure]:
    """What each writer gains by the reader's own card."""
    for contrast in study.contrasts:
        if contrast.role == "other card":
            yield from gains(study, contrast, _no_gain)


def _no_gain(study: Study, contrast: Contrast, figure: Figure) -> Alarm | None:
    """The card counts for less than it should: it is worse than another's, or there is no clear gain although the
    cells are enough to show one."""
    if figure.value is None or figure.low is None:
        return None
    outcomes = study.outcomes(contrast)
    if figure.value < 0 and figure.high is not None and figure.high < 0:
        return Alarm(
            "serious",
            f"Readers would rather have what {contrast.writer} writes with another reader's card: the gain of their "
            f"own is {number(figure.value, figure.unit)}",
            "See whether cards reach the right readers, and what the texts make of them",
            rows=cells(study, outcomes == 0),
            rows_are=f"readers and books for which {contrast.against} was preferred",
        )
    enough = study.settings.telling_gain
    if figure.low <= 0 and figure.extra[SHOWS] <= enough:
        return Alarm(
            "serious",
            f"What {contrast.writer} writes does not clearly suit its reader better than it suits another: own card "
            f"against another's gains {number(figure.value, figure.unit)}, and there are enough comparisons to show "
            f"{100 * enough:.0f}",
            "Claim no personalisation for this writer. See whether its texts use the card, and whether cards tell "
            "readers apart",
            rows=cells(study, ~np.isnan(outcomes) & (outcomes < 1)),
            rows_are="readers and books for which the own card was not preferred",
            certain=True,
        )
    return None


MEASURE: Measure[Study] = Measure(PERSONALISATION, WORDS, measure)
