"""What a run will compute: which rows in which steps, and how many tokens at once."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from gravity.trainer.errors import brief
from gravity.trainer.models.room import free
from gravity.trainer.settings import Settings
from gravity.trainer.sharing.attention import Batches
from gravity.trainer.sharing.plan import Rows, Schedule, groups
from gravity.trainer.sharing.tokens import Pair
from gravity.trainer.training.memory import FEWEST_TOKENS, Forecast, forecast

# For a model whose memory cannot be forecast.
_UNKNOWN = {"cuda": 8192}
_UNKNOWN_ELSEWHERE = 4096


@dataclass(frozen=True)
class Course:
    """The steps of a run, and its training rows in an order in which they share the most."""

    schedule: Schedule
    steps: int
    ordered: Rows

    def met(self, steps: int) -> Rows:
        """Return the rows that so many steps meet, in that order: a short run meets few of them."""
        drawn = np.unique(np.concatenate([self.schedule.rows(step) for step in range(steps)]))
        rows: Rows = self.ordered[np.isin(self.ordered, drawn)]
        return rows


def course(settings: Settings, pairs: Sequence[Pair], rows: Rows) -> Course:
    """Plan the steps of a run on those `rows` of the pairs."""
    gathered = together(pairs, rows)
    schedule = Schedule(gathered, settings.batch_size, settings.pairs_per_prefix, settings.seed)
    steps = settings.max_steps or math.ceil((settings.num_train_epochs or 1) * schedule.steps_an_epoch)
    return Course(schedule, steps, np.concatenate(gathered))


def together(pairs: Sequence[Pair], rows: Rows) -> list[Rows]:
    """Gather those `rows` whose prompts begin with the same card."""
    return [rows[group] for group in groups([pairs[row] for row in rows])]


def label_share(batches: Batches, pairs: Sequence[Pair], rows: Rows) -> float:
    """Return which part of the tokens of the rows' packs is scored."""
    parts = [[pairs[row] for row in part] for part in batches.split(pairs, rows)]
    scored = sum(len(one.tokens) - one.start for part in parts for one in batches.sequences(part))
    return scored / sum(map(batches.size, parts))


def sized(
    batches: Batches, settings: Settings, config: Any, pairs: Sequence[Pair], schedule: Schedule, sharded: bool
) -> dict[str, Any]:
    """Choose how many tokens go through the model at once: those of the settings, else what free memory allows.

    The base is loaded already, unless it is to be `sharded`, when it takes from what is free
    now. Returns `max_tokens` and why, as training.json keeps it.
    """
    if settings.max_tokens is not None:
        return {"max_tokens": settings.max_tokens, "chosen_by": "setting"}
    kind, room, why = batches.device.type, None, "the base is sharded"
    found: Forecast | None = None
    try:
        room = free(kind) if kind in ("cpu", "cuda") and not sharded else None
        if room is not None:
            share = label_share(replace(batches, budget=_UNKNOWN_ELSEWHERE), pairs, schedule.rows(0))
            found = forecast(config, settings, kind, share)
        elif not sharded:
            why = "the free memory is not known"
    except Exception as error:  # every architecture fails in its own way, and none has to be forecast to be trained
        why = brief(error)
    if found is None or room is None:
        tokens = _UNKNOWN.get(kind, _UNKNOWN_ELSEWHERE)
        return {"max_tokens": tokens, "chosen_by": "default", "no_forecast": why}
    tokens = found.most_tokens(room, kind) or FEWEST_TOKENS
    return {
        "max_tokens": tokens,
        "chosen_by": "free memory",
        "free_bytes": room,
        "forecast_bytes": round(found.needs(tokens).growth),
        "activation_bytes_a_token": round(found.bytes_a_token),
    }
