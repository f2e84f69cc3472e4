"""Looks on while a model trains. Imports transformers, so import it only once training is certain."""

import math
from typing import Any

from tqdm import tqdm
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from trainer.errors import DivergedError
from trainer.quiet import on_terminal


class Watch(TrainerCallback):
    """Draws a progress bar on a terminal, and stops a run whose numbers have left the real line."""

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Open the bar, at the step a resumed run begins from."""
        self._bar = tqdm(
            total=state.max_steps,
            initial=state.global_step,
            unit="step",
            disable=not on_terminal(),
            leave=False,
        )

    def on_log(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any) -> None:
        """Move the bar. Raises DivergedError when the loss or the gradient of this step is not finite."""
        logs: dict[str, float] = kwargs["logs"]
        bad = [name for name in ("loss", "grad_norm") if not math.isfinite(logs.get(name, 0.0))]
        if bad:
            self._bar.close()
            raise DivergedError(
                f"training diverged: {bad[0]} is {logs[bad[0]]} at step {state.global_step}: "
                "lower --learning-rate or raise --batch-size"
            )
        self._bar.update(state.global_step - self._bar.n)
        if "rewards/margins" in logs:
            self._bar.set_postfix(loss=f"{logs['loss']:.3f}", margins=f"{logs['rewards/margins']:.2f}")

    def on_train_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Take the bar away."""
        self._bar.close()
