"""`gravity check`."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

import typer

from gravity.commands.console import console, plain
from gravity.commands.options import ConfigOption, JsonOption, opened

if TYPE_CHECKING:
    from gravity.checking import Checked

EPILOG = "Example: gravity check --json. Exit code 4 where a model cannot be used."


def command(as_json: JsonOption = False, config: ConfigOption = None) -> None:
    """Asks each configured model and the embedder a question or two, and says what they can do and what they refuse."""
    from gravity.agents.errors import ModelError

    with opened(config) as project:
        found = project.check()
    if as_json:
        print(json.dumps([{**asdict(row), "usable": row.usable} for row in found]))
    else:
        print_checked(found)
    if not all(row.usable for row in found):
        raise typer.Exit(ModelError.exit_code)


def print_checked(found: "Sequence[Checked]") -> None:
    """Prints what was found, and what to do about what cannot be used."""
    for row in found:
        console.print(f"[bold]{plain(row.name)}[/] ({plain(row.model)}; {', '.join(row.roles)})", soft_wrap=True)
        for line in _lines(row):
            console.print(f"  {plain(line)}", soft_wrap=True)


def _lines(row: "Checked") -> Iterator[str]:
    yield "can be used" if row.usable else f"cannot be used: {row.problem}"
    if row.longest is None:
        return
    yield f"JSON by {row.structured or 'a way not known'}; left out: {', '.join(row.left_out) or 'nothing'}"
    context = "not known" if row.context is None else f"{row.context:,} tokens"
    yield f"context: {context}; the longest prompt and its answer can take about {row.longest:,}"
    if row.context and row.longest > row.context:
        yield "that is more than the context: lower curate.reviews_per_call or curate.seeds_per_call"
    speed = "not known" if row.tokens_a_second is None else f"{row.tokens_a_second:.0f}"
    logprobs = {None: "not known", True: "yes", False: "no"}[row.logprobs]
    yield f"logprobs: {logprobs}; tokens a second: {speed}"
