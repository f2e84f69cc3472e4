"""`gravity audit`."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gravity.commands.console import console, plain, table
from gravity.commands.options import ConfigOption, FindingLevel, JsonOption, RunOption, opened
from gravity.errors import FINDINGS, ConfigError

if TYPE_CHECKING:
    from gravity.auditing import Audited
    from gravity.swapping import SwapPlan

EPILOG = "Example: gravity audit --output out/audit --fail-on serious"
PRINTED = 12


def command(
    output: Annotated[Path, typer.Option("--output", "-o", help="The folder of the report; it is made.")],
    run: RunOption = None,
    dataset: Annotated[
        Path | None,
        typer.Option(help="Audit this folder instead: parquet or JSON lines in TRL's format with a culture column."),
    ] = None,
    truth: Annotated[
        Path | None, typer.Option(help="What is true of readers, JSON lines: reader, stances, facets.")
    ] = None,
    swaps: Annotated[
        bool, typer.Option("--swaps", help="Also ask the models about cases with their markers of culture swapped.")
    ] = False,
    max_calls: Annotated[int, typer.Option(min=1, help="Refuse swaps that take more model calls than this.")] = 2_000,
    fail_on: Annotated[
        FindingLevel | None, typer.Option(help="Exit with 6 where there is a finding of this level or a worse one.")
    ] = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Bias figures per culture, with intervals, tests and findings in plain words: report.html, report.md, audit.json.

    Thresholds are in the section `audit` of gravity.toml. Without --swaps no model is called.
    """
    if dataset is not None and (run or swaps or truth):
        raise ConfigError("--dataset audits a folder alone: --run, --truth and --swaps need the store")
    with opened(config) as project:
        if dataset is not None:
            done = project.audit_dataset(dataset, output)
        else:
            handle = project.run(run)
            planned = handle.plan_swaps() if swaps else None
            if planned and not as_json:
                _print_plan(planned)
            if planned and planned.calls > max_calls:
                raise ConfigError(
                    f"the swaps take {planned.calls:,} calls and --max-calls is {max_calls:,}: raise it, or lower "
                    "audit.swaps"
                )
            done = handle.audit(output, truth, planned)
    if as_json:
        print(json.dumps({"files": [str(p) for p in done.files], "findings": done.audit.as_json()["findings"]}))
    else:
        _print(done)
    if fail_on and done.audit.fails(fail_on.value):
        raise typer.Exit(FINDINGS)


def _print_plan(planned: "SwapPlan") -> None:
    rows: list[list[object]] = []
    for need in planned.needs:
        measured = [need.tokens_in, need.tokens_out, None if need.seconds is None else round(need.seconds)]
        rows.append([need.role, need.model, need.calls, *("not measured" if m is None else m for m in measured)])
    table(
        f"Swaps: {len(planned.scenes)} scenes and {len(planned.readers)} readers",
        ["role", "model", "calls", "tokens in", "tokens out", "model seconds"],
        rows,
    )
    console.print("A third of the calls is mostly kept already; what is kept is not asked again.")


def _print(done: "Audited") -> None:
    from gravity.audit.figures import LEVELS

    counts = [[level, sum(found.level == level for found in done.findings)] for level in LEVELS]
    console.print(f"[bold]Audit of {plain(done.audit.study.evidence.source)}[/]")
    table("Findings", ["level", "findings"], counts)
    for found in done.findings[:PRINTED]:
        console.print(f"[bold]{found.id}[/] {found.level}: {plain(found.what)}.\n   {plain(found.sure)}")
    if len(done.findings) > PRINTED:
        console.print(f"and {len(done.findings) - PRINTED} more in the report")
    for note in done.audit.notes:
        console.print(f"[dim]{plain(note)}[/]")
    console.print(f"The report is {done.files[0]}")
