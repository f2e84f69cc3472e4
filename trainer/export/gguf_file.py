"""Tells an adapter from a merged model, and writes either as GGUF."""

import sys
from pathlib import Path

from gravity.trainer.errors import ModelError, UsageError
from gravity.trainer.export.lora_gguf import write_lora
from gravity.trainer.export.model_gguf import write_model
from gravity.trainer.kinds import kind
from gravity.trainer.output import atomic_file


def write_gguf(model: Path, output: Path, base: str | None = None) -> str:
    """Write the folder of an adapter or of a merged model as GGUF, whole or not at all, and return which it was.

    Raises UsageError or ModelError.
    """
    if (model / "adapter_config.json").is_file():
        with atomic_file(output) as file:
            otherwise = write_lora(model, file, base)
        if otherwise is not None:
            print(f"warning: llama.cpp does not compute the base as transformers does: {otherwise}", file=sys.stderr)
        return "LoRA GGUF"
    if not (model / "config.json").is_file():
        there = kind(model)
        wrong = "is neither an adapter nor a model" if there is None else f"is {there}"
        raise ModelError(f"{model} {wrong}: give the folder of an adapter, or one that merge wrote")
    if base is not None:
        raise UsageError("--base is an adapter's: a merged model has its base in it, leave the option out")
    with atomic_file(output) as file:
        write_model(model, file)
    return "model GGUF"
