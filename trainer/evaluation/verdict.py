"""What an evaluation answers, in words: whether the adapter differs from its base at all, then each question."""

from collections.abc import Mapping

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

# In nats. Rounding alone makes up to 0.1 in bfloat16, and DPO's reward margins are ten times as large and more.
LEAST_CHANGE = 0.2

HARDLY = "it hardly differs from its base"
_VERDICTS = {True: "yes", False: "no, it is worse", None: "not shown"}


def verdict(difference: Estimate, change: float) -> str:
    """Say what a difference in accuracy shows of an adapter with this `change`.

    The signs of an adapter that hardly differs from its base say nothing, whatever their interval. Else yes is said
    where the whole interval is above 0, which happens by chance in at most 2.5% of cases without a difference.
    """
    if change < LEAST_CHANGE:
        return HARDLY
    return _VERDICTS[difference.above(0)] if difference.sufficient else "insufficient"


def mean_change(moved: Array) -> float:
    """Return how far an adapter moves the log-odds between the two answers of a pair, in the mean over rows, in nats.

    `moved` is each row's log-ratio to the base of the chosen answer less that of the rejected, NaN where there is none:
    the margin of implicit reward without its beta. So it is about what the model would write, whatever it was trained
    with.
    """
    known = np.abs(moved[np.isfinite(moved)])
    return float(known.mean()) if len(known) else 0.0


def warning(change: float) -> str | None:
    """Say that an adapter hardly differs from its base and what to do, None where it differs."""
    if change >= LEAST_CHANGE:
        return None
    return (
        f"The adapter hardly differs from its base: in the mean it changes the odds between the two answers of a pair "
        f"by a factor of {np.exp(change):.3f}, and less than {np.exp(LEAST_CHANGE):.2f} is too little to judge. "
        "Train it for longer (--max-steps, --num-train-epochs) or with a higher --learning-rate."
    )


def warnings(changes: Mapping[str, float]) -> list[str]:
    """Say the same of the adapters of an experiment, by name, in one line or none."""
    still = [name for name, change in changes.items() if change < LEAST_CHANGE]
    if not still:
        return []
    return [
        f"Hardly different from their base, so that their figures say nothing: {', '.join(still)}. Train for longer "
        "(max_steps, num_train_epochs) or with a higher learning_rate, by another --recipe."
    ]
