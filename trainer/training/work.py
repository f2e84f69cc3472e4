"""What a run has to compute: tokens with and without sharing, and the FLOPs of those tokens."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from gravity.trainer.sharing.attention import Batches
from gravity.trainer.sharing.packing import pack
from gravity.trainer.sharing.plan import Rows
from gravity.trainer.sharing.tokens import Pair
from gravity.trainer.training.planning import Course

# Steps that are laid out; a longer run is drawn out from these, taken evenly.
_TRIED_STEPS = 50
# Products of the attention's backward pass with the scores computed again, in those of its forward pass.
_ATTENTION_BACKWARD = 2.5


@dataclass(frozen=True)
class Load:
    """Tokens that go through the model, how many tokens those attend to in sum, and how many are scored.

    `longest` is the most that go through at once. Where packs are cut into pieces, their second forward pass is not
    counted.
    """

    tokens: float = 0
    attended: float = 0
    scored: float = 0
    longest: int = 0

    def times(self, factor: float) -> "Load":
        """Return so many times the load."""
        return Load(self.tokens * factor, self.attended * factor, self.scored * factor, self.longest)


@dataclass(frozen=True)
class Work:
    """The load of the reference and of the steps, and how many tokens either would be without sharing."""

    reference: Load
    steps: Load
    unshared_reference: float
    unshared_steps: float


def work(batches: Batches, pairs: Sequence[Pair], course: Course, reference: Rows) -> Work:
    """Lay out the packs of a run and count; `reference` are the rows whose log-probabilities the base is asked for.

    Evaluations of early stopping are not counted.
    """
    tried = np.unique(np.linspace(0, course.steps - 1, min(course.steps, _TRIED_STEPS)).astype(int))
    factor = course.steps / len(tried)
    rows = [course.schedule.rows(int(step)) for step in tried]
    alone = sum(len(side) for step in rows for row in step for side in batches.sides(pairs[row]))
    return Work(
        reference=_load(batches, pairs, [reference]),
        steps=_load(batches, pairs, rows).times(factor),
        unshared_reference=sum(len(side) for row in reference for side in batches.sides(pairs[row])),
        unshared_steps=alone * factor,
    )


def flops(config: Any, linear: float, load: Load, gradients: bool, again: bool) -> float:
    """Return the FLOPs of a load: 2 a weight and token, 4 a feature of the queries and token attended to.

    `linear` counts the weights of the layers. With `gradients` those of activations are computed too (the base is
    frozen, and the adapter's own are some hundredths), with `again` the forward pass a second time.
    """
    text = config.get_text_config()
    width = getattr(text, "head_dim", None) or text.hidden_size // text.num_attention_heads
    layers = 2 * linear * load.tokens
    attention = 4 * text.num_hidden_layers * text.num_attention_heads * width * load.attended
    head = 2 * text.hidden_size * text.vocab_size * load.scored
    forward = 1 + again
    if not gradients:
        return float(layers + attention + head)
    return float((forward + 1) * layers + (forward + _ATTENTION_BACKWARD) * attention + 2 * head)


def _load(batches: Batches, pairs: Sequence[Pair], steps: Iterable[Any]) -> Load:
    tokens = attended = scored = longest = 0
    for rows in steps:
        for part in batches.split(pairs, rows):
            sequences = batches.sequences([pairs[row] for row in part])
            if batches.attention == "shared":
                places = pack([one.tokens for one in sequences]).positions
                size, seen = len(places), int(places.sum()) + len(places)
            else:
                width = max(len(one.tokens) for one in sequences)
                size, seen = len(sequences) * width, len(sequences) * width * (width + 1) // 2
            tokens, attended = tokens + size, attended + seen
            longest = max(longest, min(size, batches.budget) if batches.cuts else size)
            scored += sum(len(one.tokens) - one.start for one in sequences)
    return Load(tokens, attended, scored, longest)
