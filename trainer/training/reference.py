"""Log-probabilities under the base model: computed once, with the adapter switched off, and kept."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gravity.trainer.sharing.attention import Batches
from gravity.trainer.sharing.pieces import answer_logps
from gravity.trainer.sharing.plan import Rows
from gravity.trainer.sharing.tokens import Pair
from gravity.trainer.training.processes import idle_passes

if TYPE_CHECKING:
    from torch import Tensor

REFERENCE_FILE = "reference.safetensors"


def reference_logps(
    model: Any,
    pairs: Sequence[Pair],
    rows: Rows,
    batches: Batches,
    accelerator: Any,
    folder: Path,
    progress: Callable[[int], object],
) -> "Tensor":
    """Return the sums of log-probabilities of chosen and rejected, shape (len(pairs), 2), zero for other rows.

    `rows` are those that will be trained on, in an order that keeps together what shares a prefix. The result is
    kept in `folder` and read back from there when a run is resumed. `progress` is called with the number of rows
    just done.
    """
    import torch
    from safetensors.torch import load_file, save_file

    file = folder / REFERENCE_FILE
    if file.is_file():
        kept: Tensor = load_file(file)["logps"].to(batches.device)
        return kept
    logps: Tensor = torch.zeros(len(pairs), 2, device=batches.device)
    inner = accelerator.unwrap_model(model)
    with inner.disable_adapter():
        for part, found in scored_parts(inner, pairs, rows, batches, accelerator):
            logps[part] = found.view(2, len(part)).T
            progress(len(part))
    logps = accelerator.reduce(logps)
    if accelerator.is_main_process:
        partial = file.with_suffix(".partial")
        save_file({"logps": logps.contiguous()}, partial)
        partial.rename(file)
    return logps


def scored_parts(
    model: Any, pairs: Sequence[Pair], rows: Iterable[int], batches: Batches, accelerator: Any
) -> Iterator[tuple[list[int], "Tensor"]]:
    """Yield this process's part of the rows, so many as go through the model together, with their log-probabilities.

    Nothing keeps a gradient. All processes have to go through to the end, where those of a sharded model wait for each
    other.
    """
    import torch

    parts = batches.split(pairs, rows)
    mine = parts[accelerator.process_index :: accelerator.num_processes]
    idle = idle_passes(len(mine), accelerator)
    for place, part in enumerate([*mine, *parts[:1] * idle]):
        with torch.no_grad():
            found = answer_logps(model, batches.make([pairs[row] for row in part]))
        if place < len(mine):
            yield part, found
