"""The report of an evaluation: report.json, report.md and the plots beside them."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from gravity.trainer.evaluation.controls import CONDITIONS, DIFFERENCES, Margins
from gravity.trainer.evaluation.figures import MATCHED, Cell
from gravity.trainer.evaluation.perplexity import LANGUAGES
from gravity.trainer.intervals import Estimate
from gravity.trainer.markdown import table, write_report

_QUESTIONS = {
    "adapter - shuffled": "does the reader's own profile beat another's",
    "adapter - no profile": "does it beat none",
    "adapter - base": "does it beat the base",
    "adapter - base, log-prob": "is it more likely to write what was chosen",
    "adapter - length": "does it beat length alone",
}
_VERDICTS = {True: "yes", False: "no, it is worse", None: "not shown"}


def answers(report: dict[str, Any]) -> list[str]:
    """Return the answers over all rows as lines of text: the question, the verdict, the difference in accuracy."""
    cell = report["cells"][0]
    accuracy = cell["conditions"]["adapter"]["accuracy"]
    lines = [f"{'preference accuracy of the adapter':<46}{accuracy.text()}"]
    for name, question in _QUESTIONS.items():
        difference = cell["differences"][name]
        lines.append(f"{question + '?':<46}{_verdict(cell, name)}: {difference.text(signed=True)}")
    return lines


def verdict(difference: Estimate, over_readers: Estimate) -> str:
    """Say what a difference shows: yes where the intervals over seeds and, if any, over readers are above 0."""
    if not difference.sufficient:
        return "insufficient"
    positive = difference.above(0)
    agreed = not over_readers.sufficient or over_readers.above(0) == positive
    return _VERDICTS[positive if agreed else None]


def _verdict(cell: Cell, name: str) -> str:
    return verdict(cell["differences"][name], cell["over readers"][name])


def write(report: dict[str, Any], found: Margins, folder: Path) -> None:
    """Write report.json, report.md and three plots into a folder that exists."""
    from gravity.trainer.evaluation import plots

    write_report(report, _parts(report), folder)
    plots.accuracy(report["cells"], folder / "accuracy.png")
    plots.calibration(report["reliability"], report["cells"][0], folder / "calibration.png")
    plots.length(found, report["cells"][0], folder / "length.png")


def _parts(report: dict[str, Any]) -> list[str]:
    cell = report["cells"][0]
    left_out = sum(report["left_out"].values())
    return [
        "# Did it help?",
        f"Adapter `{report['adapter']}` on base `{report['base']}`, {report['rows']} held-out rows of "
        f"`{report['dataset']['folder']}`: {cell['readers']} readers, {cell['subjects']} seeds, items and books; "
        f"training has seen none of the readers, seeds and items. Left out as too long for the model: {left_out}. "
        f"Brackets are 95% intervals that draw whole seeds. {report['rule']}",
        table(
            ["question", "answer", "difference in accuracy", "the same, drawing readers"],
            [
                [
                    question + "?",
                    _verdict(cell, name),
                    *(cell[group][name].text(signed=True) for group in _DIFFERENCE_GROUPS),
                ]
                for name, question in _QUESTIONS.items()
            ],
        ),
        "## All rows",
        table(
            ["", "accuracy", "mean margin", "Brier", "calibration error"],
            [
                [title, *(cell["conditions"][name][figure].text(digits) for figure, digits in _FIGURES)]
                for name, title in CONDITIONS.items()
            ],
        ),
        "![Accuracy by culture and track](accuracy.png)",
        "## By culture and track",
        _too_small(report["cells"]),
        "Accuracy:",
        _by_cell(
            [name for name in CONDITIONS if name != "adapter, log-prob"],
            report["cells"],
            lambda one: {name: estimates["accuracy"] for name, estimates in one["conditions"].items()},
        ),
        "Differences in accuracy, paired row by row:",
        _by_cell(DIFFERENCES, report["cells"], lambda one: one["differences"], signed=True),
        "## Calibration",
        "![Calibration](calibration.png)",
        "## Length",
        _length(cell),
        _by_cell(cell["length"], report["cells"], lambda one: one["length"]),
        "![Length](length.png)",
        "## Does it still write?",
        "Perplexity per token on plain text; a ratio of 1 is no change.",
        table(
            ["language", "base", "adapter", "ratio"],
            [
                [LANGUAGES[code], *(estimates[name].text(digits) for name, digits in _PERPLEXITIES)]
                for code, estimates in report["perplexity"].items()
            ],
        ),
        "## How to read this",
        _NOTES.format(beta=report["beta"], missing=report["without another reader's profile"]),
    ]


_FIGURES = (("accuracy", 2), ("margin", 2), ("brier", 3), ("ece", 3))
_DIFFERENCE_GROUPS = ("differences", "over readers")
_PERPLEXITIES = (("base", 1), ("adapter", 1), ("ratio", 3))
_HEAD = {"culture": "culture", "track": "track", "rows": "rows", "readers": "readers", "subjects": "seeds"}
_NOTES = """- Accuracy is the share of pairs whose chosen answer is preferred: by DPO's implicit reward with beta \
{beta} for the adapter, by log-probability for the base, whose implicit reward is 0. A tie counts half.
- The implicit reward asks whether training moved the model toward the chosen answer; log-probability asks \
whether a model is more likely to write it, which also depends on how much the base liked either text.
- Another reader's profile is that of a random reader of the same culture, from a pair of the same track, by \
preference about the same seed; it never holds the pair's own seed. Rows with none to take: {missing}.
- No profile: the card's lines about the reader are taken out of the prompt.
- The correlation of margin and length counts each pair both ways round, since which answer comes first is arbitrary.
- Length only: a logistic regression on the difference in tokens, fitted on training rows.
- Brier score and calibration error are those of the sigmoid of the margin. The calibration error is over ten bins and \
is above 0 by chance even for a calibrated model.
- Intervals draw whole seeds, items and books. The first table also draws whole readers, and answers yes only where \
both intervals are above 0, or that over seeds where there are too few readers. None covers what another training run \
would change."""


def _by_cell(
    names: Iterable[str], cells: Sequence[Cell], figures: Callable[[Cell], Mapping[str, Estimate]], signed: bool = False
) -> str:
    """Lay out the named figures of each cell that has one of them."""
    columns = list(names)
    lines = [
        [*(cell[name] for name in _HEAD), *(figures(cell)[name].text(signed=signed) for name in columns)]
        for cell in cells
        if any(figures(cell)[name].sufficient for name in columns)
    ]
    return table([*_HEAD.values(), *columns], lines)


def _too_small(cells: Sequence[Cell]) -> str:
    small = [cell for cell in cells if not cell["conditions"]["adapter"]["accuracy"].sufficient]
    named = ", ".join(f"{cell['culture']} {cell['track']} ({cell['rows']})" for cell in small)
    return (
        f"Cells without enough rows for any figure are left out. Too small for an accuracy (with their rows): "
        f"{named or 'none'}."
    )


def _length(cell: Cell) -> str:
    tie = cell["length"]["correlation"]
    explained = f"{100 * tie.value**2:.0f}%" if tie.value is not None else "an unknown share (there are too few rows)"
    return (
        f"Length explains {explained} of the variance of the adapter's margins (correlation {tie.text()} with the "
        f"difference in tokens). Pairs whose lengths differ by at most {MATCHED:.0%} are length-matched."
    )
