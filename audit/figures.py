"""A figure: a number with all that is needed to defend it, and what it would mean if it holds."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal

from gravity.audit.hypotheses import benjamini_hochberg, holm

Level = Literal["serious", "moderate", "note"]
Family = Literal["gates", "exploratory", "descriptive"]

LEVELS: tuple[Level, ...] = ("serious", "moderate", "note")


@dataclass(frozen=True)
class Alarm:
    """What a figure means in plain words if its test holds, what to do, and the ids of the rows that show it.

    `title` and `advice` are clauses without a full stop. `rows` is called only once all figures are made and the alarm
    holds. `certain` is for what needs no test, such as too few rows.
    """

    level: Level
    title: str
    advice: str
    rows: Callable[[], list[str]] = field(default=list)
    rows_are: str = "rows"
    certain: bool = False


@dataclass
class Figure:
    """One number. `value` is None where there is nothing to compute it from.

    `section` is the part of the report that it belongs to, filled in from its measure. `group` tells figures of one
    name apart within a culture; `clusters` are the independent units behind the `n` rows. `enough` is whether n can
    carry a claim. A tested figure has the `test`, what it was held `against`, `p`, and, when all are known, `adjusted`
    within its family. `extra` holds what a chart or a table shows beside it.
    """

    section: str = field(default="", kw_only=True)
    name: str
    culture: str = ""
    group: str = ""
    unit: str = "share"
    n: int = 0
    clusters: int | None = None
    value: float | None = None
    low: float | None = None
    high: float | None = None
    enough: bool = True
    family: Family = "descriptive"
    test: str = ""
    against: float | None = None
    p: float | None = None
    adjusted: float | None = None
    extra: dict[str, Any] = field(default_factory=dict)
    alarm: Alarm | None = None

    def as_json(self) -> dict[str, Any]:
        """The figure as `audit.json` holds it: all but its alarm, which is told as a finding."""
        return {k: v for k, v in asdict(replace(self, alarm=None)).items() if k != "alarm"}


def correct(figures: Sequence[Figure]) -> None:
    """Fills in the adjusted p: Holm's over the gates, Benjamini and Hochberg's over the exploratory figures."""
    families: tuple[tuple[Family, Any], ...] = (("gates", holm), ("exploratory", benjamini_hochberg))
    for family, adjust in families:
        tested = [figure for figure in figures if figure.family == family and figure.p is not None]
        for figure, adjusted in zip(tested, adjust([f.p for f in tested]), strict=True):
            figure.adjusted = float(adjusted)
