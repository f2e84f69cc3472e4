"""Checkpoints of the loop: adapter and optimizer in safetensors, the rest in JSON."""

import json
import shutil
from collections.abc import Collection
from pathlib import Path
from typing import Any

from gravity.trainer.training.processes import cut_like, whole
from gravity.trainer.training.workspace import STATE_FILE, step_of

_TENSORS_FILE = "state.safetensors"
_KEPT = 2


def tensors(parameters: dict[str, Any], optimizer: Any) -> dict[str, Any]:
    """Gather the parameters, by name, and the optimizer's state for each; all processes have to call this."""
    found = {name: whole(parameter.detach()) for name, parameter in parameters.items()}
    for name, parameter in parameters.items():
        found |= {f"{key}/{name}": whole(value) for key, value in optimizer.state[parameter].items()}
    return found


def save(folder: Path, step: int, tensors: dict[str, Any], state: dict[str, Any], keep: Collection[int] = ()) -> None:
    """Write `checkpoint-STEP` under `folder`, whole or not at all, and drop all but the newest two and those to `keep`.

    `state` must fit into JSON.
    """
    from safetensors.torch import save_file

    building, final = folder / ".checkpoint", folder / f"checkpoint-{step}"
    for stale in (building, final):
        shutil.rmtree(stale, ignore_errors=True)
    building.mkdir()
    save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, building / _TENSORS_FILE)
    (building / STATE_FILE).write_text(json.dumps(state), encoding="utf-8")
    building.rename(final)
    for old in sorted(folder.glob("checkpoint-*"), key=step_of)[:-_KEPT]:
        if step_of(old) not in keep:
            shutil.rmtree(old, ignore_errors=True)


def restore(checkpoint: Path, parameters: dict[str, Any], optimizer: Any) -> dict[str, Any]:
    """Load what `save` wrote into the parameters and the optimizer, and return the state."""
    import torch
    from safetensors.torch import load_file

    tensors = load_file(checkpoint / _TENSORS_FILE)
    with torch.no_grad():
        for name, parameter in parameters.items():
            parameter.copy_(cut_like(tensors.pop(name), parameter))
    for key, tensor in tensors.items():
        kind, _, name = key.partition("/")
        parameter = parameters[name]
        # The fused optimizer wants its count of steps beside the parameter.
        optimizer.state[parameter][kind] = cut_like(tensor, parameter) if tensor.ndim else tensor.to(parameter.device)
    return dict(json.loads((checkpoint / STATE_FILE).read_text(encoding="utf-8")))
