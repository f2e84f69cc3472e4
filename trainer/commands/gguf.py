"""The command `gguf`."""

from pathlib import Path
from typing import Annotated

import typer

from gravity.trainer.console import reported


def command(
    model: Annotated[Path, typer.Argument(metavar="ADAPTER|MERGED", help="Folder of an adapter or a merged model.")],
    output: Annotated[Path, typer.Option(help="GGUF file to write; must not exist yet.")],
    base: Annotated[
        str | None, typer.Option(help="Where an adapter's base model is now, if it has moved since training.")
    ] = None,
) -> None:
    """Write what llama.cpp loads: a LoRA GGUF or a model GGUF.

    An adapter becomes a LoRA GGUF, a merged model a whole one. A LoRA GGUF goes on top of the base's own GGUF:
    Llama(model_path=BASE, lora_path=OUTPUT) in llama-cpp-python.

    Example: gravity-trainer gguf out/adapter --output out/adapter.gguf
    """
    with reported():
        from gravity.trainer.export.gguf_file import write_gguf

        kind = write_gguf(model, output, base)
        typer.echo(f"{kind} {output} is written")
