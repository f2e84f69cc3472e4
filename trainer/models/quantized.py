"""A base whose linear layers are kept in 4 bits: bitsandbytes' NF4, as in QLoRA (Dettmers et al. 2023).

The options are those of TRL's `load_in_4bit`. Embeddings, norms and head stay as they are, and so does the base's
fingerprint.
"""

import importlib
from typing import Any


def options(dtype: Any) -> dict[str, Any]:
    """Return what `from_pretrained` is given to quantize on loading; `dtype` is what layers compute in.

    Raises ModuleNotFoundError where bitsandbytes is not installed.
    """
    # transformers would say so in several lines, and as another error.
    importlib.import_module("bitsandbytes")
    from transformers import BitsAndBytesConfig

    config: Any = BitsAndBytesConfig  # which is not typed
    return {"quantization_config": config(load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_compute_dtype=dtype)}


def keep_differentiable(model: Any) -> Any:
    """Keep the layers' weights laid out as they were loaded, and return the model.

    On CPUs with AVX512-BF16 the first pass without gradients would repack them for good, to a kernel that rounds
    more and passes no gradient on.
    """
    from bitsandbytes.nn.modules import Linear4bit

    for module in model.modules():
        if isinstance(module, Linear4bit):
            module.support_avx512bf16_for_cpu = False
    return model
