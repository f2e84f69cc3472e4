"""Faults: what texts say of a book that its own description does not, and whether they flatter the reader."""

from collections.abc import Iterator

import numpy as np

from gravity.audit.figures import Alarm, Figure
from gravity.audit.measure import Measure, Section
from gravity.audit.study import percent
from gravity.audit.tables import Flags
from gravity.compare.estimates import mean, rate, share
from gravity.compare.evidence import ORIGINAL
from gravity.compare.gains import cells
from gravity.compare.study import Study

FAULTS = Section(
    "faults",
    "Inventions and flattery",
    "What checkers remark on in a writer's texts. A publisher must be able to print what a writer writes. One checker "
    "is enough for a fault; what nobody checked is in no figure.",
)


def measure(study: Study) -> Iterator[Figure]:
    """Inventions, texts that speak to the reader, and texts that were cut, of each writer."""
    cut = {(one.cell, one.writer) for one in study.evidence.writings if one.cut}
    for place, name in enumerate(study.writers):
        yield from _inventions(study, place, name)
        yield from _speaks(study, place, name)
        if name != ORIGINAL:
            yield _cut(study, place, name, cut)


def _inventions(study: Study, place: int, name: str) -> Iterator[Figure]:
    rows = ~np.isnan(study.inventions[:, place])
    if name == ORIGINAL or not rows.any():
        # An invention is what the original does not say.
        return
    counts = study.inventions[rows, place]
    clusters = study.clusters.taken(rows)
    number = Figure("inventions per 100 texts", group=name, unit="per 100")
    study.filled(number, rate(counts, clusters), rows)
    number.value, number.low, number.high = (
        None if one is None else 100 * one for one in (number.value, number.low, number.high)
    )
    yield number
    figure = Figure("texts that invent", group=name)
    found = share((counts > 0).astype(np.float64), clusters)
    study.filled(figure, found, rows)
    figure.extra["texts nobody checked"] = int((~rows & ~np.isnan(study.words[:, place])).sum())
    if study.exceeds(figure, found, study.settings.inventing):
        figure.alarm = Alarm(
            "serious",
            f"{name} invents: {percent(figure.value)} of its texts say something of the book that its own description "
            "does not",
            "Read the quotes that the checkers gave. Do not publish its texts without a check of each",
            rows=cells(study, study.inventions[:, place] > 0),
            rows_are=f"readers and books whose text by {name} invents",
        )
    yield figure


def _speaks(study: Study, place: int, name: str) -> list[Figure]:
    speaks = np.where(np.isnan(study.addressing), np.nan, study.addressing > 0)
    rows = ~np.isnan(speaks[:, place])
    figure = Figure("speaks to the reader", group=name)
    found = share(speaks[rows, place], study.clusters.taken(rows))
    study.filled(figure, found, rows)
    if name == ORIGINAL:
        return [figure]
    tested, bound = figure, study.settings.flattery_margin
    original = study.writers.index(ORIGINAL) if ORIGINAL in study.writers else None
    if original is not None and not np.isnan(speaks[:, original]).all():
        apart = speaks[:, place] - speaks[:, original]
        both = ~np.isnan(apart)
        tested = Figure("speaks to the reader, above the original", group=name, unit="points")
        found = mean(apart[both], study.clusters.taken(both), (-1.0, 1.0), 1.0)
        study.filled(tested, found, both)
    if study.exceeds(tested, found, bound):
        tested.alarm = Alarm(
            "moderate",
            f"{name} flatters: {percent(figure.value)} of its texts address or praise the reader"
            + (", which is more than the books' own descriptions do" if tested is not figure else ""),
            "Have the writer's prompt speak of the book alone. Flattery is no personalisation, and judges may like it",
            rows=cells(study, speaks[:, place] == 1),
            rows_are=f"readers and books whose text by {name} speaks to the reader",
        )
    return [figure] if tested is figure else [figure, tested]


def _cut(study: Study, place: int, name: str, cut: set[tuple[str, str]]) -> Figure:
    rows: Flags = ~np.isnan(study.words[:, place])
    short = np.array([(cell.id, name) in cut for cell in study.evidence.cells], dtype=bool)
    figure = Figure("cut texts", group=name)
    found = share(short[rows].astype(np.float64), study.clusters.taken(rows))
    study.filled(figure, found, rows)
    if study.exceeds(figure, found, study.settings.cut):
        figure.alarm = Alarm(
            "moderate",
            f"{percent(figure.value)} of the texts by {name} end at the token limit",
            "Raise the limit or ask for shorter texts, and compare again: judges dislike what breaks off",
            rows=cells(study, short),
            rows_are=f"readers and books whose text by {name} was cut",
        )
    return figure


MEASURE: Measure[Study] = Measure(
    FAULTS,
    {
        "inventions per 100 texts": "Things that a writer's texts say of books and the books' own descriptions do not, "
        "in 100 texts. Quotes that overlap are one.",
        "texts that invent": "Share of checked texts with an invention. Where such a text won a comparison, that is a "
        "tie.",
        "speaks to the reader": "Share of checked texts that address or praise the reader.",
        "speaks to the reader, above the original": "The difference to the books' own descriptions, in points of 100 "
        "texts.",
        "cut texts": "Share of texts that a token limit ended.",
    },
    measure,
)
