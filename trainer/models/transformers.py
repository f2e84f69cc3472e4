"""Writing in batches with a base that transformers loads, with an adapter or without."""

import contextlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from gravity.trainer.errors import ModelError
from gravity.trainer.models.bases import Base
from gravity.trainer.models.loading import context, fingerprint, found_base, load, trained_card_in
from gravity.trainer.models.room import free
from gravity.trainer.models.writer import Heard, Request, Text, Unwritten, described, prompt_ids, too_long
from gravity.trainer.quiet import without_notices
from gravity.trainer.settings import CardIn

MOST_ROWS = 32
# Of the memory that is free.
_SHARE = 0.5


class TransformersWriter:
    """A model that is loaded once and writes many texts at a time. Not for use by several threads at once.

    Each row of a batch draws by numbers of its own. What rows beside it can change is the rounding of sums, which
    padding and the size of a batch may order otherwise; a text then differs where two tokens were nearly alike.
    """

    by: Mapping[str, Any]

    def __init__(
        self, base: str | Base | None, adapter: Path | None = None, max_tokens: int = 200, rows: int = MOST_ROWS
    ) -> None:
        """Load the base, as `gravity.trainer.models.bases.resolve_base` finds it, and the adapter on top.

        `base` None takes the base that the adapter was trained on. At most `rows` texts are written at a time. A system
        message stands where the adapter's training had it (`gravity.trainer.placing`). Raises ModelError.
        """
        found = found_base(base, adapter)
        self._model, self.tokenizer = load(found, adapter)
        card_in: CardIn = trained_card_in(adapter) if adapter is not None else "system"
        self._card_in = card_in
        self._max_tokens = max_tokens
        self._rows = rows
        self._has_adapter = self._adapted = adapter is not None
        identity = fingerprint(self._model)
        self.by = described("transformers", found.name, identity, adapter, card_in, max_tokens)

    def unadapted(self) -> "TransformersWriter":
        """Return the base alone, with the same weights in memory."""
        other = object.__new__(TransformersWriter)
        other.__dict__ |= self.__dict__ | {"_adapted": False, "by": {**self.by, "adapter": None}}
        return other

    def write(self, requests: Sequence[Request], heard: Heard) -> None:
        """Write the texts, those with prompts of like length together."""
        prompts = [prompt_ids(self.tokenizer, request.messages, self._card_in) for request in requests]
        room, waiting = context(self._model), []
        for place, prompt in enumerate(prompts):
            if room is not None and len(prompt) + self._max_tokens > room:
                heard(place, too_long(len(prompt), self._max_tokens, room))
            else:
                waiting.append(place)
        waiting.sort(key=lambda place: len(prompts[place]))
        most = self._rows
        while waiting:
            # The longest first: where memory is short that is seen at once.
            rows = min(most, self._fitting(len(prompts[waiting[-1]]) + self._max_tokens), len(waiting))
            chosen = waiting[-rows:]
            try:
                texts = self._batch([prompts[place] for place in chosen], [requests[place] for place in chosen])
            except MemoryError as error:
                if rows == 1:
                    raise ModelError("there is too little memory to write one text: lower max_tokens") from error
                most = rows // 2
                continue
            del waiting[-rows:]
            for place, text in zip(chosen, texts, strict=True):
                heard(place, text if text.text else Unwritten("the model wrote nothing"))

    def _batch(self, prompts: list[list[int]], requests: list[Request]) -> list[Text]:
        import torch
        import transformers

        from gravity.trainer.models.sampling import processor

        width, pad = max(map(len, prompts)), self.tokenizer.pad_token_id
        ids = torch.tensor([[pad] * (width - len(prompt)) + prompt for prompt in prompts], device=self._model.device)
        mask = torch.tensor([[0] * (width - len(p)) + [1] * len(p) for p in prompts], device=self._model.device)
        ends = self._ends()
        # What is not said here the base's own settings would say: penalties are none of training's.
        config: Any = transformers.GenerationConfig  # which is not typed
        plain = config(
            do_sample=False,
            max_new_tokens=self._max_tokens,
            eos_token_id=sorted(ends),
            pad_token_id=pad,
            repetition_penalty=1.0,
            no_repeat_ngram_size=0,
        )
        base_alone = self._has_adapter and not self._adapted
        try:
            with (
                without_notices(),
                self._model.disable_adapter() if base_alone else contextlib.nullcontext(),
                torch.inference_mode(),
            ):
                output = self._model.generate(
                    input_ids=ids,
                    attention_mask=mask,
                    generation_config=plain,
                    logits_processor=transformers.LogitsProcessorList([processor(requests)]),
                )
        except torch.OutOfMemoryError as error:
            torch.cuda.empty_cache()
            raise MemoryError from error
        return [self._text(row, ends) for row in output[:, width:].tolist()]

    def _text(self, row: list[int], ends: set[int]) -> Text:
        end = next((place for place, token in enumerate(row) if token in ends), None)
        text = self.tokenizer.decode(row[:end], skip_special_tokens=True)
        return Text(str(text).strip(), cut=end is None)

    def _ends(self) -> set[int]:
        """Return the tokens that end an answer."""
        own = self._model.generation_config.eos_token_id
        return {*(own if isinstance(own, list) else [own]), self.tokenizer.eos_token_id} - {None}

    def _fitting(self, tokens: int) -> int:
        """Return how many rows of so many tokens fit into the memory that is free, at least 1, by a rough count."""
        config, size = self._model.config.get_text_config(), self._model.dtype.itemsize
        heads = config.num_attention_heads
        head = getattr(config, "head_dim", None) or config.hidden_size // heads
        kept = 2 * config.num_hidden_layers * (getattr(config, "num_key_value_heads", None) or heads) * head * size
        # While a prompt is read: what a layer holds of each token, and scores of each pair of tokens.
        inner = getattr(config, "intermediate_size", None) or 4 * config.hidden_size
        passing = (8 * config.hidden_size + 3 * inner) * size
        row = tokens * (kept + passing) + heads * tokens * tokens * size + 24 * config.vocab_size
        room = free(self._model.device.type)
        return self._rows if room is None else max(1, int(_SHARE * room // row))
