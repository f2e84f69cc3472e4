"""`gravity preview`."""

from typing import TYPE_CHECKING

from rich.panel import Panel

from gravity.commands.console import console, plain, table
from gravity.commands.ending import end
from gravity.commands.options import ConfigOption, CultureOption, UnqualifiedOption, opened

if TYPE_CHECKING:
    from gravity.estimating import Preview
    from gravity.store.records import Pair

EPILOG = "Example: gravity preview --culture jp"


def command(
    culture: CultureOption = None,
    unqualified: UnqualifiedOption = False,
    config: ConfigOption = None,
) -> None:
    """Runs three readers' worth, prints pairs, and estimates the full run. What it made is kept for that run."""
    with opened(config) as project:
        made = project.preview(culture, unqualified)
    print_preview(made)
    end(made.pending)


def print_preview(made: "Preview") -> None:
    """Prints the pairs and the estimate."""
    from gravity.money import amount

    for pair in made.pairs:
        _print(pair)
    rows: list[list[object]] = []
    for need in made.needs:
        tokens = [need.tokens_in, need.tokens_cached, need.tokens_out, need.tokens_reasoning]
        measured = [*tokens, need.minutes and f"{need.minutes:.1f}"]
        known = ["not measured" if m is None else m for m in measured]
        rows.append([need.role, need.model, need.calls, *known, amount(need.cost, need.currency)])
    columns = ["role", "model", "calls", "tokens in", "cached", "tokens out", "reasoning", "minutes", "cost"]
    table("Still to be asked in the full run", columns, rows)
    console.print(plain(made.bill))
    console.print(
        f"About {made.minutes:.1f} minutes of model time, from the calls measured so far; repeats after bad answers "
        "and revisions come on top. Readers whose reviews nobody has read yet are counted as those read so far let "
        "expect. The pairs above are kept: `gravity curate` asks nothing of them again."
    )


def _print(pair: "Pair") -> None:
    console.print(
        f"[bold]{pair.id}[/] {pair.culture} {pair.track} {pair.framework}/{pair.dimension}: {pair.verdict} "
        f"({plain(pair.reason)})"
    )
    console.print(Panel(plain(pair.prompt[1]["content"]), title=f"reader {plain(pair.reader)}", title_align="left"))
    console.print(f"  [bold]chosen[/]    {plain(pair.chosen[0]['content'])[:400]}")
    console.print(f"  [bold]rejected[/]  {plain(pair.rejected[0]['content'])[:400]}")
