"""Writing with a GGUF base in llama.cpp, as it is quantized, and with an adapter as a LoRA GGUF on top of it.

Prompts are made into tokens by the tokenizer and the chat template of training, and tokens are drawn here, so that what
differs from transformers is arithmetic alone.
"""

import ctypes
import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from gravity.trainer.errors import ModelError, brief
from gravity.trainer.models.bases import Base
from gravity.trainer.models.gguf_rows import gguf_context, gguf_fingerprint
from gravity.trainer.models.loading import check_trained_on, load_tokenizer, trained_card_in
from gravity.trainer.models.writer import Heard, Request, Text, Unwritten, described, gguf_id, prompt_ids, too_long
from gravity.trainer.settings import CardIn

# The context grows by as many tokens, so that few prompts make a model open anew.
_STEP = 1024
# Tokens of context, for a file that does not say.
_UNKNOWN = 4096
# No user writes it, so a prompt parts from the same one with it where the user's words begin.
_OTHER_WORDS = "\u2063"


def is_installed() -> bool:
    """Say whether llama-cpp-python is there."""
    from importlib.util import find_spec

    return find_spec("llama_cpp") is not None


class LlamaCppWriter:
    """A GGUF base, with an adapter or without. One text at a time; not for use by several threads at once.

    What the prompts of one reader begin with is computed once, and always in the same two parts, so a text does not
    depend on what was written before it: to the bit, on one machine with one version of llama.cpp.
    """

    by: Mapping[str, Any]

    def __init__(
        self, base: Base, adapter: Path | None = None, lora: Path | None = None, max_tokens: int = 200
    ) -> None:
        """Find everything and load the tokenizer; weights are loaded when first needed.

        `lora` is the adapter as a LoRA GGUF, which is needed with an adapter. Raises ModelError where something is
        missing or does not fit.
        """
        if base.gguf is None:
            raise ModelError(f"base {base.name} is not a GGUF: llama.cpp cannot read it")
        if (adapter is None) != (lora is None):
            raise ModelError("an adapter and its LoRA GGUF have to be given together")
        file = Path(base.location) / base.gguf
        if adapter is not None:
            check_trained_on(adapter, base, gguf_fingerprint(file))
        card_in: CardIn = trained_card_in(adapter) if adapter is not None else "system"
        self.tokenizer = load_tokenizer(base, adapter)
        self._card_in = card_in
        self._max_tokens = max_tokens
        self._engine = _Engine(file, lora, self.tokenizer.eos_token_id)
        self._adapted = adapter is not None
        self.by = described("llama.cpp", base.name, gguf_id(file), adapter, card_in, max_tokens)

    def unadapted(self) -> "LlamaCppWriter":
        """Return the base alone, with the same weights in memory."""
        other = object.__new__(LlamaCppWriter)
        other.__dict__ |= self.__dict__ | {"_adapted": False, "by": {**self.by, "adapter": None}}
        return other

    def write(self, requests: Sequence[Request], heard: Heard) -> None:
        """Write the texts, those of one reader one after the other."""
        if not requests:
            return
        prompts = [self._prompt(request) for request in requests]
        lengths = [len(begin) + len(rest) + self._max_tokens for begin, rest in prompts]
        self._engine.open(max((length for length in lengths if length <= self._engine.most), default=0))
        for place in sorted(range(len(requests)), key=lambda place: prompts[place][0]):
            begin, rest = prompts[place]
            if lengths[place] > self._engine.most:
                heard(place, too_long(len(begin) + len(rest), self._max_tokens, self._engine.most))
                continue
            ids, cut = self._engine.write(begin, rest, requests[place], self._max_tokens, self._adapted)
            text = str(self.tokenizer.decode(ids, skip_special_tokens=True)).strip()
            heard(place, Text(text, cut) if text else Unwritten("the model wrote nothing"))

    def _prompt(self, request: Request) -> tuple[list[int], list[int]]:
        """Return a prompt's tokens in two parts: what comes before the last message's words, and the rest."""
        ids = prompt_ids(self.tokenizer, request.messages, self._card_in)
        other = [*request.messages[:-1], {**request.messages[-1], "content": _OTHER_WORDS}]
        shared = 0
        for one, another in zip(ids[:-1], prompt_ids(self.tokenizer, other, self._card_in), strict=False):
            if one != another:
                break
            shared += 1
        return ids[:shared], ids[shared:]


class _Engine:
    """llama.cpp with a model, opened with as much context as is needed."""

    def __init__(self, file: Path, lora: Path | None, end: int | None) -> None:
        # The tokens that the model attends to.
        self.most = gguf_context(file) or _UNKNOWN
        self._file = file
        self._lora_file = lora
        self._end = end
        self._llama: Any = None
        self._lora: Any = None
        self._held: tuple[bool, list[int]] | None = None

    def open(self, tokens: int) -> None:
        """Load the model with room for so many tokens, which is at most what it has. Raises ModelError."""
        if self._llama is not None and tokens <= self._llama.n_ctx():
            return
        import llama_cpp
        import torch

        if self._llama is not None:
            self._llama.close()
        try:
            # Not `lora_path`: with it the weights would be copied into memory, and the adapter could not be taken off.
            wanted = min(-(-max(tokens, 1) // _STEP) * _STEP, self.most)
            # As many threads as transformers would take: OMP_NUM_THREADS holds for both.
            threads = torch.get_num_threads()
            self._llama = llama_cpp.Llama(
                str(self._file),
                n_ctx=wanted,
                n_gpu_layers=-1,
                n_threads=threads,
                n_threads_batch=threads,
                verbose=False,
            )
        except (ValueError, RuntimeError, OSError) as error:
            raise ModelError(f"base {self._file} cannot be loaded by llama.cpp: {brief(error)}") from error
        self._held = None
        # Opening sets it lower, and then each layer of an adapter is worth a line to llama.cpp.
        logging.getLogger("llama-cpp-python").setLevel(logging.CRITICAL)
        if self._lora_file is not None:
            # It is freed with its model.
            self._lora = llama_cpp.llama_adapter_lora_init(self._llama.model, str(self._lora_file).encode())
            # A null pointer is not None.
            if not self._lora:
                raise ModelError(
                    f"{self._lora_file} does not fit the base {self._file}: it was made of an adapter for another one, "
                    "remove it to have it made anew"
                )

    def write(
        self, begin: list[int], rest: list[int], request: Request, most: int, adapted: bool
    ) -> tuple[list[int], bool]:
        """Return the tokens that follow on a prompt, at most so many, and whether that limit ended them."""
        import llama_cpp
        import torch

        from gravity.trainer.models.sampling import Draws, choose

        llama, draws = self._llama, Draws(request)
        vocabulary = llama_cpp.llama_model_get_vocab(llama.model)
        try:
            if self._held != (adapted, begin) or not self._can_go_back:
                self._held = None
                self._put_on(adapted)
                llama.reset()
                llama.eval(begin)
                self._held = (adapted, begin)
            llama.n_tokens = len(begin)
            llama.eval(rest)
            written: list[int] = []
            while len(written) < most:
                row = np.ctypeslib.as_array(llama_cpp.llama_get_logits_ith(llama.ctx, -1), (1, llama.n_vocab()))
                token = int(choose(torch.from_numpy(row), [draws.next()]))
                if token == self._end or llama_cpp.llama_vocab_is_eog(vocabulary, token):
                    return written, False
                written.append(token)
                if len(written) < most:
                    llama.eval([token])
        except (RuntimeError, ValueError) as error:
            self._held = None
            raise ModelError(f"llama.cpp cannot write with {self._file}: {brief(error)}") from error
        return written, True

    @property
    def _can_go_back(self) -> bool:
        """Whether the model can drop what came after a place: one with a running state or a sliding window cannot."""
        import llama_cpp

        model = self._llama.model
        return not (
            llama_cpp.llama_model_is_recurrent(model)
            or llama_cpp.llama_model_is_hybrid(model)
            or llama_cpp.llama_model_n_swa(model)
        )

    def _put_on(self, adapted: bool) -> None:
        import llama_cpp

        context = self._llama.ctx
        if not adapted:
            failed = llama_cpp.llama_set_adapters_lora(context, None, 0, None)
        else:
            adapters = (llama_cpp.llama_adapter_lora_p_ctypes * 1)(self._lora)
            failed = llama_cpp.llama_set_adapters_lora(context, adapters, 1, (ctypes.c_float * 1)(1.0))
        if failed:
            raise ModelError(f"{self._lora_file} cannot be put on the base {self._file} in llama.cpp")
