"""What a run uses where nobody chose: learning rate and number of steps by the size of the model.

A small model needs a higher rate than a large one. The rates of the small sizes were found on planted tastes
(`python -m benchmarks.planted_taste rates`). Those of the others are not measured here.
"""

import dataclasses
import math
from dataclasses import dataclass
from typing import Any

from gravity.trainer.settings import Settings


@dataclass(frozen=True)
class Size:
    """Models of at most `parameters`: the `learning_rate`, and the `steps` below which they were not seen to learn."""

    parameters: float
    learning_rate: float
    steps: int


SIZES = (
    Size(1e7, 5e-3, 120),
    Size(5e8, 1e-3, 16),
    Size(3e9, 1e-4, 1),
    Size(math.inf, 5e-5, 1),
)


def size_of(parameters: int) -> Size:
    """Return the size that a model of so many parameters falls into."""
    return next(size for size in SIZES if parameters <= size.parameters)


def by_size(name: str, value: object) -> bool:
    """Say whether a setting of this value is one that follows from the size of the model."""
    return value is None and name in ("learning_rate", "num_train_epochs")


def chosen(settings: Settings, parameters: int, rows: int) -> Settings:
    """Fill in the learning rate and, where neither steps nor epochs are given, the epochs.

    These are one, and more where that is fewer steps on so many `rows` than the size needs.
    """
    size = size_of(parameters)
    filled: dict[str, Any] = {}
    if settings.learning_rate is None:
        filled["learning_rate"] = size.learning_rate
    if settings.num_train_epochs is None and settings.max_steps is None:
        filled["num_train_epochs"] = max(1, math.ceil(size.steps / math.ceil(rows / settings.batch_size)))
    return dataclasses.replace(settings, **filled)
