"""`gravity-trainer transfer`: how well what is learned in one culture holds in another.

One adapter a culture is trained on that culture's training rows alone, and tested on the held-out rows of each. All
are trained on equally many rows, drawn at random with a fixed seed, so that the matrix compares cultures and not sizes.
"""

import random
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import typer

from gravity.trainer.clusters import Array
from gravity.trainer.dataset.contract import Row
from gravity.trainer.errors import DatasetError
from gravity.trainer.evaluation.figures import right
from gravity.trainer.evaluation.heldout import clusters_of, held_out, rows_of
from gravity.trainer.evaluation.verdict import warnings
from gravity.trainer.experiments.retrain import Tested, begin, scored_by_all, trained_and_tested
from gravity.trainer.intervals import RULE, difference, share
from gravity.trainer.markdown import COUNTS, counts, table, write_report
from gravity.trainer.output import check_makeable


def transfer(dataset: Path, output: Path, recipe: dict[str, Any]) -> dict[str, Any]:
    """Train on each culture, test on each, and return what report.json holds.

    `output` keeps each culture's adapter, then report.json, report.md and transfer.png; a second call with the same
    arguments continues.

    Raises UsageError, DatasetError, ModelError or TrainingError.
    """
    from gravity.trainer.evaluation import plots

    check_makeable(output)
    held = held_out(dataset)
    sizes = Counter(row["culture"] for row in rows_of(held.train, ("culture",)) if row["culture"])
    cultures = sorted(sizes)
    if len(cultures) < 2:
        there = f"one culture only, {cultures[0]}" if cultures else "no culture"
        raise DatasetError(f"{held.train} has rows of {there}: transfer needs two or more")
    begin(output, dataset, recipe, {"command": "transfer"})
    found: dict[str, Tested] = {}
    for number, culture in enumerate(cultures, 1):
        typer.echo(f"{number} of {len(cultures)}: trained on {culture}", err=True)
        drawn = _drawn(culture, sizes)
        folder = output / "cultures" / f"{number}-{_plain(culture)}"
        found[culture] = trained_and_tested(folder, held.train, drawn, held.rows, recipe)
    kept = scored_by_all(found.values())
    rows = [row for row, taken in zip(held.rows, kept, strict=True) if taken]
    correct = {culture: right(one.margins[kept]) for culture, one in found.items()}
    report = {
        "rule": RULE,
        "rows": len(rows),
        "left_out": {"longer than the model attends to": len(held.rows) - len(rows)},
        "training_rows": min(sizes.values()),
        "recipe": recipe,
        "change": {name: one.change for name, one in found.items()},
        **_matrix(rows, cultures, correct),
    }
    accuracies = [[one["accuracy"] for one in matrix_row] for matrix_row in report["matrix"]]
    plots.matrix(cultures, accuracies, output / "transfer.png")
    write_report(report, _parts(report), output)
    return report


def _drawn(culture: str, sizes: Counter[str]) -> Any:
    """Return the function that keeps, batch after batch, as many of a culture's rows as the smallest one has."""
    kept = set(random.Random(0).sample(range(sizes[culture]), min(sizes.values())))
    seen = iter(range(sizes[culture]))

    def change(rows: Iterator[dict[str, Any]]) -> Iterator[Row]:
        return (row for row in rows if row["culture"] == culture and next(seen) in kept)

    return change


def _plain(name: str) -> str:
    return "".join(letter if letter.isalnum() else "-" for letter in name)


def _matrix(rows: Sequence[Row], cultures: list[str], correct: dict[str, Array]) -> dict[str, Any]:
    row_cultures = np.array([row["culture"] for row in rows])
    clusters = clusters_of(rows)

    def cell(source: str, target: str) -> dict[str, Any]:
        tested = row_cultures == target
        moved = correct[source][tested] - correct[target][tested]
        own = source == target
        return {
            "trained on": source,
            "tested on": target,
            "accuracy": share(correct[source][tested], clusters.taken(tested)),
            "against own": None if own else difference(moved, clusters.taken(tested)),
        }

    known = np.isin(row_cultures, cultures)
    own = np.array([correct[name][index] if name in correct else np.nan for index, name in enumerate(row_cultures)])
    others = np.array(
        [
            np.mean([found[index] for name, found in correct.items() if name != culture])
            for index, culture in enumerate(row_cultures)
        ]
    )
    return {
        "matrix": [[cell(source, target) for target in cultures] for source in cultures],
        "own less others": difference(own[known] - others[known], clusters.taken(known)),
    }


def table_rows(report: dict[str, Any]) -> list[list[str]]:
    """Return the matrix as rows of text, the head first."""
    head = ["trained on", *(f"tested on {cell['tested on']}" for cell in report["matrix"][0])]
    return [
        head,
        *([cells[0]["trained on"], *(cell["accuracy"].text() for cell in cells)] for cells in report["matrix"]),
    ]


def _parts(report: dict[str, Any]) -> list[str]:
    head, *rows = table_rows(report)
    moved = [cell for cells in report["matrix"] for cell in cells if cell["against own"] is not None]
    return [
        "# From one culture to another",
        f"{report['rows']} held-out rows. Each adapter was given {report['training_rows']} rows of one culture, as "
        f"many as the culture with the fewest has. Brackets are 95% intervals for other readers and other seeds"
        f" like these. {RULE}",
        *warnings(report["change"]),
        table(head, rows),
        "![Transfer](transfer.png)",
        f"Trained on the readers' own culture less the mean of the others: "
        f"**{report['own less others'].text(3, signed=True)}** in accuracy, paired row by row.",
        "By pair of cultures, against the adapter of the tested culture:",
        table(
            ["trained on", "tested on", "difference", *COUNTS],
            [
                [c["trained on"], c["tested on"], c["against own"].text(3, signed=True), *counts(c["against own"])]
                for c in moved
            ],
        ),
        "Each adapter is trained once, so an interval does not cover what another training seed would change.",
    ]
