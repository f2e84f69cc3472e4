"""Writing with a base model, with its adapter on or off."""

import contextlib
from pathlib import Path

from gravity.trainer.errors import ModelError
from gravity.trainer.models.loading import context, load, trained_card_in
from gravity.trainer.placing import placed
from gravity.trainer.settings import CardIn

_TEMPERATURE = 0.7
_TOP_P = 0.9


class Generator:
    """A model that is loaded once and writes many times. Not for use by several threads at once."""

    def __init__(self, base: str | None, adapter: Path | None = None) -> None:
        """Load the base, as `gravity.trainer.models.bases.resolve_base` finds it, and the adapter on top.

        `base` None takes the base that the adapter was trained on. A system message stands where the adapter's
        training had it (`gravity.trainer.placing`). Raises ModelError.
        """
        self._model, self._tokenizer = load(base, adapter)
        self._has_adapter = adapter is not None
        self._card_in: CardIn = trained_card_in(adapter) if adapter is not None else "system"

    def write(
        self,
        messages: list[dict[str, str]],
        max_new_tokens: int = 200,
        seed: int | None = None,
        adapted: bool = True,
    ) -> str:
        """Answer messages of {role, content} with at most `max_new_tokens` tokens.

        Without a seed the likeliest token is taken each time; with one, the same seed samples the same
        text. `adapted` False writes as the base alone does.

        Raises ModelError when prompt and answer together exceed what the model can attend to.
        """
        import torch

        encoded = self._tokenizer.apply_chat_template(
            placed(messages, self._card_in), add_generation_prompt=True, return_dict=True, return_tensors="pt"
        ).to(self._model.device)
        prompt_tokens = encoded["input_ids"].shape[1]
        room = context(self._model)
        if room is not None and prompt_tokens + max_new_tokens > room:
            raise ModelError(
                f"the prompt has {prompt_tokens} tokens and {max_new_tokens} are to be written: that exceeds "
                f"the model's {room}, shorten one of them"
            )
        sampling = {} if seed is None else {"temperature": _TEMPERATURE, "top_p": _TOP_P}
        base_alone = self._has_adapter and not adapted
        # Sampling draws from torch's global generator: fork it, so that the caller's stays where it was.
        with (
            torch.random.fork_rng(),
            self._model.disable_adapter() if base_alone else contextlib.nullcontext(),
            torch.inference_mode(),
        ):
            if seed is not None:
                torch.manual_seed(seed)
            output = self._model.generate(
                **encoded, max_new_tokens=max_new_tokens, do_sample=seed is not None, **sampling
            )
        return str(self._tokenizer.decode(output[0][prompt_tokens:], skip_special_tokens=True)).strip()
