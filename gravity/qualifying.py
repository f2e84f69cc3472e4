"""`gravity qualify`: models are put to gold cases with known answers, and what they showed is kept."""

import json
import tempfile
from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime

from rich.progress import Progress, TaskID

from gravity.agents import qualify as trials
from gravity.agents.qualify import Advance, Trial
from gravity.console import bars, console, plain, table
from gravity.frameworks.statistics import Calibration, wilson
from gravity.running import run
from gravity.standing import Candidate, qualifies
from gravity.store.records import Qualification
from gravity.store.vectors import Entry, VectorStore
from gravity.workshop import Workshop

RULES = Candidate("defect", "rules", "rules", "rules")
TITLES = {
    "scenario": "Judges of scenarios: which way goes with the statement",
    "preference": "Judges of pairs: which way would this reader prefer",
    "stance": "Profiler: where does the writer of an excerpt stand",
    "defect": "Critics: is a planted defect blocked, and its clean twin let through",
}


def qualify(workshop: Workshop, as_json: bool) -> None:
    """Runs the gold cases of every task past every candidate, keeps the figures and prints them."""
    shown = run(tried(workshop))
    if as_json:
        min_accuracy = workshop.config.judging.min_accuracy
        print(json.dumps([{**row.model_dump(), "qualifies": qualifies(row, min_accuracy)} for row in shown]))
        return
    _print(workshop, shown)


async def tried(workshop: Workshop) -> list[Qualification]:
    """Puts every candidate to the gold cases and keeps what it showed."""
    shown: list[Qualification] = []
    try:
        with bars() as progress:
            for candidate in [*workshop.standing.candidates, RULES]:
                task = progress.add_task(f"{candidate.task} {candidate.shown}", total=None)
                found = await _try(workshop, candidate, _advance(progress, task))
                # The rules need no model and no permission: their figures are for reading.
                if candidate is not RULES:
                    workshop.qualifications.keep(found)
                shown += found
    finally:
        await workshop.close()
    return shown


def _advance(progress: Progress, task: TaskID) -> Advance:
    return lambda done, total: progress.update(task, completed=done, total=total)


async def _try(workshop: Workshop, candidate: Candidate, advance: Advance) -> list[Qualification]:
    gold, seeds, each = workshop.gold, workshop.library.seeds, workshop.config.judging.cases
    calibration: Calibration | None = None
    if candidate.task == "scenario":
        scenes = trials.sampled(gold.scenarios.values(), "held-out", each)
        tried = await trials.try_scenarios(workshop.judge(candidate.name), scenes, seeds, advance)
    elif candidate.task == "preference":
        cases = trials.preference_cases(gold, "held-out", each)
        tried = await trials.try_preferences(workshop.chat_judge(candidate.name), cases, advance)
    elif candidate.task == "stance":
        tried, calibration = await _try_stances(workshop, advance)
    else:
        critic = workshop.rules if candidate is RULES else workshop.critic(candidate.name)
        twins = trials.sampled(gold.bias.values(), "held-out", each)
        tried = await trials.try_defects(critic, twins, seeds, workshop.library.cultures, advance)
    by_culture: dict[str, list[Trial]] = defaultdict(list)
    for trial in tried:
        by_culture[trial.culture].append(trial)
    found = []
    for culture in workshop.library.cultures:
        calls, tokens, seconds = workshop.answers.cost([key for t in by_culture[culture] for key in t.calls])
        base = Qualification(
            key=candidate.key,
            task=candidate.task,
            culture=culture,
            model=candidate.shown,
            time=datetime.now(UTC).isoformat(timespec="seconds"),
            cases=0,
            answered=0,
            right=0,
            calls=calls,
            tokens=tokens,
            seconds=seconds,
            calibration=calibration,
        )
        found.append(trials.shown(base, by_culture[culture]))
    return found


async def _try_stances(workshop: Workshop, advance: Advance) -> tuple[list[Trial], Calibration | None]:
    """The profiler's trials on held-out cases, calibrated on the others."""
    gold, seeds, each = workshop.gold, workshop.library.seeds, workshop.config.judging.cases
    learn, test = (trials.sampled(gold.stances.values(), split, each) for split in ("dev", "held-out"))
    with tempfile.TemporaryDirectory() as folder:
        # Gold excerpts are not the store's readers' reviews: they are indexed apart.
        vectors = VectorStore(folder, workshop.vectors.embedder)
        reviews = [trials.review_of(case) for case in [*learn, *test]]
        vectors.index("reviews", [Entry(review.id, review.text, review.reader) for review in reviews])
        profiler, check = workshop.plain_profiler(vectors), workshop.cross_check(vectors, None, 0.0)
        calibration = trials.line(await trials.try_stances(profiler, check, learn, seeds, advance))
        tried = await trials.try_stances(profiler, check, test, seeds, advance)
    if calibration is None:
        return tried, None
    return [trial.calibrated(calibration) for trial in tried], calibration


def _print(workshop: Workshop, shown: Sequence[Qualification]) -> None:
    min_accuracy = workshop.config.judging.min_accuracy
    for task, model in dict.fromkeys((row.task, row.model) for row in shown):
        rows = [row for row in shown if (row.task, row.model) == (task, model)]
        console.print(f"\n[bold]{TITLES[task]}[/]: {plain(model)}")
        if task == "defect":
            _print_critic(rows)
        else:
            _print_judge(rows, min_accuracy)
    lacking = workshop.fresh_standing().lacking(workshop.library.cultures)
    for culture, missing in lacking.items():
        console.print(f"{culture}: {', '.join(missing)} (the lower bound must be above {min_accuracy:.0%})")
    if lacking:
        console.print("`gravity curate` goes on in these cultures with --unqualified alone, and marks their rows.")
    else:
        console.print("Every culture has models that count: `gravity curate` can begin.")


def _print_judge(rows: Sequence[Qualification], min_accuracy: float) -> None:
    table(
        "By culture",
        [
            *("culture", "cases", "answered", "right", "95% interval", "counts", "consistent"),
            *("first side", "Brier", "ECE", "calls", "tokens", "seconds"),
        ],
        [
            [
                *(row.culture, row.cases, row.answered, _share(row.right, row.answered)),
                *(_interval(row.right, row.answered), "yes" if qualifies(row, min_accuracy) else "no"),
                *(_share(row.consistent, row.swapped), _share(row.first, row.sided)),
                *(_figure(row.brier), _figure(row.ece), row.calls, row.tokens, round(row.seconds)),
            ]
            for row in rows
        ],
    )
    _print_kinds("By kind of case, all cultures: right of all, an answer kept back counts as none", rows)


def _print_critic(rows: Sequence[Qualification]) -> None:
    table(
        "By culture",
        ["culture", "defects", "found", "95% interval", "clean", "false alarms", "95% interval", "blocks"],
        [
            [
                *(row.culture, row.cases, _share(row.right, row.cases), _interval(row.right, row.cases)),
                *(row.clean, _share(row.alarms, row.clean), _interval(row.alarms, row.clean)),
                "yes" if row.model == RULES.name or qualifies(row, 0) else "no",
            ]
            for row in rows
        ],
    )
    _print_kinds("Defects found by kind, all cultures", rows)
    of = [row for row in rows if row.cases]
    for what, shares in (
        ("defects found", {row.culture: row.right / row.cases for row in of}),
        ("false alarms", {row.culture: row.alarms / row.clean for row in of}),
    ):
        best, worst = max(shares, key=shares.__getitem__), min(shares, key=shares.__getitem__)
        gap = shares[best] - shares[worst]
        between = f" ({best} over {worst})" if gap else ""
        console.print(f"Widest gap between cultures, {what}: {gap:.0%}{between}")


def _print_kinds(title: str, rows: Sequence[Qualification]) -> None:
    totals: dict[str, list[int]] = {}
    for row in rows:
        for kind, (n, right) in row.kinds.items():
            total = totals.setdefault(kind, [0, 0])
            total[0] += n
            total[1] += right
    table(
        title,
        ["kind", "cases", "right", "95% interval"],
        [[kind, n, _share(right, n), _interval(right, n)] for kind, (n, right) in sorted(totals.items())],
    )


def _share(right: int, n: int) -> str:
    return f"{right / n:.0%}" if n else "none"


def _interval(right: int, n: int) -> str:
    low, high = wilson(right, n)
    return f"{low:.0%} to {high:.0%}" if n else "insufficient"


def _figure(value: float | None) -> str:
    return "none" if value is None else f"{value:.3f}"
