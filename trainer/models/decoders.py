"""Whether a base is a whole causal language model, as far as its files tell."""

from typing import Any

from gravity.trainer.errors import ModelError
from gravity.trainer.models.bases import Base


def check_kind(base: Base, config: Any) -> None:
    """Raise ModelError for an encoder with a decoder, and for what writes no text, by their configuration."""
    from transformers.models.auto.modeling_auto import MODEL_FOR_CAUSAL_LM_MAPPING_NAMES

    if config.is_encoder_decoder or config.model_type not in MODEL_FOR_CAUSAL_LM_MAPPING_NAMES:
        raise ModelError(
            f"base {base.name} is of the architecture {config.model_type}, which is no causal language model: use one "
            "that writes on from a text"
        )


def check_whole(base: Base, missing: list[str]) -> None:
    """Raise ModelError where weights are missing, by name: transformers fills them in at random."""
    if missing:
        raise ModelError(
            f"base {base.name} lacks {len(missing)} of the weights that its model writes with, such as {missing[0]}: "
            "use a base that was saved as a causal language model"
        )
