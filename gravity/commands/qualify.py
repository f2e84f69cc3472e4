"""`gravity qualify`."""

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from gravity.commands.console import console, plain, table
from gravity.commands.ending import end
from gravity.commands.options import ConfigOption, JsonOption, opened

if TYPE_CHECKING:
    from gravity.agents.qualification import Bar, Task, TwinTask
    from gravity.project import Project
    from gravity.store.records import Qualification

GOOD = 0.9  # the true accuracy for which it is said how often the bar passes it
EPILOG = "Example: gravity qualify --json > qualified.json"


def command(as_json: JsonOption = False, config: ConfigOption = None) -> None:
    """Puts every configured judge, profiler and critic to gold cases, and says which of them count, and where."""
    from gravity.agents.qualification import TASKS

    with opened(config) as project:
        rows = project.qualify()
        if as_json:
            standing = project.setup().standing
            counts = [TASKS[row.task].qualifies(row, standing.bar(TASKS[row.task])) for row in rows]
            figures = [{**row.model_dump(), "qualifies": c} for row, c in zip(rows, counts, strict=True)]
            print(json.dumps(figures))
        else:
            print_qualifications(project, rows)
    end(rows.pending)


def print_qualifications(project: "Project", found: Sequence["Qualification"]) -> None:
    """Prints what each model showed in each task, and what each culture still lacks."""
    from gravity.agents.qualification import TASKS, VIEW, TwinTask

    minimum, standing = project.config.judging.min_accuracy, project.setup().standing
    for task, model in dict.fromkeys((row.task, row.model) for row in found):
        rows = [row for row in found if (row.task, row.model) == (task, model)]
        console.print(f"\n[bold]{TASKS[task].title}[/]: {plain(model)}")
        bar, of = standing.bar(TASKS[task]), TASKS[task]
        if isinstance(of, TwinTask):
            _print_twins(rows, of, bar)
        elif task == VIEW.name:
            _print_reader(rows, VIEW, bar)
        else:
            _print_judge(rows, TASKS[task], bar)
    _print_panels(project)
    _print_writing_panels(project)
    lacking = standing.lacking(project.library.cultures)
    for culture, missing in lacking.items():
        console.print(f"{culture}: {', '.join(missing)} (the lower bound must be above {minimum:.0%})")
    if lacking:
        console.print("`gravity curate` goes on in these cultures with --unqualified alone, and marks their rows.")
    else:
        console.print("Every culture has models that count: `gravity curate` can begin.")


def _print_judge(rows: Sequence["Qualification"], task: "Task", bar: "Bar") -> None:
    table(
        "By culture: covered are the answered ones of the cases that have an answer; counts where the lower bound of "
        f"right is above {bar.min_accuracy:.0%} and at least {bar.min_coverage:.0%} are covered",
        [
            *("culture", "cases", "covered", "answered", "right", "95% interval", "counts", "consistent"),
            *("first side", "Brier", "ECE", "95% interval", "calls", "tokens", "seconds"),
        ],
        [
            [
                *(row.culture, row.cases, _share(row.told, row.telling), row.answered),
                *(_share(row.right, row.answered), _interval(row.right, row.answered)),
                *("yes" if task.qualifies(row, bar) else "no", _share(row.consistent, row.swapped)),
                *(_share(row.first, row.sided), _figure(row.brier), _figure(row.ece)),
                "none" if row.ece_interval is None else "{:.3f} to {:.3f}".format(*row.ece_interval),
                *(row.calls, row.tokens, round(row.seconds)),
            ]
            for row in rows
        ],
    )
    console.print(_strictness(rows, bar))
    for row in rows:
        if row.calibrated_on:
            console.print(f"{row.culture}: confidence calibrated on {row.calibrated_on}")
    title = "By kind of case, all cultures: right of all, an answer kept back counts as none"
    _print_kinds(title, [row.kinds for row in rows])


def _strictness(rows: Sequence["Qualification"], bar: "Bar") -> str:
    """How often the bar passes a good model, for the cases at hand."""
    chances = [bar.chance(GOOD, row.telling) for row in rows if row.telling]
    if not chances:
        return ""
    low, high = min(chances), max(chances)
    often = f"{low:.0%}" if f"{low:.0%}" == f"{high:.0%}" else f"{low:.0%} to {high:.0%}"
    among = f", as one of {bar.candidates} candidates" if bar.candidates > 1 else ""
    cases = sorted({row.telling for row in rows if row.telling})
    counted = f"{cases[0]}" if len(cases) == 1 else f"{cases[0]} to {cases[-1]}"
    return f"With {counted} cases a culture this bar passes a model of true accuracy {GOOD}{among} {often} of the time."


def _print_panels(project: "Project") -> None:
    """Who checks pairs, and what the panel showed: the rates that the bounds of lots rest on."""
    from gravity.agents.qualification import CHECKING
    from gravity.store.runs import PanelRecord

    standing, rows = project.setup().standing, []
    for task in CHECKING:
        for culture in project.library.cultures:
            voting = standing.voters(task, culture)
            panels = [(", ".join(c.model.name for c in voting) or "nobody", voting)]
            panels += [(f"{c.model.name}, without a vote", [c]) for c in standing.barred(task, culture)]
            for name, judges in panels:
                r = standing.record(task, judges, culture) if judges else PanelRecord()
                confirmed = _share(r.confirmed, r.right), _interval(r.confirmed, r.right), r.right
                missed, wrong = r.missed
                shared = _share(missed, wrong), _interval(missed, wrong), wrong
                rows.append([task.name, culture, name, *confirmed, *shared])
    table(
        "Panels that check pairs: how many right labels of gold cases they confirm, and how many of those that the "
        "profiler got wrong. Who inferred the labels has no vote on them",
        [
            *("task", "culture", "judges", "right confirmed", "95% interval", "n"),
            *("wrong confirmed", "95% interval", "n"),
        ],
        rows,
    )


def _print_writing_panels(project: "Project") -> None:
    """Who judges writings, and what they prefer together on gold cases."""
    from gravity.agents.qualification import WRITING

    standing, rows = project.setup().standing, []
    for culture in project.library.cultures:
        judges = standing.voters(WRITING, culture)
        r = standing.on_gold(judges, culture)
        names = ", ".join(c.model.name for c in judges) or "nobody"
        figures = [(r.right, r.telling), (r.wrong, r.telling), (r.sided, r.tied)]
        rows.append([culture, names, *(cell for of in figures for cell in (_share(*of), _interval(*of)))])
    table(
        "Panels that judge writings, on gold cases: how often they prefer the text that fits, and how often the other "
        "one; and how often one of two that nothing divides. Who inferred the profiles has no vote",
        [
            *("culture", "judges", "right", "95% interval", "wrong", "95% interval"),
            *("sided where nothing divides", "95% interval"),
        ],
        rows,
    )


def _print_reader(rows: Sequence["Qualification"], task: "Task", bar: "Bar") -> None:
    from gravity.agents.qualification.view import MIN_RECALL

    table(
        "By culture: precision is the writer's own of the views found, recall is found of the gold views; "
        f"counts where their lower bounds are above {bar.min_accuracy:.0%} and {MIN_RECALL:.0%}",
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
                "yes" if task.qualifies(row, bar) else "no",
                *(row.clean, _share(row.alarms, row.clean), _interval(row.alarms, row.clean)),
                *(row.calls, row.tokens, round(row.seconds)),
            ]
            for row in rows
        ],
    )
    of = "by kind and language, all cultures"
    _print_kinds(f"Precision {of}", [row.kinds for row in rows], "views found", "the writer's own")
    _print_kinds(f"Recall {of}", [row.found_kinds for row in rows], "gold views", "found")


def _print_twins(rows: Sequence["Qualification"], task: "TwinTask", bar: "Bar") -> None:
    from gravity.agents.critic import RuleCritic

    table(
        "By culture",
        ["culture", task.gold_name, "found", "95% interval", "clean", "false alarms", "95% interval", "counts"],
        [
            [
                *(row.culture, row.cases, _share(row.right, row.cases), _interval(row.right, row.cases)),
                *(row.clean, _share(row.alarms, row.clean), _interval(row.alarms, row.clean)),
                "yes" if row.model == RuleCritic.name or task.qualifies(row, bar) else "no",
            ]
            for row in rows
        ],
    )
    _print_kinds(f"Found {task.gold_name} by kind, all cultures", [row.kinds for row in rows])
    with_cases = [row for row in rows if row.cases]
    for what, shares in (
        (f"{task.gold_name} found", {row.culture: row.right / row.cases for row in with_cases}),
        ("false alarms", {row.culture: row.alarms / max(1, row.clean) for row in with_cases}),
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
