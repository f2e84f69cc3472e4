"""What a training run is told, with defaults for a large model; small ones bear a higher learning rate."""

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trainer.bases import DEFAULT_BASE
from trainer.errors import UsageError


@dataclass(frozen=True)
class Settings:
    """One run. `max_length` is in tokens of prompt and answer together; `batch_size` counts pairs.

    `max_steps` None means as many steps as `epochs` takes. `save_steps` is the distance between
    checkpoints, which is also the most that a killed run loses.

    Raises UsageError when a number is out of range.
    """

    dataset: Path
    output: Path
    base: str = DEFAULT_BASE
    epochs: float = 1.0
    max_steps: int | None = None
    batch_size: int = 8
    learning_rate: float = 5e-5
    beta: float = 0.3
    rank: int = 16
    alpha: int = 32
    max_length: int = 1024
    seed: int = 0
    save_steps: int = 50

    def __post_init__(self) -> None:
        """Check every number."""
        if self.seed < 0:
            raise UsageError(f"--seed is {self.seed}: it must not be negative")
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            if isinstance(value, int | float) and field.name != "seed" and not 0 < value < float("inf"):
                raise UsageError(f"--{field.name.replace('_', '-')} is {value}: it must be greater than 0")

    def numbers(self) -> dict[str, Any]:
        """Return what shapes the result, without the paths, as JSON can hold it."""
        return {
            name: value
            for name, value in dataclasses.asdict(self).items()
            if name not in ("dataset", "output", "base", "save_steps")
        }
