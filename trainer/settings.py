"""The settings of a training run. The learning rate follows the size of the model unless it is given."""

import dataclasses
import types
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from gravity.trainer.errors import UsageError
from gravity.trainer.models.bases import DEFAULT_BASE

LossType = Literal["sigmoid", "ipo", "sft"]
TruncationMode = Literal["drop", "keep_start"]
Attention = Literal["shared", "plain"]
CardIn = Literal["system", "user"]
Report = Literal["none", "tensorboard", "wandb", "mlflow"]

_PATHS = ("dataset", "output")
# Change how a result is computed or kept, and not which: a run can be resumed with others.
_NOT_RESULT = (*_PATHS, "base", "save_steps", "max_tokens", "gradient_checkpointing", "report_to")


@dataclass(frozen=True)
class Settings:
    """One run. Fields that TRL's DPOConfig has too mean the same there.

    `batch_size` counts the pairs of a step, over all processes and passes: the loss is their mean. `max_steps`
    None means as many steps as `num_train_epochs` takes; that being None, the epochs, like `learning_rate`, follow
    the size of the model (`trainer/training/sizes.py`). `max_length` is in tokens of prompt and answer together;
    a longer row, or one longer than the model's context, is left out ("drop") or cut ("keep_start", TRL's way).

    `card_in` says where the reader's card stands in the prompt: "system" leaves it the system message that it is,
    "user" puts it before the user's message, for chat templates without a system message.

    `load_in_4bit` quantizes the base's linear layers to bitsandbytes' NF4, for bases that do not fit otherwise; its
    embeddings, its head and the adapter stay as they are.

    `attention` "shared" computes once what pairs begin with, "plain" computes each side of each pair alone.
    `max_tokens` is how many tokens go through the model at once, padding included (None: what free memory allows,
    4,096 at most on a CPU, 16,384 on CUDA); it changes memory and speed and no figure. `pairs_per_prefix` is how
    many pairs of one card lie together in the order of rows: more share more, fewer mix readers better.
    `gradient_checkpointing` None means on CUDA. With `early_stopping_patience` a part of the training rows is held out
    and evaluated every `eval_steps` (None: ten times a run); training ends after so many evaluations without a gain,
    and the best step's adapter is kept. `save_steps` is the distance between checkpoints, which is also the most that a
    killed run loses. `report_to` names where each step's figures are sent as well, as in transformers: one name or
    several.

    Raises UsageError when a value is of the wrong type or out of range.
    """

    dataset: Path
    output: Path
    base: str = DEFAULT_BASE
    loss_type: LossType = "sigmoid"
    beta: float = 0.3
    num_train_epochs: float | None = None
    max_steps: int | None = None
    batch_size: int = 32
    learning_rate: float | None = None
    warmup_steps: int = 0
    max_grad_norm: float = 1.0
    load_in_4bit: bool = False
    lora_r: int = 16
    lora_alpha: int = 32
    max_length: int = 2048
    truncation_mode: TruncationMode = "drop"
    card_in: CardIn = "system"
    attention: Attention = "shared"
    max_tokens: int | None = None
    pairs_per_prefix: int = 16
    gradient_checkpointing: bool | None = None
    early_stopping_patience: int | None = None
    eval_steps: int | None = None
    seed: int = 0
    save_steps: int = 50
    report_to: Report | Sequence[Report] = "none"

    def __post_init__(self) -> None:
        """Check every value."""
        for name in get_type_hints(type(self)):
            value = getattr(self, name)
            wrong = problem(name, value)
            if wrong is not None:
                raise UsageError(f"--{name.replace('_', '-')} is {value}: {wrong}")

        if self.eval_steps is not None and self.early_stopping_patience is None:
            raise UsageError(
                f"--eval-steps is {self.eval_steps}: nothing is held out without --early-stopping-patience"
            )

    def trackers(self) -> tuple[str, ...]:
        """Return where figures are sent to, each once."""
        return tuple(name for name in dict.fromkeys(_listed(self.report_to)) if name != "none")

    def numbers(self) -> dict[str, Any]:
        """Return what describes the run, without the paths, as JSON can hold it."""
        values = dataclasses.asdict(self)
        left_out = (*_PATHS, "base", "save_steps", "report_to")
        return {name: value for name, value in values.items() if name not in left_out}

    def decisive(self) -> dict[str, Any]:
        """Return what must not change between a run and its continuation."""
        return {name: value for name, value in dataclasses.asdict(self).items() if name not in _NOT_RESULT}


def problem(name: str, value: object) -> str | None:
    """Say what the value of the setting `name` must be, None where it is that."""
    kind = get_type_hints(Settings)[name]
    allowed = _choices(kind)
    # Several values may be given where the type says so, and else a list is wrong as a whole.
    given = _listed(value) if len(_kinds(kind)) > 1 else (value,)
    if allowed and any(one not in allowed for one in given):
        return f"it must be one of {', '.join(allowed)}"
    if not allowed and not _fits(value, kind):
        return f"it must be {_words(kind)}"
    if isinstance(value, int | float) and not isinstance(value, bool):
        least = "not be negative" if name in ("seed", "warmup_steps") else "be greater than 0"
        if not (0 <= value < float("inf")) or (value == 0 and "greater" in least):
            return f"it must {least}"
    return None


def _choices(kind: Any) -> tuple[str, ...]:
    kind = _kinds(kind)[0]
    return get_args(kind) if get_origin(kind) is Literal else ()


def _listed(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list | tuple) else (value,)


def _kinds(kind: Any) -> tuple[Any, ...]:
    return get_args(kind) if get_origin(kind) in (Union, types.UnionType) else (kind,)


def _fits(value: Any, kind: Any) -> bool:
    kinds = _kinds(kind)
    # In Python True is an int and 1 is no float; a settings file means neither.
    if isinstance(value, bool):
        return bool in kinds
    return isinstance(value, kinds) or (float in kinds and isinstance(value, int))


def _words(kind: Any) -> str:
    names = {int: "a whole number", float: "a number", bool: "true or false", str: "a text", Path: "a path"}
    return " or ".join(names[part] for part in _kinds(kind) if part in names)
