"""A model without its weights: a base's configuration, and what that describes, in shapes alone."""

import importlib
from typing import Any

from gravity.trainer.models.bases import Base
from gravity.trainer.quiet import silenced


def configuration(base: Base, **options: Any) -> Any:
    """Read a base's configuration, as transformers reads it: a GGUF's from its header.

    `options` are `from_pretrained`'s. Raises what transformers and gguf raise.
    """
    from transformers import AutoConfig

    return AutoConfig.from_pretrained(base.location, trust_remote_code=False, **gguf_option(base), **options)


def gguf_option(base: Base) -> dict[str, Any]:
    """Return what transformers has to be told for it to read a base from a GGUF."""
    if base.gguf is None:
        return {}
    # transformers would name several packages where this one is missing.
    importlib.import_module("gguf")
    return {"gguf_file": base.gguf}


def blank(config: Any) -> Any:
    """Make the causal language model of a configuration on torch's meta device: every shape, no weight."""
    import torch
    from transformers import AutoModelForCausalLM

    decoders: Any = AutoModelForCausalLM  # whose method is not typed
    with silenced(), torch.device("meta"):
        return decoders.from_config(config)
