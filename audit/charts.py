"""Vega-Lite charts of figures. Colour says nothing that shape and text do not say; text takes the page's colour."""

from collections.abc import Sequence
from typing import Any

from gravity.audit.figures import Figure
from gravity.audit.findings import between, number

ROWS = 40
LINE = 28  # characters of a label that fit on a line
MARK = "#4a7fc1"  # at least 3:1 against white and against the dark page

SHAPES = {"insufficient": "circle", "described": "circle", "after correction": "square"}

_TEXT = "currentColor"
CONFIG: dict[str, Any] = {
    "background": None,
    "font": "system-ui, 'Segoe UI', 'Noto Sans', 'DejaVu Sans', sans-serif",  # as the page; widths are measured with it
    "view": {"stroke": None},
    "axis": {
        "labelColor": _TEXT, "titleColor": _TEXT, "domainColor": _TEXT, "tickColor": _TEXT, "gridColor": _TEXT,
        "gridOpacity": 0.15, "labelLimit": 190, "labelFontSize": 12, "titleFontSize": 12, "titleFontWeight": "normal",
    },
    "legend": {"labelColor": _TEXT, "titleColor": _TEXT},
    "text": {"color": _TEXT, "fontSize": 12},
}  # fmt: skip
UNITS = {
    "share": "share of rows",
    "ratio": "ratio",
    "per 1,000 words": "in 1,000 words",
    "points": "points of 100",
    "difference": "difference of shares",
    "log2 odds ratio": "log2 of the odds ratio",
}

_TICKS = {"share": {"format": ".0%"}, "points": {"labelExpr": "format(100 * datum.value, '+.0f')"}}


def chart(figures: Sequence[Figure]) -> dict[str, Any] | None:
    """Bars of counts, dots with their intervals of all else; None where a table says it better.

    Of more figures than `ROWS`, those alone that would be an alarm.
    """
    drawn = [figure for figure in figures if figure.value is not None]
    if len(drawn) > ROWS:
        drawn = [figure for figure in drawn if figure.enough and figure.alarm is not None]
    if not 1 < len(drawn) <= ROWS:
        return None
    return _bar_chart(drawn) if drawn[0].unit == "count" else _dot_plot(drawn)


def _rows(figures: Sequence[Figure]) -> list[dict[str, Any]]:
    rows = []
    for figure in figures:
        other = f"{figure.culture} less {figure.extra['other']}" if "other" in figure.extra else figure.culture
        label = ", ".join(filter(None, (figure.group, other))) or "all"
        interval = between(figure.low, figure.high, figure.unit)
        state = (
            "insufficient" if not figure.enough else "after correction" if figure.adjusted is not None else "described"
        )
        rows.append(
            {
                "row": label,
                "value": figure.value,
                "low": figure.low,
                "high": figure.high,
                "figure": number(figure.value, figure.unit),
                "interval": interval if figure.low is not None else "none",
                "n": figure.n,
                "state": state,
                "against": figure.against,
            }
        )
    return rows


_TOOLTIP = [
    {"field": name, "title": title}
    for name, title in (
        ("row", "row"),
        ("figure", "figure"),
        ("interval", "95% interval"),
        ("n", "n"),
        ("state", "claim"),
    )
]


def _named(figures: Sequence[Figure]) -> dict[str, Any]:
    """The axis of rows. Of two writers that are held against each other, whose names are long, each has a line."""
    rows = [row["row"] for row in _rows(figures)]
    axis: dict[str, Any] = {"field": "row", "type": "nominal", "sort": rows, "title": None}
    if _in_two_lines(figures):
        axis["axis"] = {"labelExpr": r"split(replace(datum.label, ' against ', '\nagainst '), '\n')"}
    return axis


def _in_two_lines(figures: Sequence[Figure]) -> bool:
    return any("against" in figure.extra and len(figure.group) > LINE for figure in figures)


def _dot_plot(figures: Sequence[Figure]) -> dict[str, Any]:
    """A dot and its interval a row; hollow where n cannot carry a claim; a tick for what it is held against."""
    unit = figures[0].unit
    axis = {"title": UNITS.get(unit, unit), **_TICKS.get(unit, {})}
    scale = {"zero": False, "nice": True}
    point = {
        "mark": {"type": "point", "size": 90, "stroke": MARK, "strokeWidth": 2, "opacity": 1},
        "encoding": {
            "x": {"field": "value", "type": "quantitative", "scale": scale, "axis": axis},
            "shape": {
                "field": "state",
                "legend": None,
                "scale": {"domain": list(SHAPES), "range": list(SHAPES.values())},
            },
            "fill": {"condition": {"test": "datum.state != 'insufficient'", "value": MARK}, "value": "transparent"},
            "tooltip": _TOOLTIP,
        },
    }
    layers: list[dict[str, Any]] = []
    if any(figure.low is not None for figure in figures):
        layers.append(
            {
                "transform": [{"filter": "isValid(datum.low)"}],
                "mark": {"type": "rule", "color": _TEXT, "strokeWidth": 1.5},
                "encoding": {"x": {"field": "low", "type": "quantitative"}, "x2": {"field": "high"}},
            }
        )
    if any(figure.against is not None for figure in figures):
        layers.append(
            {
                "transform": [{"filter": "isValid(datum.against)"}],
                "mark": {"type": "tick", "color": _TEXT, "thickness": 3, "size": 14, "opacity": 0.6},
                "encoding": {"x": {"field": "against", "type": "quantitative"}},
            }
        )
    layers.append(point)
    return _spec(figures, {"encoding": {"y": _named(figures)}, "layer": layers})


def _bar_chart(figures: Sequence[Figure]) -> dict[str, Any]:
    y = {"field": "row", "type": "nominal", "sort": None, "title": None}
    bar = {
        "mark": {"type": "bar", "stroke": MARK, "strokeWidth": 1, "size": 14},
        "encoding": {
            "x": {"field": "value", "type": "quantitative", "axis": {"title": "count"}},
            "fill": {"condition": {"test": "datum.state != 'insufficient'", "value": MARK}, "value": "transparent"},
            "tooltip": _TOOLTIP,
        },
    }
    label = {
        "mark": {"type": "text", "align": "left", "dx": 4},
        "encoding": {"x": {"field": "value", "type": "quantitative"}, "text": {"field": "figure"}},
    }
    return _spec(figures, {"encoding": {"y": y}, "layer": [bar, label]})


def heat_map(figures: Sequence[Figure]) -> dict[str, Any] | None:
    """Cultures down, groups across: the number stands in each cell, its size is a square's.

    None where there are too few or too many figures for it.
    """
    figures = [figure for figure in figures if figure.value is not None]
    if not 1 < len(figures) <= ROWS:
        return None
    values = [{**row, "culture": f.culture, "lexicon": f.group} for row, f in zip(_rows(figures), figures, strict=True)]
    size = {"field": "value", "type": "quantitative", "legend": None, "scale": {"range": [0, 1400]}}
    square = {
        "mark": {"type": "point", "shape": "square", "filled": True, "color": MARK, "opacity": 0.45},
        "encoding": {"size": size, "tooltip": _TOOLTIP},
    }  # fmt: skip
    label = {"mark": {"type": "text"}, "encoding": {"text": {"field": "value", "format": ".1f"}}}
    encoding = {
        "y": {"field": "culture", "type": "nominal", "title": "texts of"},
        "x": {"field": "lexicon", "type": "nominal", "title": "words of", "axis": {"labelAngle": 0}},
    }
    spec = _spec(figures, {"encoding": encoding, "layer": [square, label]})
    return {**spec, "data": {"values": values}, "height": 44 * len({row["culture"] for row in values})}


def _spec(figures: Sequence[Figure], body: dict[str, Any]) -> dict[str, Any]:
    return {
        "$schema": "https://vega.github.io/schema/vega-lite/v6.json",
        "description": f"{figures[0].name}: the table that follows holds the same figures",
        "data": {"values": _rows(figures)},
        "width": "container",
        "height": (36 if _in_two_lines(figures) else 24) * len(figures) + 10,
        "autosize": {"type": "fit-x", "contains": "padding"},
        "config": CONFIG,
        **body,
    }
