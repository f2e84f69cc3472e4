"""An adapter's LoRA GGUF in the adapter's own folder, where whoever writes with llama.cpp looks for it."""

import sys
import tempfile
from pathlib import Path

from gravity.trainer.errors import ModelError, UsageError, brief
from gravity.trainer.export.lora_gguf import write_lora
from gravity.trainer.models.loading import found_base

LORA_FILE = "adapter.gguf"


def lora_beside(adapter: Path, base: str | None = None) -> Path:
    """Return the adapter's LoRA GGUF, made for the adapter's own base, or for `base`, where the folder lacks it.

    Raises ModelError where the adapter cannot be one, UsageError where the folder cannot be written to.
    """
    file = adapter / LORA_FILE
    if file.is_file():
        return file
    try:
        # Whole or not at all, and under a name of its own: two processes may be at it.
        with tempfile.TemporaryDirectory(prefix=".gguf-", dir=adapter) as folder:
            growing = Path(folder) / LORA_FILE
            otherwise = write_lora(adapter, growing, base)
            growing.chmod(adapter.stat().st_mode & 0o666)
            growing.replace(file)
    except OSError as error:
        raise UsageError(
            f"adapter {adapter} has no {LORA_FILE}, and it cannot be written there ({brief(error)}): copy the adapter "
            f"to a folder of your own and run gravity-trainer gguf COPY --output COPY/{LORA_FILE}"
        ) from error
    if otherwise is not None:
        print(f"warning: llama.cpp does not compute the base as transformers does: {otherwise}", file=sys.stderr)
    return file


def leave_lora(adapter: Path) -> str | None:
    """Make the LoRA GGUF of an adapter whose base is a GGUF, and return why there is none where it cannot be made."""
    if found_base(None, adapter).gguf is None:
        return None
    try:
        lora_beside(adapter)
    except (ModelError, UsageError) as error:
        return str(error)
    return None
