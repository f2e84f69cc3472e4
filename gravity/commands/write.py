"""`gravity write`."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.panel import Panel

from gravity.commands.console import console, plain, table
from gravity.commands.options import ConfigOption, JsonOption, RunOption, opened
from gravity.errors import BAD_ROWS, NOT_FINISHED, ConfigError

if TYPE_CHECKING:
    from gravity.writing import Written
    from gravity.writing_file import Wrote

EPILOG = (
    'Example: gravity write --reader R1 --title "The Sea" --description "..." --adapter out/adapter. '
    "For many: gravity write --input rows.jsonl --output written.jsonl --adapter out/adapter."
)


def command(
    reader: Annotated[str | None, typer.Option(help="The id of a profiled reader.")] = None,
    title: Annotated[str | None, typer.Option(help="The book's title.")] = None,
    description: Annotated[str | None, typer.Option(help="The book's own description.")] = None,
    source: Annotated[
        Path | None,
        typer.Option("--input", help="Many in place of one: JSON lines with reader, title, description, and more."),
    ] = None,
    output: Annotated[
        Path | None, typer.Option(help="Where those go, a line each; a file that was begun is gone on with.")
    ] = None,
    adapter: Annotated[
        Path | None, typer.Option(help="An adapter that the trainer wrote; with --address, the one that is served.")
    ] = None,
    address: Annotated[
        str | None, typer.Option(help="An OpenAI-compatible address that serves the adapter, such as vLLM's.")
    ] = None,
    model: Annotated[
        str | None,
        typer.Option(help="The name that the address serves it by; without --address, a model of the configuration."),
    ] = None,
    compare: Annotated[bool, typer.Option("--compare", help="Also without the adapter, beside the original.")] = False,
    seed: Annotated[int, typer.Option(min=0, help="What texts are sampled with: the same seed, the same text.")] = 0,
    run: RunOption = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Writes books' descriptions anew, each for one reader.

    Needs the `train` extra, and for a GGUF base `embedded`, unless an address writes.
    """
    one, many = (reader, title, description), (source, output)
    if many == (None, None):
        if reader is None or title is None or description is None:
            raise ConfigError("give --reader, --title and --description, or --input and --output for many")
        with opened(config) as project:
            handle = project.run(run)
            # Loading a model takes long: what is wrong with the reader is said before.
            handle.card(reader)
            writer = project.writer(adapter, address, model)
            _print(handle.write(reader, title, description, writer, compare, seed), title, compare, as_json)
        return
    if source is None or output is None or any(one) or compare:
        raise ConfigError(
            "--input and --output go together, and without --reader, --title, --description and --compare"
        )
    with opened(config) as project:
        handle = project.run(run)
        wrote = handle.write_file(source, output, project.writer(adapter, address, model), seed)
    _print_counts(wrote, output, as_json)
    if wrote.pending:
        told = ", ".join(f"{reason}: {n}" for reason, n in wrote.pending.most_common(3))
        wait = f"{wrote.pending.total()} {'descriptions wait' if wrote.pending.total() > 1 else 'description waits'}"
        print(f"not finished: {wait} ({told}); start again to write them", file=sys.stderr)
        raise SystemExit(NOT_FINISHED)
    if wrote.bad:
        raise SystemExit(BAD_ROWS)


def _print(done: "Written", title: str, compare: bool, as_json: bool) -> None:
    if as_json:
        print(json.dumps(done.as_json(), ensure_ascii=False))
        return
    if compare:
        told = Panel(plain(done.messages[0]["content"]), title=f"reader {plain(done.reader)}", title_align="left")
        console.print(told)
    for name, text in done.texts.items():
        console.print(Panel(plain(text), title=f"{plain(title)}: {name}", title_align="left"))


def _print_counts(wrote: "Wrote", output: Path, as_json: bool) -> None:
    if as_json:
        print(json.dumps({"output": str(output), **wrote.as_json()}, ensure_ascii=False))
        return
    counts = {"written": wrote.written, "written before": wrote.kept}
    counts |= {"bad": wrote.bad.total(), "pending": wrote.pending.total()}
    table(f"{plain(output)}: {wrote.rows} rows", ["", "rows"], [row for row in counts.items() if row[1]])
    if wrote.bad:
        table("Bad rows, each with a line that says more", ["reason", "rows"], wrote.bad.most_common(10))
