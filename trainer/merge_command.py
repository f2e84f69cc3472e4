"""The command `merge`."""

from pathlib import Path
from typing import Annotated

import typer

from trainer.console import reported


def command(
    adapter: Annotated[Path, typer.Argument(metavar="ADAPTER", help="Folder of a trained adapter.")],
    output: Annotated[Path, typer.Option(help="Folder to write the model to; must not exist yet.")],
    base: Annotated[str | None, typer.Option(help="Base model, where it has moved since training.")] = None,
    dtype: Annotated[str, typer.Option(help="bfloat16, float16 or float32.")] = "bfloat16",
) -> None:
    """Write adapter and base as one model, in safetensors.

    Example: python -m trainer merge out/adapter --output out/merged
    """
    with reported():
        from trainer.merge import merge

        merge(adapter, output, base, dtype)
        typer.echo(f"model {output} is written")
