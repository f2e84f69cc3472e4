"""`gravity-trainer merge`: an adapter and its base as one model, in safetensors, as transformers loads it."""

import shutil
from pathlib import Path
from typing import Literal, get_args

from gravity.trainer.errors import ModelError, UsageError
from gravity.trainer.models.loading import REPORT_FILE, load
from gravity.trainer.output import atomic_folder, check_free
from gravity.trainer.quiet import silenced

Dtype = Literal["bfloat16", "float16", "float32"]


def merge(adapter: Path, output: Path, base: str | None = None, dtype: str = "bfloat16") -> None:
    """Add an adapter's weights to its base's and write model and tokenizer to `output`.

    The sum is made in the precision that the base is loaded in (float32 on a CPU) and then rounded to `dtype`, one
    of Dtype. `base` None takes the base that the adapter was trained on. Of one that was quantized in training, the
    weights are those that the adapter was trained on, rounded to 4 bits and unpacked.

    Raises UsageError or ModelError; then nothing is written.
    """
    if dtype not in get_args(Dtype):
        raise UsageError(f"--dtype is {dtype}: it must be one of {', '.join(get_args(Dtype))}")
    check_free(output)
    import torch

    model, tokenizer = load(base, adapter, dequantized=True)
    try:
        merged = model.merge_and_unload(safe_merge=True).to(getattr(torch, dtype))
    except ValueError as error:
        raise ModelError(f"adapter {adapter} cannot be merged: {error}") from error
    # What is left of a GGUF's reading would make transformers take the merged weights for quantized ones.
    if hasattr(merged.config, "quantization_config"):
        del merged.config.quantization_config
    with atomic_folder(output) as folder, silenced():
        merged.save_pretrained(folder)
        tokenizer.save_pretrained(folder)
        if (adapter / REPORT_FILE).is_file():
            shutil.copy(adapter / REPORT_FILE, folder / REPORT_FILE)
