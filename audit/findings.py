"""Findings: what holds after correction, in plain words, ordered by how much it matters."""

from collections.abc import Sequence
from dataclasses import dataclass

from gravity.audit.figures import LEVELS, Alarm, Figure, Level


@dataclass(frozen=True)
class Finding:
    """One finding.

    `cultures` are those it is about, "" for all together; `also` tells the same of further ones. `rows` are ids, and
    `place` is the position of its figure among the audit's figures.
    """

    id: str
    level: Level
    section: str
    cultures: list[str]
    what: str
    sure: str
    advice: str
    rows: list[str]
    rows_are: str
    place: int
    also: list[str]


def findings(figures: Sequence[Figure], alpha: float) -> list[Finding]:
    """The alarms that are certain or significant at `alpha` after correction, the worst first."""
    ringing = [
        (place, figure, figure.alarm)
        for place, figure in enumerate(figures)
        if figure.alarm and (figure.alarm.certain or (figure.adjusted is not None and figure.adjusted <= alpha))
    ]
    ringing.sort(key=lambda found: (LEVELS.index(found[2].level), found[1].family != "gates", -_size(found[1])))
    # Outside the gates the same thing seen over all and in several cultures is one finding; over all comes first.
    told: dict[tuple[str, ...], list[tuple[int, Figure, Alarm]]] = {}
    for place, figure, alarm in ringing:
        apart = figure.culture if figure.family == "gates" or alarm.certain else ""
        told.setdefault((figure.section, figure.name, figure.group, apart), []).append((place, figure, alarm))
    found = []
    for number_, same in enumerate(told.values(), start=1):
        same.sort(key=lambda one: one[1].culture != "")
        place, figure, alarm = same[0]
        found.append(
            Finding(
                id=f"F{number_}",
                level=alarm.level,
                section=figure.section,
                cultures=sorted({one.culture for _, one, _ in same}),
                what=alarm.title,
                sure=_sure(figure),
                advice=alarm.advice,
                rows=list(dict.fromkeys(row for _, _, each in same for row in each.rows())),
                rows_are=alarm.rows_are,
                place=place,
                also=[f"{each.title} ({_sure(one)})" for _, one, each in same[1:]],
            )
        )
    return found


def _size(figure: Figure) -> float:
    """How far a figure is from what it was held against, in its own errors: what orders findings of one level."""
    if figure.value is None or figure.against is None or figure.low is None or figure.high is None:
        return 0.0
    width = (figure.high - figure.low) / 4
    return abs(figure.value - figure.against) / width if width > 0 else 0.0


def _sure(figure: Figure) -> str:
    if figure.p is None:
        return f"n = {figure.n:,}"
    interval = ""
    if figure.low is not None and figure.high is not None:
        interval = f"95% interval {between(figure.low, figure.high, figure.unit)}, "
    stated = figure.family == "gates"
    family = "Holm over the tests stated beforehand" if stated else "Benjamini-Hochberg over all exploratory figures"
    clusters = f" in {figure.clusters:,} independent clusters" if figure.clusters else ""
    return f"{interval}n = {figure.n:,}{clusters}; p {probability(figure.adjusted)} ({family})"


def number(value: float | None, unit: str) -> str:
    """A figure as it is printed; insufficient where there is none."""
    if value is None:
        return "insufficient"
    if unit == "share":
        return f"{100 * value:.1f}%"
    if unit == "points":
        return f"{100 * value:+.1f} points"
    if unit == "count":
        return f"{value:,.0f}"
    return f"{value:.3f}" if abs(value) < 1 else f"{value:.2f}"


def between(low: float | None, high: float | None, unit: str) -> str:
    """An interval as it is printed; the name of a unit stands once."""
    return f"{number(low, unit).removesuffix(f' {unit}')} to {number(high, unit)}"


def probability(p: float | None) -> str:
    """A p as it is printed."""
    if p is None:
        return ""
    return "< 0.001" if p < 0.001 else f"= {p:.3f}"
