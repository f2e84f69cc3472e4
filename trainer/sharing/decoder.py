"""Small passes that show whether a model is the decoder that training takes it for.

Tolerances are in nats per token. Of SmolLM2-135M the same answers computed alone, padded and packed differ by up to
3e-6 in float32; in bfloat16 by 9e-3 on average and 4e-2 at most, so there the mean over answers is what counts.
"""

import inspect
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from gravity.trainer.errors import ModelError, brief
from gravity.trainer.sharing.hiding import leaks
from gravity.trainer.sharing.logps import Scored, answer_logps, padded, precision
from gravity.trainer.sharing.tokens import Pair

if TYPE_CHECKING:
    from torch import Tensor

_ROUNDING = {"cpu": 1e-4, "cuda": 5e-2}


def rounding(device: Any) -> float:
    """Return by how much log-probabilities may differ that are computed in two ways, in nats per token."""
    return _ROUNDING.get(device.type, _ROUNDING["cpu"])


def check_decoder(model: Any, pairs: Sequence[Pair], device: Any) -> None:
    """See that a model predicts a token from those before it alone, and scores a padded batch as it writes.

    It has to do so in training too. `model` is not in training and has the head of `add_head`; the first of the pairs
    is looked at, since all of this is the model's. Raises ModelError for one that training cannot be right for.
    """
    import torch

    sequences = [Scored(side, len(pairs[0].prompt)) for side in pairs[0].sequences()]
    try:
        whole = [_written(model, sequence, device) for sequence in sequences]
        otherwise = _written(model, _continued(model, sequences[0]), device)
        with torch.no_grad():
            batch = padded(sequences, device)
            scored = answer_logps(model, batch)
            trained = answer_logps(model.train(), batch)
        model.eval()
    except Exception as error:  # every architecture fails in its own way
        if isinstance(error, ModuleNotFoundError) or "out of memory" in str(error):
            raise
        raise ModelError(f"the model cannot be run on the training rows ({brief(error)}): use another base") from error
    # Of an answer's second half, its first knows nothing.
    after = float((whole[0] - otherwise)[: len(otherwise) // 2].abs().mean())
    if leaks(after, device):
        raise ModelError(
            f"the model predicts a token from those after it too (log-probabilities change by {after:.2g} per token): "
            "it is no causal language model, use another base"
        )
    off = _mean([(one.sum() - total) / len(one) for one, total in zip(whole, scored, strict=True)])
    if not off <= rounding(device):
        raise ModelError(
            f"the model does not score a batch of answers as it writes them: log-probabilities differ by {off:.2g} per "
            f"token, more than {rounding(device):g}: use another base"
        )
    noise = _mean([(one - other) / len(part) for one, other, part in zip(scored, trained, whole, strict=True)])
    # The same passes to the bit, but for chance.
    if leaks(noise, device):
        raise ModelError(
            f"the model scores answers otherwise while it trains: log-probabilities differ by {noise:.2g} per token, "
            "since it drops or shakes something at random that cannot be switched off here: use another base"
        )


def _continued(model: Any, sequence: Scored) -> Scored:
    """Return the sequence with other tokens for the second half of its answer."""
    tokens = sequence.tokens.copy()
    second = slice(sequence.start + (len(tokens) - sequence.start) // 2, None)
    tokens[second] = (tokens[second] + 1) % model.get_input_embeddings().weight.shape[0]
    return Scored(tokens, sequence.start)


def _written(model: Any, sequence: Scored, device: Any) -> "Tensor":
    """Return the log-probability of each token of an answer by the model's own head, as when it writes."""
    import torch

    ids = torch.as_tensor(sequence.tokens, dtype=torch.long, device=device)[None]
    answer = ids[0, sequence.start :]
    # Logits of the whole prompt can be larger than the model.
    inner = model.get_base_model() if hasattr(model, "get_base_model") else model
    short = "logits_to_keep" in inspect.signature(inner.forward).parameters
    kept = {"logits_to_keep": len(answer) + 1} if short else {}
    with torch.no_grad(), precision(device):
        logits = model(input_ids=ids, use_cache=False, **kept).logits[0, -len(answer) - 1 : -1]
    logps: Tensor = logits.float().log_softmax(-1).gather(1, answer[:, None])[:, 0]
    return logps


def _mean(differences: list["Tensor"]) -> float:
    return sum(abs(float(one)) for one in differences) / len(differences)
