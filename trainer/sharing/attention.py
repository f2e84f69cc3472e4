"""How attention is computed for a model, and whether the model applies the mask that sharing needs."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from gravity.trainer.errors import ModelError
from gravity.trainer.settings import Attention
from gravity.trainer.sharing import pieces
from gravity.trainer.sharing.decoder import rounding
from gravity.trainer.sharing.hiding import leaks, seen_through, state
from gravity.trainer.sharing.logps import Batch, Scored, answer_logps, padded, shared
from gravity.trainer.sharing.packing import Tokens, pack
from gravity.trainer.sharing.plan import padded_packs, shared_packs
from gravity.trainer.sharing.tokens import Pair

if TYPE_CHECKING:
    from torch import Tensor

# `check_decoder` has seen by then that it is.
_HINT = "train with --attention plain, which is right for it"
_CHECKED_PAIRS = 4


@dataclass(frozen=True)
class Batches:
    """Makes batches of pairs: packed with what they share, or padded; both sides of a pair or the chosen alone.

    `budget` is in tokens per forward pass, padding included. A pair that is longer alone is cut into pieces where
    it is packed, unless it has to stay `whole`, and except on CUDA.
    """

    attention: Attention
    budget: int
    device: Any
    chosen_only: bool = False
    whole: bool = False

    def split(self, pairs: Sequence[Pair], rows: Iterable[int]) -> list[list[int]]:
        """Say which rows go through the model together."""
        cut = shared_packs if self.attention == "shared" else padded_packs
        return list(cut(lambda row: self.sides(pairs[row]), rows, self.budget))

    def make(self, pairs: Sequence[Pair]) -> Batch:
        """Make one batch: first all chosen sequences, in the order of the pairs, then all rejected ones."""
        sequences = self.sequences(pairs)
        if self.attention == "plain":
            return padded(sequences, self.device)
        return replace(shared(sequences, self.device, self.flex), most=self.budget if self.cuts else None)

    def sequences(self, pairs: Sequence[Pair]) -> list[Scored]:
        """Return what `make` puts into a batch, in its order."""
        sides = zip(*map(self.sides, pairs), strict=True)
        return [Scored(tokens, len(pair.prompt)) for side in sides for tokens, pair in zip(side, pairs, strict=True)]

    def size(self, pairs: Sequence[Pair]) -> int:
        """Count the tokens that `make` would put into a batch, FlexAttention's filling apart."""
        sequences = [scored.tokens for scored in self.sequences(pairs)]
        return len(pack(sequences)) if self.attention == "shared" else len(sequences) * max(map(len, sequences))

    def in_pieces(self, pair: Pair) -> bool:
        """Say whether a pair is computed in pieces."""
        # The sum is quickly known, and not below.
        return self.cuts and sum(map(len, self.sides(pair))) > self.budget and self.size([pair]) > self.budget

    @property
    def cuts(self) -> bool:
        """Say whether packs over the budget are computed in pieces (`gravity.trainer.sharing.pieces`).

        FlexAttention is not made to, so on CUDA a longer pair goes through the model at once.
        """
        return self.attention == "shared" and not self.whole and not self.flex

    @property
    def flex(self) -> bool:
        """Say whether packs are for FlexAttention: on CUDA, elsewhere for `gravity.trainer.sharing.blocks`."""
        return bool(self.device.type == "cuda")

    def sides(self, pair: Pair) -> tuple[Tokens, ...]:
        """Return the sequences of a pair that are computed."""
        return pair.sequences()[: 1 if self.chosen_only else 2]


def prepare_model(model: Any, batches: Batches, pairs: Sequence[Pair]) -> None:
    """Set the model's way of attention, and see that it applies the packs' mask and positions.

    Raises ModelError for a model that does not, which `--attention plain` can still train: one with layers that carry
    a state from token to token, one whose attention looks back no further than a window that is shorter than the
    longest pair, one that takes no such mask, or one for which a few pairs come out otherwise than without sharing.
    Where pairs are longer than the budget, these are computed in pieces too.
    """
    if batches.attention == "plain":
        return
    from gravity.trainer.sharing import blocks

    kinds = state(model)
    if kinds is not None:
        raise ModelError(
            f"the model has layers that carry a state from token to token ({kinds}), which no mask stops: "
            f"a prefix cannot be shared, {_HINT}"
        )
    longest = max(map(len, pairs))
    window = _window(model.config.get_text_config())
    if window is not None and window < longest:
        raise ModelError(
            f"the model attends to windows of {window} tokens, and the longest pair has {longest}: "
            f"their prefix cannot be shared, lower --max-length or {_HINT}"
        )
    checked = pairs[:_CHECKED_PAIRS]
    expected = _alone(model, batches, checked)
    try:
        blocks.register()
        model.set_attn_implementation("flex_attention" if batches.flex else blocks.NAME)
        batch = replace(batches.make(checked), most=None)
        difference = _difference(model, batch, batches.sequences(checked), expected)
        changed = seen_through(model, batch, batches.sequences(checked))
        halved = 0.0
        if any(map(batches.in_pieces, pairs)):
            halved = _difference(
                model, replace(batch, most=-(-batch.tokens // 2)), batches.sequences(checked), expected
            )
    except Exception as error:  # every architecture fails in its own way
        if "out of memory" in str(error):
            raise
        raise ModelError(
            f"the architecture {model.config.model_type} computes attention in a way of its own, which takes no mask "
            f"that shares a prefix: {_HINT}"
        ) from error
    tolerance = rounding(batches.device)
    if not difference <= tolerance:
        raise ModelError(
            f"the model does not apply the attention mask that shares a prefix: log-probabilities differ by "
            f"{difference:.2g} per token, more than {tolerance:g}: {_HINT}"
        )
    if not halved <= tolerance:
        raise ModelError(
            f"the model does not compute in pieces what it does at once: log-probabilities differ by {halved:.2g} per "
            f"token, more than {tolerance:g}: raise --max-tokens until the longest pair fits, or {_HINT}"
        )
    if leaks(changed, batches.device):
        raise ModelError(
            f"what the attention mask hides reaches the model's other tokens all the same: log-probabilities change "
            f"by {changed:.2g} per token with it: {_HINT}"
        )


def _alone(model: Any, batches: Batches, pairs: Sequence[Pair]) -> "Tensor":
    """Score one sequence at a time, as when writing, so that padding does not decide."""
    import torch

    with torch.no_grad():
        return torch.cat(
            [answer_logps(model, padded([sequence], batches.device)) for sequence in batches.sequences(pairs)]
        )


def _difference(model: Any, batch: Batch, sequences: Sequence[Scored], expected: "Tensor") -> float:
    """Return by how much the sequences' log-probabilities, packed, are off on average, per token."""
    import torch

    with torch.no_grad():
        packed = pieces.answer_logps(model, batch)
    lengths = [len(sequence.tokens) - sequence.start for sequence in sequences]
    return float(((packed - expected).abs() / torch.tensor(lengths, device=expected.device)).mean())


def _window(config: Any) -> int | None:
    kinds = set(getattr(config, "layer_types", None) or ())
    if getattr(config, "use_sliding_window", True) is False or kinds == {"full_attention"}:
        return None
    sizes = [getattr(config, name, None) for name in ("sliding_window", "attention_chunk_size")]
    return min((size for size in sizes if size is not None), default=None)
