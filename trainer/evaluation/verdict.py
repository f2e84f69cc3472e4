"""What an evaluation answers, in words: whether the adapter differs from its base at all, then each question."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from gravity.trainer.clusters import Array
from gravity.trainer.intervals import Estimate

# Each asks of one of DIFFERENCES whether it is above 0.
QUESTIONS = {
    "adapter - shuffled": "does the reader's own profile beat another's",
    "adapter - no profile": "does it beat none",
    "adapter - base": "does it beat the base",
    "adapter - base, log-prob": "is it more likely to write what was chosen",
    "adapter - length": "does it beat length alone",
}
HARDLY = "it hardly differs from its base"

# In nats: less changes the odds between two whole texts by under a quarter.
_LEAST = 0.2
_ROUNDINGS = 2  # as far as rounding moves them is no change, and of twice that much a good part is rounding

_VERDICTS = {True: "yes", False: "no, it is worse", None: "not shown"}


@dataclass(frozen=True)
class Change:
    """How far an adapter moves the log-odds between the two answers of a pair, in the mean over rows, in nats.

    `rounding` is how far rounding alone does: next to nothing in float32, and no little in half precision.
    """

    nats: float
    rounding: float

    @property
    def hardly(self) -> bool:
        """Say whether that is too little to judge the adapter by."""
        return self.nats < max(_LEAST, _ROUNDINGS * self.rounding)

    def record(self) -> dict[str, Any]:
        """Return the change as JSON holds it."""
        return {**asdict(self), "hardly differs": self.hardly}

    def text(self) -> str:
        """Say how far, and beside it how far rounding does."""
        return (
            f"in the mean it moves the log-odds between the two answers of a pair by {self.nats:.3f} nats, and "
            f"rounding alone moves them by {self.rounding:.3f}"
        )


def mean_change(moved: Array) -> float:
    """Return the mean over rows of the absolute change in log-odds, in nats.

    `moved` is each row's log-ratio to the base of the chosen answer less that of the rejected, NaN where there is none:
    the margin of implicit reward without its beta. So it is about what the model would write, whatever the beta.
    """
    known = np.abs(moved[np.isfinite(moved)])
    return float(known.mean()) if len(known) else 0.0


def verdict(difference: Estimate, change: Change) -> str:
    """Say what a difference in accuracy shows of an adapter with this change.

    The signs of an adapter that hardly differs from its base say nothing, whatever their interval. Else yes is said
    where the whole interval is above 0.
    """
    if change.hardly:
        return HARDLY
    return _VERDICTS[difference.above(0)] if difference.sufficient else "insufficient"


def warning(change: Change) -> str | None:
    """Say that an adapter hardly differs from its base and what to do, None where it differs."""
    if not change.hardly:
        return None
    return (
        f"The adapter hardly differs from its base: {change.text()}. Less than {_LEAST} nats, or than twice what "
        "rounding makes, is too little to judge. Train it for longer (--max-steps, --num-train-epochs) or with a "
        "higher --learning-rate."
    )


def warnings(changes: Mapping[str, Change]) -> list[str]:
    """Say the same of the adapters of an experiment, by name, in one line or none."""
    still = [name for name, change in changes.items() if change.hardly]
    if not still:
        return []
    return [
        f"Hardly different from their base, so that their figures say nothing: {', '.join(still)}. Train for longer "
        "(max_steps, num_train_epochs) or with a higher learning_rate, by another --recipe."
    ]
