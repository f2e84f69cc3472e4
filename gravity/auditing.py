"""`gravity audit`: evidence from a run or a dataset folder, the audit, its report, and what it came to in few lines."""

import json
from dataclasses import replace
from pathlib import Path

from gravity.audit.evidence import SWAPS, Evidence
from gravity.audit.examine import Audit, examine
from gravity.audit.figures import LEVELS
from gravity.audit.from_folder import from_folder
from gravity.audit.from_store import from_store
from gravity.audit.report import write
from gravity.audit.tables import build
from gravity.console import console, errors, plain, table
from gravity.errors import FINDINGS, ConfigError
from gravity.store.runs import Run
from gravity.views import find_run
from gravity.workshop import Workshop

SHOWN = 12


def audit(
    workshop: Workshop,
    run: str | None,
    dataset: Path | None,
    truth: Path | None,
    output: Path,
    swaps: bool,
    max_calls: int,
    fail_on: str | None,
    as_json: bool,
) -> int:
    """Audits a run of the store, or a dataset folder, and writes the report to `output`; returns the exit code.

    Raises ConfigError where options do not fit together, InputError for a dataset or truth that cannot be read.
    """
    if dataset is not None and (run or swaps or truth):
        raise ConfigError("--dataset audits a folder alone: --run, --truth and --swaps need the store")
    with errors.status("reading") as status:
        if dataset is not None:
            evidence = from_folder(dataset)
        else:
            found = find_run(workshop, run)
            evidence = from_store(workshop.database, found, workshop.library, truth)
            if swaps:
                status.stop()
                evidence = _swapped(workshop, evidence, found, max_calls, as_json)
                status.start()
        made = examine(
            evidence, workshop.config.audit, workshop.library, lambda section: status.update(f"measuring {section}")
        )
        status.update("writing the report")
        files = write(made, output)
    if as_json:
        print(json.dumps({"files": [str(path) for path in files], "findings": made.as_json()["findings"]}))
    else:
        _print(made, files)
    return FINDINGS if fail_on and made.fails(fail_on) else 0


def _swapped(workshop: Workshop, evidence: Evidence, run: Run, max_calls: int, as_json: bool) -> Evidence:
    from gravity import swapping

    plan = swapping.plan(workshop, run, workshop.config.audit.swaps)
    if not as_json:
        swapping.show(workshop, plan)
    if plan.calls > max_calls:
        raise ConfigError(
            f"the swaps take {plan.calls:,} calls and --max-calls is {max_calls:,}: raise it, or lower audit.swaps"
        )
    return replace(evidence, swaps=build(swapping.ask(workshop, run, plan), SWAPS))


def _print(made: Audit, files: list[Path]) -> None:
    counts = [[level, sum(found.level == level for found in made.findings)] for level in LEVELS]
    console.print(f"[bold]Audit of {plain(made.study.evidence.source)}[/]")
    table("Findings", ["level", "findings"], counts)
    for found in made.findings[:SHOWN]:
        console.print(f"[bold]{found.id}[/] {found.level}: {plain(found.what)}.\n   {plain(found.sure)}")
    if len(made.findings) > SHOWN:
        console.print(f"and {len(made.findings) - SHOWN} more in the report")
    for note in made.notes:
        console.print(f"[dim]{plain(note)}[/]")
    console.print(f"The report is {files[0]}")
