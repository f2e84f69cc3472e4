"""Says when a run has ended where it began: an exit code of 0 tells that it ran, not that anything was learned."""

import math

from gravity.trainer.settings import Settings
from gravity.trainer.training.report import LAST_STEPS

# Of the value at the start: a loss that has come down by no more than this has not come down but for rounding.
_ROUNDING = 1e-4
# One that is higher by this has risen: the rate is too high. In between nothing has moved: it is too low.
_RISEN = 1e-3


def nothing_learned(log: list[dict[str, float]], settings: Settings) -> str | None:
    """Say in one line that the loss has not come down, what that means and what to do; None where it has.

    `log` has a record for each step. The mean loss of the last LAST_STEPS steps, step 1 aside since it comes before
    the first change, is held against the loss at the start: ln 2 for DPO and (1 / (2 beta))^2 for IPO, where no answer
    is preferred, and step 1's for SFT, which varies with the rows of a step. A run of one step says nothing.
    """
    last = [record["loss"] for record in log[1:]][-LAST_STEPS:]
    if not last:
        return None
    mean, start, name = sum(last) / len(last), *_start(log, settings)
    if mean < start * (1 - _ROUNDING):
        return None
    rate = f"--learning-rate ({settings.learning_rate:g})"
    advice = f"lower {rate}, or train for more steps"
    if mean < start * (1 + _RISEN):
        advice = f"train for more steps, or raise {rate}"
    steps = f"step {len(log)}" if len(last) == 1 else f"steps {len(log) - len(last) + 1} to {len(log)}"
    return f"nothing was learned: the loss of {steps} is {mean:.3f}, not below the {start:.3f} of {name}: {advice}"


def _start(log: list[dict[str, float]], settings: Settings) -> tuple[float, str]:
    if settings.loss_type == "sft":
        return log[0]["loss"], "step 1, before any change"
    neither = "a model that prefers neither answer"
    return (math.log(2), neither) if settings.loss_type == "sigmoid" else ((1 / (2 * settings.beta)) ** 2, neither)
