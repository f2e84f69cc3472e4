"""How far stances can be relied on: what the other half of a reader's reviews said of them, and what is expected."""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from gravity.frameworks.statistics import Interval, wilson
from gravity.store.records import Row, Source

THRESHOLDS = tuple(n / 100 for n in range(50, 100, 5))


class Reliability(Row):
    """Stances of one source and culture with at least a confidence of `threshold`.

    Of `tested` stances, each taken from one half of a reader's reviews, the other half `contradicted` some. In the
    profiles of `readers` there are as many `stances`; of these a share `expected_error` (0 to 1) is wrong by their
    own confidence, None where there are none.
    """

    run: str
    source: Source
    culture: str
    threshold: float
    tested: int
    contradicted: int
    stances: int
    readers: int
    expected_error: float | None

    @property
    def share(self) -> float | None:
        """The share of the tested that was contradicted; None where nothing was tested."""
        return self.contradicted / self.tested if self.tested else None

    @property
    def interval(self) -> Interval | None:
        """Wilson's 95% interval of that share; None where nothing was tested."""
        return wilson(self.contradicted, self.tested) if self.tested else None

    @property
    def a_reader(self) -> float:
        """Stances a reader."""
        return self.stances / self.readers if self.readers else 0.0


def at(rows: Iterable[Reliability], confidence: float) -> list[Reliability]:
    """The rows at the highest threshold that is at most a confidence (0 to 1), or at the lowest one."""
    threshold = max((each for each in THRESHOLDS if each <= confidence), default=THRESHOLDS[0])
    return [row for row in rows if row.threshold == threshold]


def over_all(rows: Iterable[Reliability]) -> list[Reliability]:
    """The figures over all cultures, by source and threshold; their culture is "all"."""
    cells: dict[tuple[Source, float], list[Reliability]] = defaultdict(list)
    for row in rows:
        cells[row.source, row.threshold].append(row)
    return [_sum(cell) for _, cell in sorted(cells.items())]


def _sum(rows: Sequence[Reliability]) -> Reliability:
    stances = sum(row.stances for row in rows)
    wrong = sum(row.stances * (row.expected_error or 0.0) for row in rows)
    return rows[0].model_copy(
        update={
            "culture": "all",
            "tested": sum(row.tested for row in rows),
            "contradicted": sum(row.contradicted for row in rows),
            "stances": stances,
            "readers": sum(row.readers for row in rows),
            "expected_error": wrong / stances if stances else None,
        }
    )
