"""`gravity init`."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from gravity.commands.console import console, plain
from gravity.errors import ConfigError

EPILOG = "Example: gravity init --model qwen3-32b --base-url http://localhost:8000/v1"


def command(
    model: Annotated[str | None, typer.Option(help="The chat model's name as its server knows it.")] = None,
    base_url: Annotated[str | None, typer.Option(help="The server's address; empty for OpenAI's own.")] = None,
    judge: Annotated[
        str | None, typer.Option(help="A second model at that address, which judges what the first writes; or empty.")
    ] = None,
    embedder: Annotated[
        str | None, typer.Option(help="An embedding model at that address; empty for the one inside a package.")
    ] = None,
    output: Annotated[Path, typer.Option(help="The file to write.")] = Path("gravity.toml"),
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace a file that is there.")] = False,
) -> None:
    """Writes a commented gravity.toml, from four answers or from options."""
    from gravity.starting import Answers, written

    if output.exists() and not overwrite:
        raise ConfigError(f"{output} is there already: add --overwrite to replace it, or choose another --output")
    if model is None and not sys.stdin.isatty():
        raise ConfigError("`gravity init` asks four questions and needs a terminal, or --model and the other options")
    if model is None:
        model = typer.prompt("Name of your chat model, as its server knows it")
        base_url = base_url or typer.prompt("Its address (empty for OpenAI's own)", default="", show_default=False)
        judge = judge or typer.prompt("A second model there, to judge (empty for none)", default="", show_default=False)
        embedder = embedder or typer.prompt(
            "An embedding model there (empty for the one inside a package)", default="", show_default=False
        )
    text = written(Answers(model, base_url or None, judge or None, embedder or None))
    try:
        output.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"cannot write {output}: {error.strerror}") from None
    console.print(f"{plain(output)} is written. Next: `gravity ingest`, `gravity qualify`, `gravity preview`.")
