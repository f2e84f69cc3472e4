"""The language head where only the log-probability of given tokens is asked for, for CPUs.

The gradient of a log-probability with respect to the hidden state is known as soon as the probabilities are, up to
the factor that comes from the loss: it is kept, one row for each place, instead of computing the vocabulary again.
"""

from types import SimpleNamespace
from typing import Any

import torch
from torch import Tensor

from gravity.trainer.sharing.products import product

# Places that meet the vocabulary at once.
TILE = 64


def token_logps(hidden: Tensor, weight: Tensor, labels: Tensor) -> Tensor:
    """Return the log-probabilities of `labels` (n) by the head `weight` (vocabulary, width) at `hidden` (n, width).

    The head is frozen: no gradient of `weight` is computed.
    """
    found: Tensor = _Logps.apply(hidden, weight, labels, torch.is_grad_enabled())  # type: ignore[no-untyped-call]
    return found


class _Logps(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, hidden: Tensor, weight: Tensor, labels: Tensor, wanted: bool) -> Tensor:
        found, slopes = hidden.new_empty(len(hidden)), hidden.new_empty(hidden.shape if wanted else 0)
        for at in range(0, len(hidden), TILE):
            part, targets = slice(at, at + TILE), labels[at : at + TILE, None]
            logps = product(hidden[part], weight).log_softmax(-1)
            found[part] = logps.gather(1, targets)[:, 0]
            if wanted:
                # Probabilities that underflow are zero in effect, and exp would be slow on them.
                chances = logps.exp_()
                slopes[part] = weight[targets[:, 0]] - product(chances, weight.t())
        ctx.save_for_backward(slopes)
        return found

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        (slopes,) = ctx.saved_tensors
        return gradients[0][:, None] * slopes, None, None, None


def quicken(model: Any) -> None:
    """Let a causal language model with TRL's head, on a CPU, answer `shift_labels` by `token_logps`.

    One that scales or caps its logits, has a bias, or trains its head keeps TRL's.
    """
    head = model.get_output_embeddings()
    config = model.config.get_text_config()
    others = ("final_logit_softcapping", "logit_scale", "output_multiplier", "lm_head_multiplier", "logits_scaling")
    plain = type(head) is torch.nn.Linear and head.bias is None and head.weight.dtype == torch.float32
    if not plain or head.weight.device.type != "cpu" or any(getattr(config, name, None) is not None for name in others):
        return
    before = model.forward

    def forward(*arguments: Any, fused_lm_head: bool = False, **options: Any) -> Any:
        labels = options.get("shift_labels")
        if not fused_lm_head or labels is None or head.weight.requires_grad:
            return before(*arguments, fused_lm_head=fused_lm_head, **options)
        del options["shift_labels"]
        hidden = model.base_model(*arguments, **options).last_hidden_state
        asked = labels >= 0
        found = token_logps(hidden[asked], head.weight, labels[asked])
        return SimpleNamespace(log_probs=found.new_zeros(labels.shape).masked_scatter(asked, found))

    model.forward = forward
