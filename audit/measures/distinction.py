"""Distinction: how far labels tell the readers of one culture apart."""

from collections.abc import Iterator

from gravity.audit.figures import Alarm, Figure
from gravity.audit.measure import Measure, Section
from gravity.audit.study import Study
from gravity.store.distinction import Preferred, measured

HARDLY = 0.05  # a share of pairs that would differ, below which labels say next to nothing of a reader


def measure(study: Study) -> Iterator[Figure]:
    """The share of vetted pairs whose label would be another for another reader of the culture, by track."""
    least = study.settings.min_rows
    for row in measured(_preferred(study)):
        figure = Figure(
            "would differ for another reader",
            row.culture,
            row.track,
            n=row.compared,
            clusters=row.subjects,
            value=row.share,
            enough=row.compared >= least and row.interval is not None,
        )
        if row.interval is not None:
            figure.low, figure.high = row.interval
            if figure.enough and row.interval.high < HARDLY:
                figure.alarm = Alarm(
                    "moderate",
                    f"Labels of the {row.track} track hardly differ between readers of {study.called(row.culture)}",
                    "Leave out what all of them share, or read pairs of it: they teach a culture and not a person",
                    certain=True,
                )
        yield figure


def _preferred(study: Study) -> Iterator[Preferred]:
    columns = ["culture", "track", "subject", "chosen", "rejected", "verdict"]
    for row in study.evidence.pairs.select(columns).to_pylist():
        culture, track, subject, chosen, rejected, verdict = (row[name] for name in columns)
        if None in (culture, track, subject, chosen, rejected) or verdict not in (None, "vetted"):
            continue
        answers = (chosen, rejected) if chosen <= rejected else (rejected, chosen)
        yield Preferred(culture, track, subject, answers, answers[0] == chosen)


MEASURE = Measure(
    Section(
        "distinction",
        "Whose reading it is",
        "How far labels tell readers of one culture apart. Labels that would be the same for everybody carry nothing "
        "of a reader.",
    ),
    {
        "would differ for another reader": "Share of the vetted pairs, of those with another reader's beside them on "
        "the same two answers, whose label is another there. The interval is over seeds, items or books.",
    },
    measure,
)
