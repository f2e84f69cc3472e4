"""`gravity views`: what a reader let show, and the seeds that readers brought."""

import json
from typing import TYPE_CHECKING, Annotated

import typer

from gravity.commands.console import console, plain, table
from gravity.commands.options import ConfigOption, JsonOption, RunOption, opened

if TYPE_CHECKING:
    from gravity.store.views import ReaderSeed, View

EPILOG = "Example: gravity views AE2XK3Q"


def command(
    reader: Annotated[str | None, typer.Argument(help="A reader's id; without one the readers' seeds.")] = None,
    run: RunOption = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """The views that a reader let show, each with its quote, dropped ones with the reason; or the readers' seeds."""
    with opened(config) as project:
        handle = project.run(run)
        views, seeds = (handle.views(reader), []) if reader else ([], handle.seeds())
    if as_json:
        print(json.dumps([row.model_dump() for row in (*views, *seeds)], ensure_ascii=False))
    elif reader:
        _print_views(views)
    else:
        _print_seeds(seeds)


def _print_views(views: "list[View]") -> None:
    kept = [view for view in views if view.verdict == "kept"]
    for view in kept:
        repeats = " (says again what an earlier one says)" if view.same_as else ""
        console.print(f"[bold]{plain(view.statement)}[/]  {view.about}, {view.said}{repeats}")
        console.print(f"  or: {plain(view.opposite)}")
        console.print(f"  [dim]{view.review}[/] “{plain(view.quote)}”")
    for view in views:
        if view.verdict == "dropped":
            console.print(f"[dim]dropped[/]  {plain(view.statement)}: {plain(view.reason)}")
    console.print(f"{len(kept)} views kept, {len(views) - len(kept)} dropped.")


def _print_seeds(seeds: "list[ReaderSeed]") -> None:
    rows = [
        [
            plain(seed.statement),
            plain(seed.opposite),
            seed.dimension,
            seed.reader or f"{seed.agree} / {seed.disagree}",
            seed.reason or seed.verdict,
        ]
        for seed in sorted(seeds, key=lambda seed: (seed.verdict != "kept", seed.reader or "", seed.id))
    ]
    table("Seeds that readers brought", ["statement", "opposite", "dimension", "readers", "verdict"], rows)
