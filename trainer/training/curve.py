"""The curve of a run, as PNG: loss, accuracy and margin by step, and what the rows held out say. Needs no display."""

import itertools
from collections.abc import Sequence
from pathlib import Path

from gravity.trainer.training.early_stopping import best_step

CURVE_FILE = "training.png"

_PANELS = {"loss": "loss", "rewards/accuracies": "preference accuracy", "rewards/margins": "margin (implicit reward)"}
_CHANCE = {"rewards/accuracies": 0.5, "rewards/margins": 0.0}
_LINES, _BAR = 10, 20

Log = Sequence[dict[str, float]]


def draw(log: Log, file: Path) -> None:
    """Draw a panel for each figure that the log has; a thick line is the mean of a tenth of the steps around."""
    from matplotlib.figure import Figure

    names = [name for name in _PANELS if name in log[0]]
    figure = Figure(figsize=(4.2 * len(names), 3.4), layout="constrained")
    best = best_step(log)
    for axes, name in zip(figure.subplots(1, len(names), squeeze=False)[0], names, strict=True):
        steps, values = [record["step"] for record in log], [record[name] for record in log]
        axes.plot(steps, values, color="0.75", linewidth=0.8)
        axes.plot(steps, smooth(values), color="black", linewidth=1.6, label="training")
        held = [(record["step"], record[f"eval_{name}"]) for record in log if f"eval_{name}" in record]
        if held:
            axes.plot(*zip(*held, strict=True), color="#d95f02", marker="o", markersize=4, label="held out")
        if best is not None:
            axes.axvline(best, color="#1f77b4", linestyle="--", linewidth=1, label="kept")
        if name in _CHANCE:
            axes.axhline(_CHANCE[name], color="0.6", linestyle=":", linewidth=0.8)
        axes.set(xlabel="step", title=_PANELS[name])
        axes.spines[["top", "right"]].set_visible(False)
    figure.axes[0].legend(frameon=False, fontsize=9)
    figure.savefig(file, dpi=110)


def smooth(values: Sequence[float]) -> list[float]:
    """Return the mean of a tenth of the values around each, fewer at the ends."""
    reach = len(values) // 20
    windows = (values[max(0, place - reach) : place + reach + 1] for place in range(len(values)))
    return [sum(window) / len(window) for window in windows]


def lines(log: Log) -> list[str]:
    """Lay out a curve as text: ten lines, each the mean of a tenth of the steps, with a bar for the accuracy."""
    names = [name for name in _PANELS if name in log[0]]
    text = [f"{'steps':>11}" + "".join(f"{name:>20}" for name in names)]
    bounds = [len(log) * part // _LINES for part in range(_LINES + 1)]
    for start, end in itertools.pairwise(bounds):
        if start == end:
            continue
        means = {name: sum(record[name] for record in log[start:end]) / (end - start) for name in names}
        bar = "  " + "#" * round(_BAR * means["rewards/accuracies"]) if "rewards/accuracies" in means else ""
        text.append(f"{f'{start + 1} to {end}':>11}" + "".join(f"{value:>20.3f}" for value in means.values()) + bar)
    return text
