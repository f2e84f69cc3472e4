"""A model with its adapter on torch's meta device: every shape, no weight; and what a pass over it would keep."""

import copy
import weakref
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from gravity.trainer.settings import Settings
from gravity.trainer.sharing import head, linear
from gravity.trainer.training.memory import checkpointing

_ATTENTION = "gravity_forecast"


class Pass(NamedTuple):
    """Bytes that a forward and backward pass has in use: what the forward pass leaves, and the most at any time."""

    kept: float
    peak: float


def skeleton(config: Any, settings: Settings, cuda: bool, layers: int | None = None) -> Any:
    """Build the decoder of a configuration, or `layers` layers of it, as a Session would have it, without weights."""
    from peft import LoraConfig, get_peft_model
    from transformers import AttentionInterface, AttentionMaskInterface, AutoModelForCausalLM
    from transformers.masking_utils import sdpa_mask

    AttentionInterface.register(_ATTENTION, _attention)
    AttentionMaskInterface.register(_ATTENTION, sdpa_mask)
    shape = copy.deepcopy(config.get_text_config())
    if layers is not None:
        shape.num_hidden_layers = layers
        if getattr(shape, "layer_types", None):
            shape.layer_types = shape.layer_types[:layers]
    decoders: Any = AutoModelForCausalLM
    with torch.device("meta"):
        model = decoders.from_config(
            shape, dtype=torch.bfloat16 if cuda else torch.float32, attn_implementation=_ATTENTION
        )
        if checkpointing(settings, "cuda" if cuda else "cpu"):
            model.activation_checkpointing_enable(activation_checkpointing_kwargs={"use_reentrant": False})
            model.enable_input_require_grads()
        lora = LoraConfig(
            r=settings.lora_r, lora_alpha=settings.lora_alpha, target_modules="all-linear", task_type="CAUSAL_LM"
        )
        # Autocast hands products bfloat16 copies of the adapter; its float32 is counted by `Plan`.
        adapted: Any = get_peft_model(model, lora, autocast_adapter_dtype=False)
    if not cuda:
        linear.quicken(adapted)
    return adapted.train()


def passed(model: Any, tokens: int, labels: int) -> Pass:
    """Run one pass of so many tokens, of which `labels` are scored, over a skeleton and count what it would use."""
    inner = model.get_base_model()
    cuda = next(model.parameters()).dtype == torch.bfloat16
    vocabulary, width = inner.get_output_embeddings().weight.shape
    ids = torch.zeros(1, tokens, dtype=torch.long, device="meta")
    # A pack's `until`, whose values the attention here does not read.
    until = torch.zeros(1, 1, 1, tokens, dtype=torch.long, device="meta")
    tracker = _Tracker(model)
    with tracker:
        hidden = inner.base_model(
            input_ids=ids, position_ids=ids.clone(), attention_mask=until, use_cache=False
        ).last_hidden_state
        score: Any = _Head.apply(hidden[0, :labels], *head_bytes(labels, vocabulary, width, cuda))  # type: ignore[no-untyped-call]
        kept = tracker.now
        score.sum().backward()
    model.zero_grad(set_to_none=True)
    return Pass(kept, tracker.peak)


def head_bytes(labels: int, vocabulary: int, width: int, cuda: bool) -> tuple[int, int]:
    """Return the bytes that the head uses in passing, and those that it keeps for the backward pass."""
    if cuda:  # TRL's: bfloat16 tiles of at most 4,096 places by 32,768 words, and gradients in float32
        return min(labels, 4096) * min(vocabulary, 32768) * 2 + labels * width * 4, labels * width * 2
    return 3 * min(labels, head.TILE) * vocabulary * 4, labels * width * 4


class _Tracker(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Adds up the storages that come to be inside it, and takes off those that are gone."""

    def __init__(self, model: Any) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.now = self.peak = 0
        # The model's own are there before, and views of them are nothing new.
        held = [*model.parameters(), *model.buffers()]
        self._seen: set[int] = {tensor.untyped_storage()._cdata for tensor in held}

    def __torch_dispatch__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        found = function(*args, **(kwargs or {}))
        for tensor in tree_leaves(found):
            if isinstance(tensor, Tensor):
                storage = tensor.untyped_storage()
                key, size = storage._cdata, storage.nbytes()
                if key not in self._seen:
                    self._seen.add(key)
                    self.now += size
                    self.peak = max(self.peak, self.now)
                    weakref.finalize(storage, self._gone, key, size)
        return found

    def _gone(self, key: int, size: int) -> None:
        self._seen.discard(key)
        self.now -= size


class _Head(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, hidden: Tensor, passing: int, kept: int) -> Tensor:
        torch.empty(passing, dtype=torch.uint8, device="meta")
        ctx.slopes = torch.empty(kept, dtype=torch.uint8, device="meta")
        ctx.save_for_backward(hidden)
        return hidden.new_empty(len(hidden), dtype=torch.float32)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        (hidden,) = ctx.saved_tensors
        return torch.empty_like(hidden), None, None


class _Attention(torch.autograd.Function):
    """What attention keeps: queries, keys and values; on CUDA FlexAttention's output and log-sums too."""

    @staticmethod
    def forward(ctx: Any, query: Tensor, key: Tensor, value: Tensor) -> Tensor:
        found = query.new_empty(1, query.shape[2], query.shape[1], value.shape[3])
        sums = query.new_empty(query.shape[:3], dtype=torch.float32)
        ctx.save_for_backward(query, key, value, *((found, sums) if query.dtype == torch.bfloat16 else ()))
        return found

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, ...]:
        return tuple(torch.empty_like(tensor) for tensor in ctx.saved_tensors[:3])


def _attention(module: Any, query: Tensor, key: Tensor, value: Tensor, mask: Any, **_: Any) -> tuple[Tensor, None]:
    found: Tensor = _Attention.apply(query, key, value)  # type: ignore[no-untyped-call]
    return found, None
