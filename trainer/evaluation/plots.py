"""Plots as PNG, drawn without a display. Markers and lines tell apart what colours would."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure

from gravity.trainer.evaluation.controls import Margins
from gravity.trainer.evaluation.figures import ALL, MATCHED, Cell
from gravity.trainer.intervals import Estimate

_MARKS = ("o", "s", "^", "D", "v")
_SHADES = ("#000000", "#1f77b4", "#d95f02", "#7a7a7a", "#6a3d9a")
_POINT_ROWS = 5  # of fewer the share right is little more than noise
_COMPARED = ("adapter", "shuffled", "no profile", "base", "length")
_NAMES = {
    "adapter": "adapter, own profile",
    "shuffled": "adapter, another's profile",
    "no profile": "adapter, no profile",
    "base": "base model, own profile",
    "length": "length only",
}


def accuracy(cells: Sequence[Cell], file: Path) -> None:
    """Draw accuracies, and the adapter's advance on its controls, for all rows, each culture and each track."""
    drawn = [cell for cell in cells if ALL in (cell["culture"], cell["track"])]
    labels = [
        f"{_title(cell)}\n{cell['rows']} rows, {cell['readers']} readers,\n{cell['subjects']} seeds" for cell in drawn
    ]
    with _figure(file, 12, 1.6 + 0.95 * len(drawn), 2) as (left, right):
        _forest(left, labels, {_NAMES[n]: [c["conditions"][n]["accuracy"] for c in drawn] for n in _COMPARED}, 0.5)
        left.set(xlim=(-0.03, 1.03), xlabel="preference accuracy (0.5: chance)")
        beaten = {f"over {_NAMES[n]}": [c["differences"][f"adapter - {n}"] for c in drawn] for n in _COMPARED[1:]}
        _forest(right, labels, beaten, 0.0, skip=1)
        right.set(xlabel="adapter's advance in accuracy (paired)", yticklabels=[])
        for axes in (left, right):
            axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2, frameon=False, fontsize=9)


def calibration(curves: Mapping[str, Sequence[Mapping[str, Any]]], cell: Cell, file: Path) -> None:
    """Draw the share of right answers against confidence; a point's size tells its rows, too few are no point."""
    with _figure(file, 6.4, 6.4, 1) as (axes,):
        axes.plot([0.5, 1], [0.5, 1], color="0.6", linestyle=":", label="calibrated")
        for name, mark, shade in zip(("adapter", "shuffled", "base"), _MARKS, _SHADES, strict=False):
            points = [point for point in curves[name] if point["rows"] >= _POINT_ROWS]
            error = cell["conditions"][name]["ece"]
            x, y = ([point[axis] for point in points] for axis in ("confidence", "accuracy"))
            axes.plot(x, y, color=shade, linestyle="-" if name == "adapter" else "--", linewidth=1)
            axes.scatter(
                x,
                y,
                label=f"{_NAMES[name]}: error {error.text()}",
                s=[20 + 150 * point["rows"] / max(1, cell["rows"]) for point in points],
                marker=mark,
                facecolor="white",
                edgecolor=shade,
                zorder=3,
            )
        axes.set(
            xlim=(0.49, 1.01),
            ylim=(-0.02, 1.02),
            xlabel=f"confidence (bins of at least {_POINT_ROWS} rows)",
            ylabel="share right",
        )
        legend = axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), frameon=False, fontsize=9)
        for handle in legend.legend_handles[1:]:
            handle.set_sizes([40])  # type: ignore[union-attr]


def length(found: Margins, cell: Cell, file: Path) -> None:
    """Draw margins against the difference in length, and accuracy where length points either way."""
    names = {
        "accuracy, chosen longer": "chosen is longer",
        "accuracy, length-matched": f"lengths within {MATCHED:.0%}",
        "accuracy, chosen shorter": "chosen is shorter",
    }
    with _figure(file, 11, 4.6, 2) as (left, right):
        left.scatter(found.longer, found.by_condition["adapter"], s=12, facecolor="none", edgecolor="black", alpha=0.5)
        left.axhline(0, color="0.6", linewidth=0.8)
        left.axvline(0, color="0.6", linewidth=0.8)
        left.set(
            xlabel="tokens by which the chosen answer is longer",
            ylabel="margin (implicit reward)",
            title=f"correlation {cell['length']['correlation'].text()}",
        )
        labels = [f"{title}\n{_resting_on(cell['length'][name])}" for name, title in names.items()]
        _forest(right, labels, {"adapter": [cell["length"][name] for name in names]}, 0.5)
        right.set(
            xlim=(-0.03, 1.03), xlabel="preference accuracy of the adapter", title="where length points either way"
        )


def drops(labels: Sequence[str], estimates: Sequence[Estimate], file: Path) -> None:
    """Draw the loss in accuracy of each variant of an ablation."""
    with _figure(file, 7.5, 1.4 + 0.9 * len(labels), 1) as (axes,):
        told = [f"{label}\n{_resting_on(one)}" for label, one in zip(labels, estimates, strict=True)]
        _forest(axes, told, {"drop": estimates}, 0.0)
        axes.set(xlabel="drop in preference accuracy against the full profile (paired)")


def matrix(names: Sequence[str], estimates: Sequence[Sequence[Estimate]], file: Path) -> None:
    """Draw accuracies as a square: trained on the row's culture, tested on the column's."""
    with _figure(file, 2.6 + 1.6 * len(names), 1.8 + 1.3 * len(names), 1) as (axes,):
        values = np.array([[np.nan if one.value is None else one.value for one in cells] for cells in estimates])
        light = ListedColormap(colormaps["Greys"](np.linspace(0, 0.5, 256)))
        image = axes.imshow(values, cmap=light, vmin=0, vmax=1, aspect="auto")
        for row, cells in enumerate(estimates):
            for column, one in enumerate(cells):
                text = f"{one.text().replace(' ', chr(10), 1)}\n{_resting_on(one)}"
                bold = "bold" if row == column else "normal"
                axes.text(
                    column,
                    row,
                    text,
                    ha="center",
                    va="center",
                    color="k",
                    fontsize=9,
                    fontweight=bold,
                )
        axes.set_xticks(range(len(names)), names)
        axes.set_yticks(range(len(names)), names)
        axes.set(xlabel="tested on", ylabel="trained on")
        axes.figure.colorbar(image, ax=axes, label="preference accuracy")


def _forest(
    axes: Axes,
    labels: Sequence[str],
    series: Mapping[str, Sequence[Estimate]],
    reference: float,
    skip: int = 0,
) -> None:
    """Draw estimates as points with intervals, a group for each label; `skip` leaves out the first marks."""
    step = 0.8 / len(series)
    axes.axvline(reference, color="0.6", linestyle="--", linewidth=0.8)
    for place in range(0, len(labels), 2):
        axes.axhspan(place - 0.5, place + 0.5, color="0.95", zorder=0)
    for place in range(len(labels)):
        if not any(estimates[place].sufficient for estimates in series.values()):
            axes.text(reference, place, " insufficient", va="center", fontsize=9, color="0.4", fontstyle="italic")
    for number, (name, estimates) in enumerate(series.items()):
        mark, shade = _MARKS[(number + skip) % len(_MARKS)], _SHADES[(number + skip) % len(_SHADES)]
        drawn = False
        for place, one in enumerate(estimates):
            at = place + (number - (len(series) - 1) / 2) * step
            if one.value is None or one.low is None or one.high is None:
                continue
            label = None if drawn else name
            axes.plot([one.low, one.high], [at, at], color=shade, linewidth=1.4)
            axes.plot(
                one.value, at, mark, color=shade, markerfacecolor="white", markersize=6, label=label, linestyle=""
            )
            drawn = True
        if not drawn:
            axes.plot([], [], mark, color=shade, markerfacecolor="white", label=name, linestyle="")
    axes.set_yticks(range(len(labels)), labels)
    axes.set_ylim(len(labels) - 0.5, -0.5)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.tick_params(axis="y", length=0)


def _resting_on(one: Estimate) -> str:
    return f"{one.rows} rows, {one.clusters['readers']} readers,\n{one.clusters['subjects']} seeds"


def _title(cell: Cell) -> str:
    if cell["culture"] == cell["track"] == ALL:
        return "all rows"
    return f"culture {cell['culture']}" if cell["track"] == ALL else f"track {cell['track']}"


@contextmanager
def _figure(file: Path, width: float, height: float, columns: int) -> Iterator[list[Axes]]:
    figure = Figure(figsize=(width, height), layout="constrained")
    yield list(figure.subplots(1, columns, squeeze=False)[0])
    figure.savefig(file, dpi=130)
