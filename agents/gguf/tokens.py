"""How many tokens a text has, by the tokenizer in a GGUF file; no weights are loaded for it."""

import logging
from functools import lru_cache
from pathlib import Path

from gravity.agents.errors import ModelError


@lru_cache(maxsize=64)
def count_tokens(path: Path, text: str) -> int:
    """The tokens of a text. Raises ModelError where llama.cpp is not installed or cannot read the file."""
    try:
        import llama_cpp
    except ImportError:
        raise ModelError("llama-cpp-python is not installed: pip install 'gravity-preferences[embedded]'") from None
    logging.getLogger("llama-cpp-python").setLevel(logging.CRITICAL)
    llama_cpp.llama_backend_init()
    params = llama_cpp.llama_model_default_params()
    params.vocab_only = True
    model = llama_cpp.llama_model_load_from_file(str(path).encode(), params)
    if model is None:
        raise ModelError(f"{path} cannot be loaded by llama.cpp")
    try:
        vocabulary, content = llama_cpp.llama_model_get_vocab(model), text.encode()
        # With room for none of them it says how many there are, as a negative number.
        return -int(llama_cpp.llama_tokenize(vocabulary, content, len(content), None, 0, False, False))
    finally:
        llama_cpp.llama_model_free(model)
