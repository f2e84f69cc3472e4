"""Stances: how often a culture's readers are said to take the high pole of a dimension, beside the national figures.

National figures describe countries. Nearness to them is shown and never wanted: people differ within a country far
more than countries do, so readers who all take the national side are a stereotype and no success.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from scipy import stats

from gravity.audit.charts import ROWS, chart
from gravity.audit.figures import Figure
from gravity.audit.held import Held, held_stances
from gravity.audit.measure import Measure, Section
from gravity.audit.nations import national
from gravity.audit.study import Study

STANCES = Section(
    "stances",
    "Stances",
    "What readers are said to hold. National figures describe countries and are shown beside the spread among readers; "
    "nearness to them is never a goal.",
)


def measure(study: Study) -> list[Figure]:
    """Shares of the high pole by culture and dimension, and how they rank beside the national scores."""
    held = held_stances(study)
    if held is None:
        return []
    shares = list(_shares(study, held))
    return [*shares, _with_nations(study, shares)]


def _shares(study: Study, held: Held) -> Iterator[Figure]:
    for place, dimension in enumerate(held.dimensions):
        for code, culture in enumerate(study.cultures):
            rows = (held.culture == code) & (held.dimension == place)
            if not rows.any():
                continue
            figure = Figure("takes the high pole", culture, dimension, n=int(rows.sum()))
            # The seeds of a dimension are few and the figure is about them: readers alone are drawn.
            draws = study.draws((held.reader[rows],))
            study.filled(figure, draws.rate(held.high[rows].astype(float), np.ones(int(rows.sum()))), draws)
            known = study.library.cultures.get(culture)
            if known is not None and (nation := national(study.library, known, dimension)) is not None:
                figure.extra["national"] = nation[0]
                figure.extra["national figure"] = nation[1]
            yield figure


def _with_nations(study: Study, shares: list[Figure]) -> Figure:
    """The rank correlation of shares with Hofstede's scores over the cells of culture and dimension; descriptive."""
    cells = [f for f in shares if f.group.startswith("hofstede/") and "national" in f.extra and f.enough]
    figure = Figure("rank correlation with Hofstede's scores", unit="correlation", n=len(cells))
    values = np.array([[f.value, f.extra["national"]] for f in cells], dtype=float)
    figure.enough = len(cells) > 4 and all(len(np.unique(column)) > 1 for column in values.T)
    if figure.enough:
        drawn = np.random.default_rng(0).integers(0, len(cells), (study.settings.repeats, len(cells)))
        ranks = stats.rankdata(values[np.vstack([np.arange(len(cells)), drawn])], axis=1)
        apart = ranks - ranks.mean(axis=1, keepdims=True)
        with np.errstate(invalid="ignore"):
            found = apart.prod(axis=2).sum(axis=1) / np.sqrt((apart**2).sum(axis=1).prod(axis=1))
        figure.value = float(found[0])
        figure.low, figure.high = (float(bound) for bound in np.nanquantile(found[1:], (0.025, 0.975)))
    return figure


def _chart(figures: Sequence[Figure]) -> dict[str, Any] | None:
    """The usual chart; where the figures are many, of those alone that have a national figure to stand beside."""
    told = [figure for figure in figures if figure.value is not None]
    if len(told) > ROWS:
        told = [figure for figure in told if figure.enough and "national" in figure.extra]
    return chart(told)


MEASURE = Measure(
    STANCES,
    {
        "rank correlation with Hofstede's scores": "Over the cells of culture and dimension; descriptive only, since a "
        "few countries cannot carry a test.",
        "takes the high pole": "Share of told stances that take the dimension's high pole, beside the national figure. "
        "The interval is over readers; it speaks of these seeds.",
    },
    measure,
    charts={"takes the high pole": _chart},
)
