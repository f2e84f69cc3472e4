"""Sets up a model for training on pairs: adapter, attention, order of rows, reference, loop."""

import math
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from gravity.trainer.errors import ModelError
from gravity.trainer.progress import ProgressBar
from gravity.trainer.settings import Settings
from gravity.trainer.sharing.attention import Batches, prepare_model
from gravity.trainer.sharing.decoder import check_decoder
from gravity.trainer.sharing.logps import add_head
from gravity.trainer.sharing.pieces import follows_length
from gravity.trainer.sharing.plan import Rows
from gravity.trainer.sharing.tokens import Pair
from gravity.trainer.training.coverage import coverage
from gravity.trainer.training.early_stopping import EarlyStopping
from gravity.trainer.training.heap import give_back
from gravity.trainer.training.holdout import HoldOut
from gravity.trainer.training.loop import Loop, Record
from gravity.trainer.training.memory import checkpointing
from gravity.trainer.training.noise import switch_off_chance
from gravity.trainer.training.planning import course, sized, together
from gravity.trainer.training.processes import least, sharded, spread
from gravity.trainer.training.reference import reference_logps
from gravity.trainer.training.sizes import chosen
from gravity.trainer.training.workspace import step_of


class Session:
    """A model with a fresh adapter, ready to train on `trained_rows`. The work itself begins with `train`."""

    def __init__(
        self,
        settings: Settings,
        pairs: Sequence[Pair],
        model: Any,
        accelerator: Any,
        aside: HoldOut | None = None,
        memory: dict[str, Any] | None = None,
    ) -> None:
        """Put a LoRA adapter on all linear layers of `model` and plan the steps, on all pairs but those set `aside`.

        `memory` is that of an earlier session, whose number of tokens at once is taken over, so that a resumed run
        goes on to the bit; None chooses it anew.

        Raises ModelError for a model that is no causal decoder or that LoRA cannot be put on, and for one that cannot
        share prefixes where `settings.attention` asks for it.
        """
        import torch
        from peft import LoraConfig, get_peft_model

        from gravity.trainer.sharing.quick import quicken

        rows = np.arange(len(pairs)) if aside is None else aside.train
        settings = chosen(settings, model.num_parameters(), len(rows))
        device = accelerator.device
        if device.type == "cpu":
            give_back()
        planned = course(settings, pairs, rows)
        self.schedule, self.steps, self.met = planned.schedule, planned.steps, planned.met
        self.trained_rows = self.met(self.steps)
        held = rows[:0] if aside is None else aside.held
        self.held: Rows = np.concatenate([held[:0], *together(pairs, held)])
        # Sharded, processes make passes in step, so that none can make more of its own.
        whole = sharded(accelerator) or follows_length(model.config)
        batches = Batches(settings.attention, 0, device, settings.loss_type == "sft", whole)
        self.memory = memory or sized(batches, settings, model.config, pairs, self.schedule, sharded(accelerator))
        self.batches = replace(batches, budget=least(self.memory["max_tokens"], accelerator))
        add_head(model)
        switch_off_chance(model)
        if not sharded(accelerator):
            check_decoder(model, pairs, device)
        if checkpointing(settings, device.type):
            model.activation_checkpointing_enable(activation_checkpointing_kwargs={"use_reentrant": False})
            # The embeddings are frozen; without this nothing that is checkpointed would need a gradient.
            model.enable_input_require_grads()
        torch.manual_seed(settings.seed)
        lora = LoraConfig(
            r=settings.lora_r, lora_alpha=settings.lora_alpha, target_modules="all-linear", task_type="CAUSAL_LM"
        )
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of what PEFT decides by itself; `covered` says what came of it
                adapted = get_peft_model(model, lora)
        except ValueError as error:
            raise ModelError(
                f"LoRA cannot be put on the linear layers of the architecture {model.config.model_type}, since it uses "
                "their weights in ways of its own: use another base"
            ) from error
        self.covered = coverage(adapted)
        if device.type == "cuda":
            _leave_casting_to_autocast(adapted)
        self.model = spread(adapted, accelerator)
        inner = accelerator.unwrap_model(self.model)
        if sharded(accelerator):  # no process has had the whole of it before
            check_decoder(inner, pairs, device)
        prepare_model(inner, self.batches, pairs)
        if device.type == "cpu" and not sharded(accelerator):
            quicken(inner)
        self.settings, self._pairs, self._accelerator = settings, pairs, accelerator
        self.loop: Loop

    def begin(self, folder: Path) -> Loop:
        """Compute the reference, or read it from `folder`, and return the loop that uses it."""
        import torch

        reference = torch.zeros(0, 2)
        if self.settings.loss_type != "sft":
            rows = np.concatenate([self.trained_rows, self.held])
            with ProgressBar("reference", len(rows), "pair", self._accelerator.is_main_process) as progress:
                reference = reference_logps(
                    self.model,
                    self._pairs,
                    rows,
                    self.batches,
                    self._accelerator,
                    folder,
                    progress.advance,
                )
        return Loop(
            settings=self.settings,
            model=self.model,
            pairs=self._pairs,
            reference=reference,
            schedule=self.schedule,
            batches=self.batches,
            accelerator=self._accelerator,
            steps=self.steps,
            stopping=self._stopping(),
        )

    def _stopping(self) -> EarlyStopping | None:
        patience = self.settings.early_stopping_patience
        if patience is None:
            return None
        return EarlyStopping(self.held.tolist(), self.settings.eval_steps or math.ceil(self.steps / 10), patience)

    def train(self, folder: Path, checkpoint: Path | None, report: Callable[[Record], object]) -> dict[str, float]:
        """Begin and run the loop, with what it keeps in `folder`; return the seconds that each took.

        `report` is called with the record of each step.
        """
        started = time.monotonic()
        self.loop = self.begin(folder)
        begun = time.monotonic()
        done = step_of(checkpoint) if checkpoint else 0
        with ProgressBar("training", self.steps, "step", self._accelerator.is_main_process, done) as progress:

            def on_step(record: Record) -> None:
                progress.step(record)
                report(record)

            self.loop.run(folder, checkpoint, on_step)
        return {"reference_seconds": begun - started, "train_seconds": time.monotonic() - begun}


def _leave_casting_to_autocast(model: Any) -> None:
    # The adapter's weights are float32. PEFT would copy what each layer is given to float32, only for autocast to
    # copy that back to bfloat16 and keep it for the backward pass. Without, the figures are the same to the bit.
    from peft.tuners.tuners_utils import BaseTunerLayer

    layers: list[Any] = [module for module in model.modules() if isinstance(module, BaseTunerLayer)]
    for layer in layers:
        layer.cast_input_dtype_enabled = False
