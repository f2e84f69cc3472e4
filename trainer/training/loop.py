"""The training loop: steps of pairs, each in as many passes as its packs need."""

import contextlib
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from gravity.trainer.errors import DivergedError
from gravity.trainer.settings import Settings
from gravity.trainer.sharing.attention import Batches
from gravity.trainer.sharing.decoder import rounding
from gravity.trainer.sharing.pieces import learned_logps
from gravity.trainer.sharing.plan import Rows, Schedule
from gravity.trainer.sharing.tokens import Pair
from gravity.trainer.training import checkpoint, losses
from gravity.trainer.training.early_stopping import EarlyStopping, best_step
from gravity.trainer.training.noise import check_first_step, drift
from gravity.trainer.training.processes import idle_passes, whole

if TYPE_CHECKING:
    from torch import Tensor

Record = dict[str, float]


@dataclass
class Loop:
    """Everything a run steps through. `model` is prepared by `accelerator`; `reference` is (rows, 2)."""

    settings: Settings
    model: Any
    pairs: Sequence[Pair]
    reference: "Tensor"
    schedule: Schedule
    batches: Batches
    accelerator: Any
    steps: int
    stopping: EarlyStopping | None = None
    log: list[Record] = field(default_factory=list)
    tokens: int = 0
    unshared_tokens: int = 0

    def run(self, folder: Path, resume_from: Path | None, on_step: Callable[[Record], object]) -> None:
        """Train for `steps` steps in all, or until `stopping` ends it, with checkpoints under `folder`.

        With `stopping` the model has the best step's adapter in the end. `log` gets a record for each step, with TRL's
        names. `on_step` is called with each record.
        Raises DivergedError before a step whose loss or gradient is not finite, TrainingError where the first one
        shows that policy and reference are not one function.
        """
        import torch
        from transformers import get_scheduler

        settings, named = self.settings, self.accelerator.unwrap_model(self.model).named_parameters()
        parameters = {name: parameter for name, parameter in named if parameter.requires_grad}
        # A session has filled it in.
        assert settings.learning_rate is not None
        optimizer = torch.optim.AdamW(parameters.values(), lr=settings.learning_rate, weight_decay=0.0, fused=True)
        scheduler = get_scheduler("linear", optimizer, settings.warmup_steps, self.steps)
        if resume_from is not None:
            state = checkpoint.restore(resume_from, parameters, optimizer)
            scheduler.load_state_dict(state["scheduler"])
            for group, rate in zip(optimizer.param_groups, state["scheduler"]["_last_lr"], strict=True):
                group["lr"] = rate
            self.log, self.tokens, self.unshared_tokens = state["log"], state["tokens"], state["unshared_tokens"]
        self.model.train()
        for step in range(len(self.log), self.steps):
            if self.stopping is not None and self.stopping.exhausted(self.log):
                break
            record = self.backward(self.schedule.rows(step))
            norm = self.accelerator.clip_grad_norm_(parameters.values(), settings.max_grad_norm)
            record["grad_norm"] = float(whole(norm))
            _check_finite(record, step + 1)
            if "drift" in record:
                check_first_step(record.pop("drift"), rounding(self.batches.device))
            record |= {
                "learning_rate": scheduler.get_last_lr()[0],
                "epoch": (step + 1) / self.schedule.steps_an_epoch,
                "step": step + 1,
            }
            optimizer.step()
            scheduler.step()
            optimizer.zero_grad()
            evaluated = self.stopping is not None and self.stopping.due(step + 1, self.steps)
            if self.stopping is not None and evaluated:
                record |= self.stopping.evaluate(self)
            self.log.append(record)
            on_step(record)
            if (evaluated or (step + 1) % settings.save_steps == 0) and step + 1 < self.steps:
                tensors = checkpoint.tensors(parameters, optimizer)
                state = {
                    "scheduler": scheduler.state_dict(),
                    "log": self.log,
                    "tokens": self.tokens,
                    "unshared_tokens": self.unshared_tokens,
                }
                keep = self.stopping.worth_keeping(self.log) if self.stopping is not None else ()
                if self.accelerator.is_main_process:
                    checkpoint.save(folder, step + 1, tensors, state, keep)
        best = best_step(self.log)
        if best is not None and best < len(self.log):
            self.accelerator.wait_for_everyone()
            checkpoint.restore(folder / f"checkpoint-{best}", parameters, optimizer)

    def backward(self, rows: Rows) -> Record:
        """Accumulate the gradient of the mean loss of `rows` over all passes and processes; return its figures."""
        import torch

        world = self.accelerator.num_processes
        mine = np.array_split(rows, world)[self.accelerator.process_index]
        # A process without a row of its own still takes part, with one that weighs nothing.
        parts, weight = (self.batches.split(self.pairs, mine), 1.0) if len(mine) else ([[int(rows[0])]], 0.0)
        passes = [(part, weight) for part in parts]
        passes += [(parts[-1], 0.0)] * idle_passes(len(parts), self.accelerator)
        answer_tokens = sum(len(self.pairs[row].chosen) for row in rows) / len(rows)
        totals: dict[str, Tensor] = {}
        for number, (part, weight) in enumerate(passes, 1):
            batch = self.batches.make([self.pairs[row] for row in part])
            with contextlib.nullcontext() if number == len(passes) else self.accelerator.no_sync(self.model):
                logps, finish = learned_logps(self.model, batch)
                figures = self.figures(logps, part, answer_tokens)
                # Gradients are averaged over processes, so each counts for as many.
                self.accelerator.backward(figures["loss"].sum() * weight * world / len(rows))
                finish()
            figures["tokens"] = torch.tensor([float(batch.tokens)], device=self.batches.device)
            for name, values in figures.items():
                totals[name] = totals.get(name, 0) + values.detach().sum() * weight
        names = list(totals)
        sums = self.accelerator.reduce(torch.stack([totals[name] for name in names])).tolist()
        record = dict(zip(names, sums, strict=True))
        self.tokens += int(record.pop("tokens"))
        self.unshared_tokens += sum(len(side) for row in rows for side in self.batches.sides(self.pairs[row]))
        return {name: value / len(rows) for name, value in record.items()} | {"num_tokens": self.tokens}

    def figures(self, logps: "Tensor", rows: list[int], answer_tokens: float) -> dict[str, "Tensor"]:
        """Return the loss and TRL's figures of each pair of one pass; `answer_tokens` is that of `losses.sft`."""
        import torch

        settings, pairs = self.settings, [self.pairs[row] for row in rows]
        if settings.loss_type == "sft":
            return {"loss": losses.sft(logps, answer_tokens), "logps/chosen": logps}
        chosen, rejected = logps.chunk(2)
        reference = self.reference[rows]
        ratios = chosen - reference[:, 0], rejected - reference[:, 1]
        lengths = torch.tensor([[len(p.chosen), len(p.rejected)] for p in pairs], device=logps.device)
        if settings.loss_type == "sigmoid":
            loss = losses.sigmoid(*ratios, settings.beta)
        else:
            loss = losses.ipo(*ratios, lengths[:, 0], lengths[:, 1], settings.beta)
        rewards = settings.beta * ratios[0], settings.beta * ratios[1]
        return {
            **({} if self.log else {"drift": drift(ratios, lengths)}),
            "loss": loss,
            "rewards/chosen": rewards[0],
            "rewards/rejected": rewards[1],
            "rewards/accuracies": (rewards[0] > rewards[1]).float(),
            "rewards/margins": rewards[0] - rewards[1],
            "logps/chosen": chosen,
            "logps/rejected": rejected,
        }


def _check_finite(record: Record, step: int) -> None:
    for name in ("loss", "grad_norm"):
        if not math.isfinite(record[name]):
            raise DivergedError(
                f"training diverged: {name} is {record[name]} at step {step}: "
                "lower --learning-rate or raise --batch-size"
            )
