"""What makes a model with an adapter quicker on a CPU; no figure changes but in its rounding."""

from typing import Any

from gravity.trainer.sharing import head, linear


def quicken(model: Any) -> None:
    """Let a PEFT model on a CPU compute its LoRA layers, gated MLPs and head by functions of the trainer's own."""
    linear.quicken(model)
    head.quicken(model.get_base_model())
