"""How much memory training takes, part by part, and how many tokens at once fit: forecast from shapes alone."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

from gravity.trainer.settings import Settings

# More share hardly more: a step's pairs of one card mostly lie in one pack already.
_MOST_TOKENS = {"cuda": 16384, "cpu": 4096}
FEWEST_TOKENS = 256
_WHOLE = 128
# What the allocator rounds up and leaves between, and on a CPU what other programs may come to want.
USABLE = {"cuda": 0.92, "cpu": 0.7}

# What libraries come to hold on a CPU once they compute, as `benchmarks/dry_run_forecast.py` found it.
_BESIDE = {"cuda": 0, "cpu": 88 << 20}

_TRIED_LAYERS = (1, 3)
_TRIED_TOKENS = (1024, 2048)


class Needs(NamedTuple):
    """Bytes of a run with packs of so many tokens at most.

    `training` is the adapter's gradients with AdamW's two moments, `activations` what a forward pass leaves,
    `passing` what comes on top at the fullest moment of the backward pass, the head's tiles among it, and on a CPU what
    libraries come to hold. The reference
    runs without gradients, before there are any, and stays below.
    """

    weights: float
    adapter: float
    training: float
    activations: float
    passing: float

    @property
    def total(self) -> float:
        """Return all of it."""
        return sum(self)

    @property
    def growth(self) -> float:
        """Return what comes on top of a loaded base."""
        return self.total - self.weights


@dataclass(frozen=True)
class Forecast:
    """Needs as a function of the tokens at once.

    `kept` and `peak` are bytes of a pass by tokens, `parameters` counts weights in linear layers, other weights, and
    the adapter's.
    """

    kept: Callable[[float], float]
    peak: Callable[[float], float]
    parameters: tuple[float, float, float]
    bytes_a_weight: float
    bytes_otherwise: float
    beside: float = 0

    def needs(self, tokens: int) -> Needs:
        """Return what a pass of so many tokens takes."""
        linear, other, adapter = self.parameters
        kept = self.kept(tokens)
        return Needs(
            weights=linear * self.bytes_a_weight + other * self.bytes_otherwise,
            adapter=4 * adapter,
            training=12 * adapter,
            activations=kept,
            # Gradients of the adapter are counted above, and are part of the peak.
            passing=max(self.peak(tokens) - kept - 4 * adapter, 0) + self.beside,
        )

    @property
    def bytes_a_token(self) -> float:
        """Return the activations of a token."""
        return (self.kept(_TRIED_TOKENS[1]) - self.kept(_TRIED_TOKENS[0])) / (_TRIED_TOKENS[1] - _TRIED_TOKENS[0])

    def most_tokens(self, room: float, device: str) -> int | None:
        """Return how many tokens at once fit beside a loaded base into `room` bytes, None where not even few do."""
        room *= USABLE[device]
        few, many = self.needs(FEWEST_TOKENS).growth, self.needs(_MOST_TOKENS[device]).growth
        if many <= room:
            return _MOST_TOKENS[device]
        if few > room:
            return None
        fitting = FEWEST_TOKENS + (_MOST_TOKENS[device] - FEWEST_TOKENS) * (room - few) / (many - few)
        return int(fitting) // _WHOLE * _WHOLE


def forecast(
    config: Any, settings: Settings, device: str, label_share: float, bytes_a_weight: float | None = None
) -> Forecast:
    """Forecast the memory of a run from a model's configuration, on "cpu" (float32) or "cuda" (bfloat16).

    A pass is traced on torch's meta device for few layers and two lengths, and what it would use drawn out to all
    layers: both grow in proportion. `label_share` is the part of a pack's tokens that is scored. `bytes_a_weight`
    is what a weight of a linear layer takes (None: 4 in float32, 2 in bfloat16).
    """
    from gravity.trainer.training.skeleton import passed, skeleton

    cuda, otherwise = device == "cuda", 2 if device == "cuda" else 4
    layers = int(config.get_text_config().num_hidden_layers)
    tried = [layers] if layers <= _TRIED_LAYERS[1] else list(_TRIED_LAYERS)
    found = []
    for count in tried:
        model = skeleton(config, settings, cuda, count)
        passes = [passed(model, tokens, int(label_share * tokens) or 1) for tokens in _TRIED_TOKENS]
        found.append([*(one.kept for one in passes), *(one.peak for one in passes), *_counted(model)])
    kept_few, kept_many, peak_few, peak_many, *parameters = (
        values[0] + (layers - tried[0]) * (values[-1] - values[0]) / max(tried[-1] - tried[0], 1)
        for values in zip(*found, strict=True)
    )
    return Forecast(
        kept=_line(kept_few, kept_many),
        peak=_line(peak_few, peak_many),
        parameters=(parameters[0], parameters[1], parameters[2]),
        bytes_a_weight=otherwise if bytes_a_weight is None else bytes_a_weight,
        bytes_otherwise=otherwise,
        beside=_BESIDE[device],
    )


def checkpointing(settings: Settings, device: str) -> bool:
    """Say whether a run computes activations again in the backward pass."""
    return device == "cuda" if settings.gradient_checkpointing is None else settings.gradient_checkpointing


def _counted(model: Any) -> tuple[int, int, int]:
    """Count the weights of a skeleton: in linear layers with an adapter, other ones, the adapter's."""
    named = dict(model.named_parameters())
    adapter = sum(value.numel() for name, value in named.items() if "lora_" in name)
    linear = sum(value.numel() for name, value in named.items() if name.endswith("base_layer.weight"))
    return linear, sum(value.numel() for value in named.values()) - linear - adapter, adapter


def _line(few: float, many: float) -> Callable[[float], float]:
    start, end = _TRIED_TOKENS
    return lambda tokens: few + (many - few) * (tokens - start) / (end - start)
