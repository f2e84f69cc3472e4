"""Training in several processes: with a whole copy of the model in each, or sharded over all of them (FSDP2)."""

import os
from typing import TYPE_CHECKING, Any

from gravity.trainer.errors import UsageError
from gravity.trainer.models.loading import Place, on_cuda

if TYPE_CHECKING:
    from torch import Tensor


def join() -> Any:
    """Join the processes that `accelerate launch` or torchrun started, and return accelerate's Accelerator.

    Raises UsageError where accelerate is set to shard in a way that is not known here.
    """
    from accelerate import Accelerator
    from accelerate.utils import DistributedType, FullyShardedDataParallelPlugin
    from torch.distributed.fsdp.wrap import transformer_auto_wrap_policy

    sharding = os.environ.get("ACCELERATE_USE_FSDP", "false").lower() == "true"
    if sharding and os.environ.get("FSDP_VERSION") != "2":
        raise UsageError("accelerate is set to the first version of FSDP: launch with --fsdp_version 2")
    # Passes run in bfloat16 where `answer_logps` says so, whatever the launcher is set to.
    accelerator = Accelerator(cpu=not on_cuda(), mixed_precision="no")
    state = accelerator.state
    if sharding:
        if accelerator.distributed_type == DistributedType.MULTI_CPU:
            # accelerate leaves these settings aside on CPUs, where torch shards as well as on GPUs.
            state.fsdp_plugin = FullyShardedDataParallelPlugin()
            state.distributed_type = DistributedType.FSDP
        if accelerator.distributed_type == DistributedType.FSDP:
            # Unless told how to wrap, accelerate would gather the whole model at once.
            state.fsdp_plugin.auto_wrap_policy = state.fsdp_plugin.auto_wrap_policy or transformer_auto_wrap_policy
    return accelerator


def leave() -> None:
    """Part from the other processes before this one ends: threads that outlive it may abort it."""
    import torch.distributed as dist

    if dist.is_available() and dist.is_initialized():
        dist.destroy_process_group()


def sharded(accelerator: Any) -> bool:
    """Say whether each process holds only its part of the model's tensors."""
    return bool(accelerator.is_fsdp2)


def place(accelerator: Any, load_in_4bit: bool) -> Place:
    """Say where this process has to load the base, as `load` wants it told.

    Raises UsageError where a quantized base would be sharded.
    """
    if not sharded(accelerator):
        return "device"
    if load_in_4bit:
        raise UsageError("--load-in-4bit: a quantized base is not sharded: launch without FSDP")
    # Left to itself, transformers 5.23 reads all weights in every process.
    handed_on = accelerator.state.fsdp_plugin.cpu_ram_efficient_loading and not accelerator.is_main_process
    return "empty" if handed_on else "cpu"


def spread(model: Any, accelerator: Any) -> Any:
    """Prepare a model with its adapter for training in all processes, on their devices."""
    if not sharded(accelerator):
        return accelerator.prepare(model)
    from accelerate.utils import fsdp2_prepare_model

    # `prepare` would want the optimizer too, which is here made afterwards, from the sharded parameters.
    return fsdp2_prepare_model(accelerator, model)


def idle_passes(own: int, accelerator: Any) -> int:
    """Return how many passes this process has to make besides its own: through a sharded model all make equally many.

    Then all processes have to call this, before the first of their passes.
    """
    if not sharded(accelerator):
        return 0
    import torch

    return int(accelerator.gather(torch.tensor([own], device=accelerator.device)).max()) - own


def whole(tensor: "Tensor") -> "Tensor":
    """Return a tensor put together from its parts, where it is sharded: then all processes have to call this."""
    from torch.distributed.tensor import DTensor

    return tensor.full_tensor() if isinstance(tensor, DTensor) else tensor


def cut_like(tensor: "Tensor", parameter: "Tensor") -> "Tensor":
    """Return, of a whole tensor that all processes have, what each holds of the parameter."""
    from torch.distributed.tensor import DTensor, distribute_tensor

    tensor = tensor.to(parameter.device)
    if not isinstance(parameter, DTensor):
        return tensor
    return distribute_tensor(tensor, parameter.device_mesh, parameter.placements, src_data_rank=None)


def least(value: int, accelerator: Any) -> int:
    """Return the smallest of the processes' values, which all have to ask for: they have to deal out work alike."""
    if accelerator.num_processes == 1:
        return value
    import torch

    return int(accelerator.gather(torch.tensor([value], device=accelerator.device)).min())
