"""`gravity write`."""

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.panel import Panel

from gravity.commands.console import console, plain
from gravity.commands.options import ConfigOption, JsonOption, RunOption, opened

EPILOG = 'Example: gravity write --reader R1 --title "The Sea" --description "..." --adapter out/adapter'


def command(
    reader: Annotated[str, typer.Option(help="The id of a profiled reader.")],
    title: Annotated[str, typer.Option(help="The book's title.")],
    description: Annotated[str, typer.Option(help="The book's own description.")],
    adapter: Annotated[Path | None, typer.Option(help="An adapter that the trainer wrote.")] = None,
    compare: Annotated[bool, typer.Option("--compare", help="Also without the adapter, beside the original.")] = False,
    run: RunOption = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Writes a book's description anew for one reader. Needs the `train` extra."""
    with opened(config) as project:
        done = project.run(run).write(reader, title, description, adapter, compare)
    if as_json:
        print(json.dumps({"reader": done.reader, "messages": done.messages, "written": done.texts}, ensure_ascii=False))
        return
    if compare:
        console.print(Panel(plain(done.messages[0]["content"]), title=f"reader {plain(reader)}", title_align="left"))
    for name, text in done.texts.items():
        console.print(Panel(plain(text), title=f"{plain(title)}: {name}", title_align="left"))
