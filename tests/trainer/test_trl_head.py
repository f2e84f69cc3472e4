"""The switch inside TRL that the trainer sets is there, changes no figure, and saves the work that it is set for."""

from pathlib import Path
from typing import Any

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from gravity.trainer.models.loading import load
from gravity.trainer.sharing.logps import Batch, Scored, add_head, answer_logps, padded

PROMPT, ANSWER, SEQUENCES = 90, 10, 4


@pytest.fixture
def model(base: Path) -> Any:
    found, _ = load(str(base))
    add_head(found)
    return found


@pytest.fixture
def batch(model: Any) -> Batch:
    """Sequences of 100 tokens, of which the last ten are scored."""
    torch.manual_seed(0)
    tokens = torch.randint(0, model.config.vocab_size, (SEQUENCES, PROMPT + ANSWER), dtype=torch.int32).numpy()
    return padded([Scored(ids, PROMPT) for ids in tokens], torch.device("cpu"))


def _switch() -> Any:
    import trl.trainer.utils as utils

    return vars(utils)["_use_triton"]


def _as_trl_does(model: Any, batch: Batch) -> torch.Tensor:
    """Score a batch as TRL's trainers do, with nothing switched."""
    scores: torch.Tensor = model(**batch.inputs, use_cache=False, fused_lm_head=True).log_probs
    return scores.sum(1)


def _measured(score: Any, model: Any, batch: Batch) -> tuple[torch.Tensor, list[torch.Tensor], int]:
    """Return the scores, the gradients of their sum, and the FLOPs that both took."""
    model.zero_grad()
    with FlopCounterMode(display=False) as counter:
        scores = score(model, batch)
        scores.sum().backward()
    return scores.detach(), [weight.grad.clone() for weight in model.parameters()], counter.get_total_flops()


def test_trl_still_has_the_switch_and_its_head_asks_it(model: Any) -> None:
    assert _switch()(torch.device("cpu")) is False
    # The head is what TRL put in place of the model's forward.
    assert "_use_triton" in model.forward.__func__.__code__.co_names


def test_the_switch_is_put_back(model: Any, batch: Batch) -> None:
    before = _switch()
    answer_logps(model, batch)
    assert _switch() is before
    with pytest.raises(TypeError):
        answer_logps(model, Batch({**batch.inputs, "shift_labels": None}, batch.places, batch.owners, SEQUENCES, 400))
    assert _switch() is before


def test_scores_and_gradients_are_those_without_the_switch_for_less_work(model: Any, batch: Batch) -> None:
    ours, our_gradients, our_flops = _measured(answer_logps, model, batch)
    theirs, their_gradients, their_flops = _measured(_as_trl_does, model, batch)
    torch.testing.assert_close(ours, theirs)
    for one, other in zip(our_gradients, their_gradients, strict=True):
        torch.testing.assert_close(one, other)
    # Forward alone, the head multiplies each place that it scores with the whole vocabulary: 2 FLOPs a weight.
    a_place = 2 * model.config.hidden_size * model.config.vocab_size
    assert their_flops - our_flops >= SEQUENCES * PROMPT * a_place
