"""The report of an evaluation: report.json, report.md and the plots beside them."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from gravity.trainer.evaluation.controls import CONDITIONS, DIFFERENCES, Margins
from gravity.trainer.evaluation.figures import MATCHED, Cell
from gravity.trainer.evaluation.perplexity import LANGUAGES
from gravity.trainer.evaluation.verdict import QUESTIONS, warning
from gravity.trainer.intervals import Estimate
from gravity.trainer.markdown import COUNTS, counts, table, write_report


def answers(report: dict[str, Any]) -> list[str]:
    """Return the answers over all rows as lines of text: the question, the verdict, the difference in accuracy."""
    cell = report["cells"][0]
    accuracy = cell["conditions"]["adapter"]["accuracy"]
    said = warning(report["change"])
    lines = [said] if said else []
    lines.append(f"{'preference accuracy of the adapter':<46}{accuracy.text()}")
    for name, question in QUESTIONS.items():
        difference = cell["differences"][name]
        lines.append(f"{question + '?':<46}{report['verdicts'][name]}: {difference.text(signed=True)}")
    return lines


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
        "Brackets are 95% intervals for other readers and other seeds like these; yes means that the whole interval "
        f"lies above 0. {report['rule']}",
        warning(report["change"]) or f"The adapter differs from its base: {report['change'].text()}.",
        table(
            ["question", "answer", "difference in accuracy", *COUNTS],
            [
                [question + "?", report["verdicts"][name], one.text(signed=True), *counts(one)]
                for name, question in QUESTIONS.items()
                for one in [cell["differences"][name]]
            ],
        ),
        "## All rows",
        table(
            ["", "accuracy", "mean margin", "Brier", "calibration error", *COUNTS],
            [
                [title, *(found[figure].text(digits) for figure, digits in _FIGURES), *counts(found["accuracy"])]
                for name, title in CONDITIONS.items()
                for found in [cell["conditions"][name]]
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
        table(["all rows", "", *COUNTS], [[name, one.text(), *counts(one)] for name, one in cell["length"].items()]),
        _by_cell(cell["length"], report["cells"], lambda one: one["length"]),
        "![Length](length.png)",
        "## Does it still write?",
        "Perplexity per token on plain text, 12 paragraphs a language; a ratio of 1 is no change. Brackets are 95% "
        "intervals for other paragraphs.",
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
- A figure's variance counts that rows share a reader and that they share a seed, item or book (V1 + V2 - V12, \
Cameron, Gelbach and Miller 2011, by the jackknife). Its interval is by Student's t, whose degrees of freedom are the \
effective number of readers or of seeds, whichever is smaller, less one. That of a share is Clopper and Pearson's for \
as many independent rows as the variance amounts to. Where nearly all rows agree the variance cannot be seen, and by \
degrees a usual likeness of rows that share something (a correlation of 0.1) takes its place.
- Without a difference, yes is said in about 2.5% of evaluations at most, for each question. That holds where readers, \
and seeds, differ in a usual way; where the adapter is far worse for a few readers in a hundred and none of them is \
here, no figure can tell. No interval covers what another training run would change.
- In the tables by culture and track, rows, readers and seeds are those of the cell; report.json has those of each \
figure."""


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
