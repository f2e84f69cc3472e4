"""A base's configuration and tokenizer, without its weights."""

import importlib
from typing import Any

from gravity.trainer.errors import ModelError, brief
from gravity.trainer.models.bases import Base
from gravity.trainer.quiet import silenced


def outline(base: Base) -> tuple[Any, Any]:
    """Read a base's configuration and tokenizer: a GGUF's from its header, a Hub model's from two small files.

    Raises ModelError where either cannot be read, or the tokenizer has no chat template.
    """
    from transformers import AutoConfig, AutoTokenizer

    options: dict[str, Any] = {"trust_remote_code": False}
    if base.gguf is not None:
        # transformers would name several packages where this one is missing.
        importlib.import_module("gguf")
        options["gguf_file"] = base.gguf
    with silenced():
        try:
            config = AutoConfig.from_pretrained(base.location, **options)
            tokenizer = AutoTokenizer.from_pretrained(base.location, **options)
        except Exception as error:  # a damaged file can fail anywhere in transformers or gguf
            raise ModelError(f"base {base.name} cannot be read: {brief(error)}") from error
    if tokenizer.chat_template is None:
        raise ModelError(f"base {base.name} has no chat template: choose an instruction-tuned model")
    return config, tokenizer


def parameters(config: Any) -> int:
    """Count the parameters of the model that a configuration describes."""
    import torch
    from transformers import AutoModelForCausalLM

    decoders: Any = AutoModelForCausalLM  # whose method is not typed
    with silenced(), torch.device("meta"):
        return int(decoders.from_config(config).num_parameters())
