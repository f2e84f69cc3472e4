"""`gravity qualify`."""

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from gravity.commands.console import console, plain, table
from gravity.commands.ending import end
from gravity.commands.options import ConfigOption, JsonOption, opened

if TYPE_CHECKING:
    from gravity.agents.qualification import Task
    from gravity.project import Project
    from gravity.store.records import Qualification

EPILOG = "Example: gravity qualify --json > qualified.json"


def command(as_json: JsonOption = False, config: ConfigOption = None) -> None:
    """Puts every configured judge, profiler and critic to gold cases, and says which of them count, and where."""
    from gravity.agents.qualification import TASKS

    with opened(config) as project:
        rows = project.qualify()
        if as_json:
            minimum = project.config.judging.min_accuracy
            counts = [TASKS[row.task].qualifies(row, minimum) for row in rows]
            figures = [{**row.model_dump(), "qualifies": c} for row, c in zip(rows, counts, strict=True)]
            print(json.dumps(figures))
        else:
            print_qualifications(project, rows)
    end(rows.pending)


def print_qualifications(project: "Project", found: Sequence["Qualification"]) -> None:
    """Prints what each model showed in each task, and what each culture still lacks."""
    from gravity.agents.qualification import DEFECT, TASKS, VIEW

    minimum = project.config.judging.min_accuracy
    for task, model in dict.fromkeys((row.task, row.model) for row in found):
        rows = [row for row in found if (row.task, row.model) == (task, model)]
        console.print(f"\n[bold]{TASKS[task].title}[/]: {plain(model)}")
        if task == DEFECT.name:
            _print_critic(rows, DEFECT)
        elif task == VIEW.name:
            _print_reader(rows, VIEW, minimum)
        else:
            _print_judge(rows, TASKS[task], minimum)
    lacking = project.setup().standing.lacking(project.library.cultures)
    for culture, missing in lacking.items():
        console.print(f"{culture}: {', '.join(missing)} (the lower bound must be above {minimum:.0%})")
    if lacking:
        console.print("`gravity curate` goes on in these cultures with --unqualified alone, and marks their rows.")
    else:
        console.print("Every culture has models that count: `gravity curate` can begin.")


def _print_judge(rows: Sequence["Qualification"], task: "Task", minimum: float) -> None:
    table(
        "By culture",
        [
            *("culture", "cases", "answered", "right", "95% interval", "counts", "consistent"),
            *("first side", "Brier", "ECE", "calls", "tokens", "seconds"),
        ],
        [
            [
                *(row.culture, row.cases, row.answered, _share(row.right, row.answered)),
                *(_interval(row.right, row.answered), "yes" if task.qualifies(row, minimum) else "no"),
                *(_share(row.consistent, row.swapped), _share(row.first, row.sided)),
                *(_figure(row.brier), _figure(row.ece), row.calls, row.tokens, round(row.seconds)),
            ]
            for row in rows
        ],
    )
    title = "By kind of case, all cultures: right of all, an answer kept back counts as none"
    _print_kinds(title, [row.kinds for row in rows])


def _print_reader(rows: Sequence["Qualification"], task: "Task", minimum: float) -> None:
    from gravity.agents.qualification.view import MIN_RECALL

    table(
        "By culture: precision is the writer's own of the views found, recall is found of the gold views; "
        f"counts where their lower bounds are above {minimum:.0%} and {MIN_RECALL:.0%}",
        [
            *("culture", "cases", "views found", "precision", "95% interval"),
            *("gold views", "recall", "95% interval", "counts"),
            *("without a view", "given one", "95% interval", "calls", "tokens", "seconds"),
        ],
        [
            [
                *(row.culture, row.cases, row.answered),
                *(_share(row.right, row.answered), _interval(row.right, row.answered)),
                *(row.there, _share(row.found, row.there), _interval(row.found, row.there)),
                "yes" if task.qualifies(row, minimum) else "no",
                *(row.clean, _share(row.alarms, row.clean), _interval(row.alarms, row.clean)),
                *(row.calls, row.tokens, round(row.seconds)),
            ]
            for row in rows
        ],
    )
    of = "by kind and language, all cultures"
    _print_kinds(f"Precision {of}", [row.kinds for row in rows], "views found", "the writer's own")
    _print_kinds(f"Recall {of}", [row.found_kinds for row in rows], "gold views", "found")


def _print_critic(rows: Sequence["Qualification"], task: "Task") -> None:
    from gravity.agents.critic import RuleCritic

    table(
        "By culture",
        ["culture", "defects", "found", "95% interval", "clean", "false alarms", "95% interval", "blocks"],
        [
            [
                *(row.culture, row.cases, _share(row.right, row.cases), _interval(row.right, row.cases)),
                *(row.clean, _share(row.alarms, row.clean), _interval(row.alarms, row.clean)),
                "yes" if row.model == RuleCritic.name or task.qualifies(row, 0) else "no",
            ]
            for row in rows
        ],
    )
    _print_kinds("Defects found by kind, all cultures", [row.kinds for row in rows])
    with_cases = [row for row in rows if row.cases]
    for what, shares in (
        ("defects found", {row.culture: row.right / row.cases for row in with_cases}),
        ("false alarms", {row.culture: row.alarms / row.clean for row in with_cases}),
    ):
        best, worst = max(shares, key=shares.__getitem__), min(shares, key=shares.__getitem__)
        gap = shares[best] - shares[worst]
        between = f" ({best} over {worst})" if gap else ""
        console.print(f"Widest gap between cultures, {what}: {gap:.0%}{between}")


def _print_kinds(
    title: str, kinds: Sequence[Mapping[str, tuple[int, int]]], all_of: str = "cases", right: str = "right"
) -> None:
    totals: dict[str, list[int]] = {}
    for row in kinds:
        for kind, (n, hits) in row.items():
            total = totals.setdefault(kind, [0, 0])
            total[0] += n
            total[1] += hits
    table(
        title,
        ["kind", all_of, right, "95% interval"],
        [[kind, n, _share(hits, n), _interval(hits, n)] for kind, (n, hits) in sorted(totals.items())],
    )


def _share(right: int, n: int) -> str:
    return f"{right / n:.0%}" if n else "none"


def _interval(right: int, n: int) -> str:
    from gravity.frameworks.statistics import wilson

    low, high = wilson(right, n)
    return f"{low:.0%} to {high:.0%}" if n else "insufficient"


def _figure(value: float | None) -> str:
    return "none" if value is None else f"{value:.3f}"
