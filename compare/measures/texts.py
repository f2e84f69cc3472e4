"""Texts: how long they are, how much of the book's own description they copy, and whether they keep its language."""

from collections.abc import Iterator

import numpy as np

from gravity.audit.figures import Alarm, Figure
from gravity.audit.measure import Measure, Section
from gravity.audit.study import percent
from gravity.audit.tables import Floats
from gravity.compare.copying import Rouge, rouge_l, tokens
from gravity.compare.estimates import mean, share
from gravity.compare.evidence import ORIGINAL
from gravity.compare.gains import cells
from gravity.compare.study import Study

TEXTS = Section("texts", "Length, copying and language", "What can be counted in the texts without asking anybody.")


def measure(study: Study) -> Iterator[Figure]:
    """Words, ROUGE-L with the original and language kept, of each writer."""
    copied, kept = _copied(study), _kept(study)
    for place, name in enumerate(study.writers):
        yield _words(study, place, name)
        if name != ORIGINAL:
            yield from _copying(study, place, name, copied)
            yield _language(study, place, name, kept)


def _words(study: Study, place: int, name: str) -> Figure:
    rows = ~np.isnan(study.words[:, place])
    found = mean(study.words[rows, place], study.clusters.taken(rows), (0.0, np.inf))
    return study.filled(Figure("words", group=name, unit="words"), found, rows)


def _copied(study: Study) -> dict[tuple[int, str], Rouge]:
    """ROUGE-L of each writing with the book's own description, where there is one."""
    cells_of = study.evidence.cells
    described = {text: tokens(text) for text in {cell.description for cell in cells_of}}
    rows = [(study.cells[one.cell], one) for one in study.evidence.writings if one.writer != ORIGINAL]
    return {(row, one.writer): rouge_l(tokens(one.text), described[cells_of[row].description]) for row, one in rows}


def _copying(study: Study, place: int, name: str, copied: dict[tuple[int, str], Rouge]) -> Iterator[Figure]:
    rows = ~np.isnan(study.words[:, place]) & np.array([bool(cell.description) for cell in study.evidence.cells])
    scores = [copied[row, name] for row in np.flatnonzero(rows).tolist()]
    clusters = study.clusters.taken(rows)
    f = np.array([score.f for score in scores])
    figure = Figure("ROUGE-L with the original", group=name, unit="F")
    found = mean(f, clusters, (0.0, 1.0))
    study.filled(figure, found, rows)
    if scores:
        figure.extra["share of the text that is copied"] = float(np.mean([score.precision for score in scores]))
    if study.exceeds(figure, found, study.settings.copying):
        much = np.zeros(len(rows), dtype=bool)
        much[np.flatnonzero(rows)[f > study.settings.copying]] = True
        figure.alarm = Alarm(
            "moderate",
            f"{name} copies more than it writes: ROUGE-L with the books' own descriptions is {figure.value or 0:.2f}",
            "Compare it with the original only together with this figure: who copies the original loses little to it",
            rows=cells(study, much),
            rows_are=f"readers and books whose text by {name} is mostly the original's",
        )
    yield figure
    recall = mean(np.array([score.recall for score in scores]), clusters, (0.0, 1.0))
    yield study.filled(Figure("original that is in the text", group=name), recall, rows)


def _kept(study: Study) -> dict[str, Floats]:
    """1 where a writing has the language of the original, 0 where another, NaN where either is not known."""
    made = {name: np.full(len(study.cells), np.nan) for name in study.writers}
    for one in study.evidence.writings:
        row = study.cells[one.cell]
        language = study.evidence.cells[row].language
        if one.language and language:
            made[one.writer][row] = one.language == language
    return made


def _language(study: Study, place: int, name: str, kept: dict[str, Floats]) -> Figure:
    values = kept[name]
    rows = ~np.isnan(values)
    figure = Figure("language kept", group=name)
    found = share(values[rows], study.clusters.taken(rows))
    study.filled(figure, found, rows)
    if study.falls_short(figure, found, study.settings.language):
        figure.alarm = Alarm(
            "moderate",
            f"{name} leaves the language: {percent(figure.value)} of its texts are in that of the book's own "
            "description",
            "Ask for the language by name in the writer's prompt, or train on texts of that language",
            rows=cells(study, values == 0),
            rows_are=f"readers and books whose text by {name} is in another language",
        )
    return figure


MEASURE: Measure[Study] = Measure(
    TEXTS,
    {
        "words": "Mean number of words; of scripts without spaces each character counts.",
        "ROUGE-L with the original": "Mean of ROUGE-L's F with the book's own description: how much of either is the "
        "same words in the same order.",
        "original that is in the text": "ROUGE-L's recall: the share of the original's words that the text has in the "
        "same order.",
        "language kept": "Share of texts in the language of the book's own description.",
    },
    measure,
)
