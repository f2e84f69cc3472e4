"""`gravity-trainer ablate`: how much each part of the profile, and each framework, adds.

Each variant trains an adapter of its own, with the same recipe, and is tested on the same held-out rows:

- without a component (demographics, interests, values, personality): its lines are taken out of the profile card of
  every training row and of every test row. All training rows stay.
- without a framework (hofstede, schwartz, wvs, big five): its lines are taken out in the same way, and its training
  rows are dropped. Its test rows stay, so that the drop shows what the framework adds to the whole.

The drop is the accuracy of the full profile less that of the variant, paired row by row.
"""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import typer

from gravity.trainer.dataset.contract import Row
from gravity.trainer.dataset.profile import COMPONENTS, FRAMEWORKS, PARTS, without_component, without_framework
from gravity.trainer.dataset.splits import TEST, split
from gravity.trainer.errors import DatasetError, UsageError
from gravity.trainer.evaluation.figures import right
from gravity.trainer.evaluation.heldout import HeldOut, clusters_of, held_out, rows_of
from gravity.trainer.evaluation.verdict import warnings
from gravity.trainer.experiments.retrain import Tested, begin, scored_by_all, trained_and_tested
from gravity.trainer.intervals import RULE, Estimate, difference, share
from gravity.trainer.markdown import COUNTS, counts, table, write_report
from gravity.trainer.output import check_makeable

FULL = "full profile"


def ablate(dataset: Path, output: Path, recipe: dict[str, Any], parts: Sequence[str] = ()) -> dict[str, Any]:
    """Train and test the full profile and each variant, and return what report.json holds.

    `parts` of PARTS are left out one at a time; none named means all that the cards have. `output` keeps each
    variant's adapter, then report.json, report.md and drops.png; a second call with the same arguments continues.

    Raises UsageError, DatasetError, ModelError or TrainingError.
    """
    from gravity.trainer.evaluation import plots

    check_makeable(output)
    held = held_out(dataset)
    present = _present(held)
    wanted = list(parts) or [part for part in PARTS if part in present]
    _check(wanted, present, dataset)
    begin(output, dataset, recipe, {"command": "ablate", "parts": wanted})
    found: dict[str, Tested] = {}
    for number, part in enumerate(["", *wanted]):
        name = f"without {part}" if part else FULL
        typer.echo(f"{number + 1} of {len(wanted) + 1}: {name}", err=True)
        found[name] = _variant(output / "variants" / name.replace(" ", "-"), part, held, recipe)
    kept = scored_by_all(found.values())
    correct = {name: right(one.margins[kept]) for name, one in found.items()}
    clusters = clusters_of(held.rows).taken(kept)
    report: dict[str, Any] = {
        "rule": RULE,
        "rows": int(kept.sum()),
        "left_out": {"longer than the model attends to": int((~kept).sum())},
        "not in the cards": [part for part in PARTS if part not in present],
        "recipe": recipe,
        "change": {name: one.change for name, one in found.items()},
        "variants": [
            {
                "variant": name,
                "accuracy": share(one, clusters),
                "drop": None if name == FULL else difference(correct[FULL] - one, clusters),
            }
            for name, one in correct.items()
        ],
    }
    drops = {one["variant"]: one["drop"] for one in report["variants"] if one["drop"] is not None}
    plots.drops(list(drops), list(drops.values()), output / "drops.png")
    write_report(report, _parts(report), output)
    return report


def table_rows(report: dict[str, Any]) -> list[list[str]]:
    """Return the table's rows: variant, accuracy, drop."""
    return [[one["variant"], one["accuracy"].text(3), _drop(one["drop"])] for one in report["variants"]]


def _drop(drop: Estimate | None) -> str:
    return "" if drop is None else drop.text(3, signed=True)


def _variant(folder: Path, part: str, held: HeldOut, recipe: dict[str, Any]) -> Tested:
    def change(rows: Iterable[dict[str, Any]]) -> Iterator[Row]:
        return (_without(row, part) for row in rows if part not in FRAMEWORKS or row.get("framework") != part)

    return trained_and_tested(folder, held.train, change, [_without(row, part) for row in held.rows], recipe)


def _without(row: Row, part: str) -> Row:
    if not part:
        return row
    return without_component(row, part) if part in COMPONENTS else without_framework(row, part)


def _present(held: HeldOut) -> set[str]:
    """Return the parts that some training card has. Raises DatasetError where cards have no column that says."""
    for part in (held.train, split(held.folder, TEST)):
        if "profile" not in part.names():
            raise DatasetError(
                f"{part} has no column profile, which says what each line of a card is about: export the dataset again"
            )
    rows = rows_of(held.train, ("profile",))
    entries = (entry for row in rows for entry in row["profile"] or [])
    return {entry[key] for entry in entries for key in ("component", "framework") if entry[key]}


def _check(wanted: Sequence[str], present: set[str], dataset: Path) -> None:
    for part in wanted:
        if part not in PARTS:
            raise UsageError(f"--without {part} is not a part of a profile: give one of {', '.join(PARTS)}")
        if part not in present:
            raise DatasetError(f"{dataset}: no training card has lines of {part}, so there is nothing to take out")
    if not wanted:
        raise DatasetError(f"{dataset}: no training card has a line about its reader, so there is nothing to take out")


def _parts(report: dict[str, Any]) -> list[str]:
    absent = ", ".join(report["not in the cards"]) or "none"
    return [
        "# What each part of the profile adds",
        f"Held-out rows are the same for all variants. Brackets are 95% intervals for other readers and other seeds "
        f"like these. {RULE}",
        *warnings(report["change"]),
        table(
            ["variant", "accuracy", "drop", *COUNTS],
            [
                [*said, *counts(one["accuracy"])]
                for said, one in zip(table_rows(report), report["variants"], strict=True)
            ],
        ),
        "![Drops](drops.png)",
        "A variant without a component has that component's lines taken out of every card, in training and in test. A "
        "variant without a framework lacks its lines as well as its training rows. The drop is the accuracy with the "
        "full profile less the variant's, paired row by row. Each variant is trained once, so its interval does not "
        f"cover what another training seed would change. Parts that no card has: {absent}.",
    ]
