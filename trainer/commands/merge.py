"""The command `merge`."""

from pathlib import Path
from typing import Annotated

import typer

from gravity.trainer.console import AdapterFolder, MovedBase, reported


def command(
    adapter: AdapterFolder,
    output: Annotated[Path, typer.Option(help="Folder to write the model to; must not exist yet.")],
    base: MovedBase = None,
    dtype: Annotated[str, typer.Option(help="bfloat16, float16 or float32.")] = "bfloat16",
) -> None:
    """Write adapter and base as one model, in safetensors.

    Example: gravity-trainer merge out/adapter --output out/merged
    """
    with reported():
        from gravity.trainer.export.merge import merge
        from gravity.trainer.models.loading import trained_in_4bit

        merge(adapter, output, base, dtype)
        rounded = ", from base weights that are rounded to 4 bits as in training" if trained_in_4bit(adapter) else ""
        typer.echo(f"model {output} is written{rounded}")
