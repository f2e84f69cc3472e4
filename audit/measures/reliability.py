"""Split-half reliability of personality: do the two halves of a reader's reviews say the same of them?

It is measured where the run was made; here it is told, and what makes no pairs for want of it. Beside it stands what is
left of the correlation when the genres and the star ratings of both halves are taken out: where that is much less, the
halves agree on what is read and how it is rated, more than on who reads.
"""

from collections.abc import Iterator
from typing import Any

from gravity.audit.figures import Alarm, Figure
from gravity.audit.measure import Measure, Section
from gravity.audit.study import Study
from gravity.frameworks.statistics import wilson

ALL = "all"


def measure(study: Study) -> list[Figure]:
    """Reliability, partial correlation, agreement of levels and how many halves gave one, by facet, trait, culture."""
    return [figure for row in study.evidence.reliability.to_pylist() for figure in _figures(study, row)]


def _figures(study: Study, row: dict[str, Any]) -> Iterator[Figure]:
    culture = "" if row["culture"] == ALL else row["culture"]
    labels: dict[str, Any] = {"culture": culture, "group": f"{row['name']} ({row['of']})"}
    readers = {"n": row["readers"], "clusters": row["readers"], "enough": row["r"] is not None}
    yield Figure(
        "split-half reliability",
        unit="correlation",
        value=row["spearman_brown"],
        low=row["spearman_brown_low"],
        high=row["spearman_brown_high"],
        extra={} if row["r"] is None else {"r of the halves": round(row["r"], 3)},
        alarm=_doubtful(study, row) if row["doubtful"] else None,
        **labels,
        **readers,
    )
    if row["partial"] is not None:
        extra = {"r of the halves": round(row["r"], 3)}
        yield Figure(
            "r without genre and stars", unit="correlation", value=row["partial"], extra=extra, **labels, **readers
        )
    for name, hits, n in (
        ("levels in which the halves agree", row["agreed"], row["both"]),
        ("halves that gave a level", row["told"], row["halves"]),
    ):
        if n:
            low, high = wilson(hits, n)
            enough = n >= study.settings.min_rows
            yield Figure(name, n=n, value=hits / n, low=low, high=high, enough=enough, **labels)


def _doubtful(study: Study, row: dict[str, Any]) -> Alarm:
    where = "over all cultures" if row["culture"] == ALL else f"among readers of {study.called(row['culture'])}"
    return Alarm(
        "note",
        f"What one half of readers' reviews says of {row['name']} agrees too little with the other half, {where}: "
        f"reliability {row['spearman_brown']:.2f}",
        "It makes no pairs; reviews may not show it, or another profiler may see it",
        certain=True,
    )


MEASURE = Measure(
    Section(
        "reliability",
        "Reliability of personality",
        "Both halves of a reader's reviews are asked apart where the reader stands between the ends of each facet. How "
        "far the two go together says how much chance is in it, and not whether it is right.",
    ),
    {
        "split-half reliability": "That of both halves together, by Spearman and Brown's formula from the correlation "
        "of their scores, with Fisher's interval. Over all cultures, differences within a culture alone count.",
        "r without genre and stars": "The correlation of the halves' scores with the genres and the star ratings of "
        "both taken out.",
        "levels in which the halves agree": "Of the readers of whom both halves gave a level, the share in which it is "
        "the same.",
        "halves that gave a level": "Share of halves asked about that gave a level, high or low.",
    },
    measure,
)
