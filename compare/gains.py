"""The figures of one writer held against another: what it gains, as printable, as judged and corrected for judges."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from gravity.audit.figures import Alarm, Figure
from gravity.audit.tables import Flags, Floats
from gravity.compare.contrasts import Contrast
from gravity.compare.estimates import differs, gain, shows
from gravity.compare.judge_errors import corrected
from gravity.compare.length_control import win_rate
from gravity.compare.study import Study

Rings = Callable[[Study, Contrast, Figure], Alarm | None]
# The smallest gain that the cells of a figure show, under its name in `extra`.
SHOWS = "a gain that is shown in 4 of 5 such comparisons"

WORDS = {
    "gain": "Wins less losses, in points of 100 comparisons; ties count half for each side. A text in which a checker "
    "found an invention cannot be preferred: where it won, that is a tie. This is the figure that is tested.",
    "gain as judged": "The same without that rule: what readers would rather have, printable or not.",
    "gain corrected for the judges": "The gain as judged, divided by what judges of this record keep of a true gain: "
    "their share of right less that of wrong answers on gold cases (Rogan & Gladen 1978). It holds as far as the "
    "gold cases are as hard as these comparisons.",
    "win rate at equal length": "Win rate as judged, ties half, with the effect of length taken out by a logistic "
    "curve with terms for length and books, as AlpacaEval 2's length-controlled win rate has it. Where one writer's "
    "texts are always the longer, that is a guess and insufficient.",
}


def gains(study: Study, contrast: Contrast, rings: Rings) -> Iterator[Figure]:
    """The gain and what stands beside it. It is tested as stated beforehand, and `rings` makes its alarm; that of a
    control is exploratory and no alarm."""
    printable, judged = study.outcomes(contrast), study.outcomes(contrast, printable=False)
    rows = ~np.isnan(judged)
    clusters = study.clusters.taken(rows)
    labels: dict[str, Any] = {"group": contrast.label, "unit": "points"}
    figure = Figure("gain", extra=contrast.extra() | tally(printable[rows]), **labels)
    found = gain(printable[rows], clusters) if rows.any() else None
    study.filled(figure, found, rows)
    figure.family = "exploratory" if contrast.control else "gates"
    if found is not None:
        figure.extra[SHOWS] = shows(found)
        if figure.enough:
            figure.test, figure.against, figure.p = "two-sided t over clusters", 0.0, differs(found, 0.0)
            figure.alarm = None if contrast.control else rings(study, contrast, figure)
    yield figure
    plain = Figure("gain as judged", extra=contrast.extra() | tally(judged[rows]), **labels)
    yield study.filled(plain, gain(judged[rows], clusters) if rows.any() else None, rows)
    yield _corrected(study, contrast, judged, rows)
    yield _at_equal_length(study, contrast, judged)


def tally(outcomes: Floats) -> dict[str, int]:
    """Wins, ties and losses among outcomes."""
    return {name: int((outcomes == one).sum()) for name, one in (("wins", 1), ("ties", 0.5), ("losses", 0))}


def cells(study: Study, rows: Flags) -> Callable[[], list[str]]:
    """The ids of some cells, once they are asked for."""
    return lambda: [cell.id for cell in study.picked(rows)]


def _corrected(study: Study, contrast: Contrast, judged: Floats, rows: Flags) -> Figure:
    figure = Figure("gain corrected for the judges", group=contrast.label, unit="points", extra=contrast.extra())
    cultures = [cell.culture for cell in study.picked(rows)]
    found = None
    if rows.any():
        clusters = study.clusters.taken(rows)
        found = corrected(judged[rows], cultures, clusters, study.evidence.panel, study.settings.min_gold)
        if found is None:
            figure.extra["why not"] = "a panel's record on gold is too short, or not clearly better than chance"
    return study.filled(figure, found, rows)


def _at_equal_length(study: Study, contrast: Contrast, judged: Floats) -> Figure:
    longer = study.words[:, contrast.first] - study.words[:, contrast.second]
    rows = ~np.isnan(judged) & ~np.isnan(longer)
    figure = Figure("win rate at equal length", group=contrast.label, extra=contrast.extra())
    found = win_rate(judged[rows], longer[rows], study.clusters.taken(rows))
    study.filled(figure, found.rate if found else None, rows)
    if found:
        figure.extra |= {
            "win rate at any length": float(judged[rows].mean()),
            "mean words longer": float(longer[rows].mean()),
            "log odds by length": found.term,
        }
        if not found.overlap:
            figure.enough = False
            figure.extra["why not"] = "one writer's texts are longer in every cell"
    return figure
