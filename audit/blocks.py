"""The sections of the report: for each kind of figure its words, its chart and its table."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from gravity.audit.charts import chart
from gravity.audit.figures import Figure
from gravity.audit.findings import Finding, between, number, probability
from gravity.audit.measure import Measure, Section

LONG = 30  # characters; a longer cell may wrap
# Of what stands beside a figure, that which is for charts and summaries: a group's name says it in words already.
UNSHOWN = {"national", "writer", "against", "role"}

Named = dict[str, Any]


@dataclass(frozen=True)
class Cell:
    """A cell of a table: its text, its class and the id it links to."""

    text: str
    kind: str = ""
    link: str = ""


class Blocks:
    """Figures as the templates show them, with the findings made of them and the measures that made them; below
    `alpha` a corrected p is significant."""

    def __init__(
        self, figures: Sequence[Figure], findings: Sequence[Finding], measures: Sequence[Measure[Any]], alpha: float
    ) -> None:
        self._alpha = alpha
        self._anchors = {id(figure): f"figure-{place}" for place, figure in enumerate(figures)}
        self._finding = {id(figures[found.place]): found.id for found in findings}
        self._sections: dict[str, tuple[Section, list[Measure[Any]]]] = {}
        for measure in measures:
            self._sections.setdefault(measure.section.name, (measure.section, []))[1].append(measure)

    def anchor(self, figure: Figure) -> str:
        """The id of a figure's row on the page."""
        return self._anchors[id(figure)]

    def sections(self, figures: Sequence[Figure], charts: bool) -> list[Named]:
        """Every section in the order of the measures, with the blocks of those of `figures` that belong to it."""
        return [
            {
                "id": _slug(section.name),
                "title": section.title,
                "about": section.about,
                "blocks": self._blocks(measures, [f for f in figures if f.section == section.name], charts),
            }
            for section, measures in self._sections.values()
        ]

    def _blocks(self, measures: Sequence[Measure[Any]], figures: Sequence[Figure], charts: bool) -> list[Named]:
        words = {name: about for measure in measures for name, about in measure.words.items()}
        charters = {name: draw for measure in measures for name, draw in measure.charts.items()}
        # What has no words is shown all the same, after what has.
        names = dict.fromkeys([*words, *(figure.name for figure in figures)])
        blocks = []
        for name in names:
            if same := [figure for figure in figures if figure.name == name]:
                spec = charters.get(name, chart)(same) if charts else None
                blocks.append(self._block(name, words.get(name, ""), same, spec))
        return blocks

    def _block(self, name: str, about: str, figures: Sequence[Figure], spec: Named | None) -> Named:
        extras = list(dict.fromkeys(key for figure in figures for key in figure.extra if key not in UNSHOWN))
        tested = any(figure.p is not None for figure in figures)
        grouped = ["group"] if any(figure.group for figure in figures) else []
        columns = ["culture", *grouped, "figure", "95% interval", "n", "clusters"]
        columns += [*(["held against", "p", "p corrected"] if tested else []), "claim", *extras]
        return {
            "name": name,
            "about": about,
            "columns": columns,
            "rows": [self._row(figure, columns, extras, tested) for figure in figures],
            # "<" is escaped, so that no text in the data can end the script element.
            "chart": Markup(json.dumps(spec, allow_nan=False).replace("<", "\\u003c")) if spec else "",
            "chart_id": f"chart-{_slug(figures[0].section)}-{_slug(name)}",
        }

    def _row(self, figure: Figure, columns: Sequence[str], extras: Sequence[str], tested: bool) -> Named:
        interval = "none"
        if figure.low is not None and figure.high is not None:
            interval = between(figure.low, figure.high, figure.unit)
        elif figure.unit == "count":
            interval = "counted"
        cells = [Cell(figure.culture or "all")]
        if "group" in columns:
            cells.append(Cell(figure.group, _width(figure.group)))
        cells += [
            Cell(number(figure.value, figure.unit), "num"),
            Cell(interval, "num"),
            Cell(f"{figure.n:,}", "num"),
            Cell("" if figure.clusters is None else f"{figure.clusters:,}", "num"),
        ]
        if tested:
            against = "" if figure.against is None else number(figure.against, figure.unit)
            cells += [Cell(against, "num"), Cell(_p(figure.p), "num"), Cell(_p(figure.adjusted), "num")]
        cells.append(self._claim(figure))
        cells += [_extra(key, figure.extra.get(key)) for key in extras]
        return {"id": self.anchor(figure), "cells": cells}

    def _claim(self, figure: Figure) -> Cell:
        found = self._finding.get(id(figure))
        if found:
            return Cell(f"finding {found}", link=found)
        if not figure.enough:
            return Cell("insufficient")
        if figure.adjusted is None:
            return Cell("described")
        # Significant and no finding: it lies on the harmless side, or another figure's finding tells of it.
        return Cell("significant" if figure.adjusted <= self._alpha else "nothing found")


def _slug(name: str) -> str:
    return re.sub(r"\W+", "-", name.lower())


def _width(text: str) -> str:
    return "long" if len(text) > LONG else ""


def _p(p: float | None) -> str:
    return probability(p).removeprefix("= ")


def _extra(key: str, value: Any) -> Cell:
    if key.startswith("p "):
        return Cell(_p(value), "num")
    if isinstance(value, float):
        return Cell(f"{value:.3f}", "num")
    if isinstance(value, list):
        return Cell(" … ".join(map(str, value)), "long")
    return Cell("" if value is None else str(value), _width(str(value)))
