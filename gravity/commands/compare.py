"""`gravity compare`."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gravity.commands.console import console, plain, table
from gravity.commands.ending import end
from gravity.commands.options import ConfigOption, CultureOption, JsonOption, RunOption, UnqualifiedOption, opened

if TYPE_CHECKING:
    from gravity.compare.examine import Compared
    from gravity.comparing.planning import Plan

EPILOG = (
    "Example: gravity compare --output out/compare, with writers in \\[writers.NAME] of gravity.toml; first "
    "gravity compare --plan. The paper's line-up: gravity compare --paper out/adapters."
)
PRINTED = 12


def command(
    output: Annotated[Path, typer.Option("--output", "-o", help="The folder of the report; it is made.")] = Path(
        "out/compare"
    ),
    writer: Annotated[
        list[str] | None, typer.Option(help="Only this writer of \\[writers.NAME]; can be given several times.")
    ] = None,
    paper: Annotated[
        Path | None,
        typer.Option(help="The paper's line-up: a folder with the adapters sft, naive, group and dpo of one base."),
    ] = None,
    readers: Annotated[int, typer.Option(min=1, help="Readers of each culture at most, dealt by hash.")] = 50,
    books: Annotated[int, typer.Option(min=1, help="Books for each reader, none that they have reviewed.")] = 2,
    reader: Annotated[
        list[str] | None, typer.Option(help="This reader in place of dealt ones; can be given several times.")
    ] = None,
    book: Annotated[
        list[str] | None, typer.Option(help="This book in place of dealt ones; can be given several times.")
    ] = None,
    culture: CultureOption = None,
    seed: Annotated[int, typer.Option(min=0, help="Deals readers and books, and samples the texts.")] = 0,
    plan: Annotated[
        bool, typer.Option("--plan", help="Say how many readers and books show a gain, and the cost; ask nothing.")
    ] = False,
    factorial: Annotated[
        bool,
        typer.Option(
            "--factorial", help="One writer with no card, growing cards and a shuffled one, for two kinds of books."
        ),
    ] = False,
    run: RunOption = None,
    unqualified: UnqualifiedOption = False,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Would readers rather have what is written for them? Writers set side by side, judged from held-back reviews.

    Only readers and books that no adapter has met take part. Judges never see a card: they read reviews that the
    profile never saw, and the texts blind and in both orders. Killed and started again, it goes on.
    """
    from gravity.comparing.cells import Wanted

    wanted = Wanted(readers, books, tuple(reader or ()), tuple(book or ()), culture, seed)
    with opened(config) as project:
        handle = project.run(run)
        if plan:
            _print_plan(handle.plan_comparison(wanted, writer or (), paper, factorial), as_json)
            return
        done = handle.compare(output, wanted, writer or (), paper, unqualified, factorial)
    if as_json:
        findings = done.compared.as_json()["findings"]
        print(json.dumps({"files": [str(path) for path in done.files], "findings": findings}, ensure_ascii=False))
    else:
        _print(done.compared, done.files[0])
    end(done.pending)


def _print(made: "Compared", page: Path) -> None:
    from gravity.audit.figures import LEVELS

    counts = [[level, sum(found.level == level for found in made.findings)] for level in LEVELS]
    console.print(f"[bold]Comparison of {plain(', '.join(made.study.writers))}[/]")
    table("Findings", ["level", "findings"], counts)
    for found in made.findings[:PRINTED]:
        console.print(f"[bold]{found.id}[/] {found.level}: {plain(found.what)}.\n   {plain(found.sure)}")
    for note in made.notes:
        console.print(f"[dim]{plain(note)}[/]")
    console.print(f"The report is {page}")


def _print_plan(plan: "Plan", as_json: bool) -> None:
    if as_json:
        print(json.dumps(plan.as_json(), ensure_ascii=False))
        return
    from gravity.money import amount

    at_hand = ", ".join(f"{culture} {n:,}" for culture, n in plan.readers.items())
    console.print(f"At hand: readers that no adapter has met: {plain(at_hand) or 'none'}; {plan.books:,} books")
    rows = [(size.readers, size.books, size.cells) for size in plan.sizes]
    table(
        f"What shows a gain of {plan.sizes[0].gain:.0%} as one of {plan.tests} tests",
        ["readers", "books each", "cells"],
        rows,
    )
    wanted = plan.wanted
    shows = f"that shows a gain from {wanted.gain:.0%} on" if wanted.gain < 1 else "too few to show any gain"
    console.print(f"Asked for: {wanted.readers:,} readers with {wanted.books:,} books each; {shows}.")
    table(
        "What it asks",
        ["role", "model", "calls", "tokens in", "tokens out", "cost"],
        [
            (
                need.role,
                need.model,
                need.calls,
                need.tokens_in or 0,
                need.tokens_out or 0,
                amount(need.cost, need.currency),
            )
            for need in plan.needs
        ],
    )
    texts = ", ".join(f"{name} {n:,}" for name, n in plan.texts.items())
    console.print(f"Texts to be written, those that are kept among them: {plain(texts)}.")
    console.print("[dim]Assumed: 85% of comparisons decided, a correlation of 0.1 between two of one reader.[/]")
    for note in plan.notes:
        console.print(f"[dim]{plain(note)}[/]")
