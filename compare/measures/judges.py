"""Judges of writings: how much they decide, whether the order moves them, and whether they agree."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from gravity.audit.agreement import alpha, coincidences, counts
from gravity.audit.figures import Alarm, Figure
from gravity.audit.measure import Measure, Section
from gravity.audit.study import percent
from gravity.audit.tables import Codes, Flags, Floats
from gravity.compare.estimates import differs, from_sums, share
from gravity.compare.study import Study, is_silent

JUDGES = Section(
    "judges",
    "Judges",
    "Whether judges decide, whether the seat sways them, and whether they agree. Where they are undecided gains are "
    "small, whatever the texts are like.",
)
# What a judge says of a comparison, as codes; the last is an order in which it gave no usable answer.
FIRST, SECOND, CANNOT_TELL, SILENT = 0, 1, 2, -1
_UNASKED = -2


@dataclass(frozen=True)
class Said:
    """What one judge said of the comparisons that it was asked about, by the order that was shown."""

    rows: Codes
    first: Codes
    second: Codes

    @property
    def settled(self) -> Codes:
        """Its answer where it is the same in all orders that it was asked in, else SILENT."""
        same = (self.first == self.second) | (self.first == _UNASKED) | (self.second == _UNASKED)
        return np.where(same, np.maximum(self.first, self.second), SILENT)


def measure(study: Study) -> Iterator[Figure]:
    """Coverage over all; answers, orders and the first seat of each judge; agreement; what is missing."""
    comparisons = study.evidence.comparisons
    if len(comparisons):
        row_of = np.array([study.cells[one.cell] for one in comparisons], dtype=np.int64)
        said = _said(study)
        heard = np.array([not is_silent(one) for one in comparisons], dtype=bool)
        decided = np.array([one.prefers is not None for one in comparisons], dtype=np.float64)
        yield _coverage(study, decided[heard], row_of[heard])
        for judge, given in sorted(said.items()):
            yield from _judge(study, judge, given, row_of)
        yield from _agreement(study, said, row_of)
    for what, number in study.evidence.missing.items():
        yield Figure("missing", group=what, unit="count", n=number, value=float(number))


def _said(study: Study) -> dict[str, Said]:
    made: dict[str, dict[int, list[int]]] = defaultdict(dict)
    for row, one in enumerate(study.evidence.comparisons):
        for choice in one.choices:
            answers = made[choice.judge].setdefault(row, [_UNASKED, _UNASKED])
            answers[choice.order == "second"] = (
                SILENT
                if not choice.answered
                else CANNOT_TELL
                if choice.prefers is None
                else FIRST
                if choice.prefers == "first"
                else SECOND
            )
    return {
        judge: Said(np.array(list(given), dtype=np.int64), *np.array(list(given.values()), dtype=np.int64).T)
        for judge, given in made.items()
    }


def _coverage(study: Study, decided: Floats, row_of: Codes) -> Figure:
    figure = Figure("decided")
    found = share(decided, study.clusters.taken(row_of))
    study.filled(figure, found, row_of)
    figure.extra["no judge answered"] = study.silent
    if study.falls_short(figure, found, study.settings.coverage):
        figure.alarm = Alarm(
            "moderate",
            f"Judges decide {percent(figure.value)} of the comparisons; the others count as ties",
            "Ask more judges or abler ones, or show them more reviews: gains are smaller than they would be",
            rows=lambda: [one.cell for one in study.evidence.comparisons if one.prefers is None],
            rows_are="readers and books with a comparison that is undecided",
        )
    return figure


def _judge(study: Study, judge: str, said: Said, row_of: Codes) -> Iterator[Figure]:
    rows = row_of[said.rows]
    asked = np.stack([said.first, said.second], axis=1)
    silent = ((asked == SILENT).any(axis=1)).astype(np.float64)
    yield study.filled(Figure("no answer", group=judge), share(silent, study.clusters.taken(rows)), rows)
    told = np.asarray((asked >= 0).all(axis=1), dtype=bool)
    yield _steady(study, judge, said, told, rows)
    yield _first_seat(study, judge, said, told, rows)


def _steady(study: Study, judge: str, said: Said, told: Flags, rows: Codes) -> Figure:
    same = said.first[told] == said.second[told]
    figure = Figure("same answer in both orders", group=judge)
    found = share(same.astype(np.float64), study.clusters.taken(rows[told]))
    study.filled(figure, found, rows[told])
    if study.falls_short(figure, found, study.settings.coverage):
        figure.alarm = Alarm(
            "moderate",
            f"The judge {judge} is unsteady: it says the same in both orders of {percent(figure.value)} of comparisons",
            "Replace it by a judge that reads both texts, or count on larger samples",
            rows=lambda: [study.evidence.cells[row].id for row in dict.fromkeys(rows[told][~same].tolist())],
            rows_are=f"readers and books about which {judge} changed its answer with the order",
        )
    return figure


def _first_seat(study: Study, judge: str, said: Said, told: Flags, rows: Codes) -> Figure:
    """The share that the first seat wins of the answers that take a side, of comparisons answered in both orders, so
    that it is one half whatever the texts are like, unless the seat counts."""
    first, second = said.first[told], said.second[told]
    wins = (first == FIRST).astype(np.float64) + (second == SECOND)
    sides = (first < CANNOT_TELL).astype(np.float64) + (second < CANNOT_TELL)
    figure = Figure("first seat wins", group=judge)
    found = None
    if sides.sum():
        sums = np.stack([wins, sides], axis=1)
        found = from_sums(lambda total: float(total[0] / total[1]), sums, study.clusters.taken(rows[told]), 0.5)
    study.filled(figure, found, rows[told])
    if found is None or not figure.enough:
        return figure
    figure.family, figure.test = "exploratory", "two-sided t over clusters"
    figure.against, figure.p = 0.5, differs(found, 0.5)
    if abs(found.value - 0.5) > study.settings.position_margin:
        seat = "first" if found.value > 0.5 else "second"
        won = found.value if seat == "first" else 1 - found.value
        figure.alarm = Alarm(
            "moderate",
            f"The judge {judge} leans to the {seat} seat: the text shown {seat} wins {percent(won)} of its answers, "
            "where half would be fair",
            "Keep asking in both orders; a judge whose answer changes with the order counts as undecided",
        )
    return figure


def _agreement(study: Study, said: dict[str, Said], row_of: Codes) -> Iterator[Figure]:
    """Krippendorff's alpha of settled answers: the same in both orders, or the only one asked for."""
    if len(said) < 2:
        return
    ratings = np.full((len(row_of), len(said)), SILENT, dtype=np.int64)
    for column, (_, given) in enumerate(sorted(said.items())):
        ratings[given.rows, column] = given.settled
    shared = (ratings >= 0).sum(axis=1) > 1
    rows = row_of[shared]
    figure = Figure("Krippendorff's alpha", unit="agreement")
    pairs = coincidences(counts(ratings[shared], 3)).reshape(-1, 9)
    found = from_sums(lambda total: float(alpha(total.reshape(3, 3))), pairs, study.clusters.taken(rows))
    study.filled(figure, found, rows)
    if study.falls_short(figure, found, study.settings.agreement):
        figure.alarm = Alarm(
            "moderate",
            f"Judges hardly agree: Krippendorff's alpha is {figure.value or 0:.2f}, below {study.settings.agreement:g}",
            "See which judges gold cases speak for. Where nearly all answers are the same, alpha is low although "
            "judges mostly agree",
        )
    yield figure


MEASURE: Measure[Study] = Measure(
    JUDGES,
    {
        "decided": "Share of comparisons in which the judges that answered prefer a text; the others are ties. "
        "Comparisons that no judge answered are among those that are missing.",
        "same answer in both orders": "Share of comparisons about which a judge said the same whichever text came "
        "first, of those that it answered twice.",
        "first seat wins": "Of a judge's answers that take a side, the share that the text shown first wins.",
        "Krippendorff's alpha": "Agreement of the judges' settled answers beyond chance; 1 is full agreement.",
        "no answer": "Share of comparisons in which a judge gave no usable answer in one order or both.",
        "missing": "What there should be and is not.",
    },
    measure,
)
