"""A pair longer than what goes through the model at once is computed in pieces, to the same losses and gradients."""

import contextlib
import math
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from gravity.trainer.models.loading import load
from gravity.trainer.settings import LossType, Settings
from gravity.trainer.sharing.tokens import Pair
from gravity.trainer.training.session import Session
from tests.trainer.conftest import write_base

# The pack of one pair: 150 tokens of card, 20 of question, answers of 40 and 50, and one token laid out twice.
CARD, PACKED = 150, 261
# It has pieces that no label lies in, ends within attention's blocks, and answers over several pieces.
FEW = 37


def _pairs(vocabulary: int) -> list[Pair]:
    """Two pairs of one card, whose answers begin with other tokens."""
    draw = np.random.default_rng(0)
    card = draw.integers(3, vocabulary - 2, CARD)

    def tokens(count: int, first: int) -> Any:
        return np.concatenate([[first], draw.integers(3, vocabulary - 2, count - 1)]).astype(np.int32)

    return [
        Pair(
            np.concatenate([card, tokens(20, vocabulary - 2 + number)]).astype(np.int32),
            tokens(40, vocabulary - 2),
            tokens(50, vocabulary - 1),
        )
        for number in range(2)
    ]


def _session(base: Path, folder: Path, **options: Any) -> Session:
    """Return a session on the two pairs whose adapter does something."""
    from accelerate import Accelerator

    model, _ = load(str(base))
    given = {"max_steps": 1, "batch_size": 2, "learning_rate": 1e-2, **options}
    session = Session(Settings(folder, folder, str(base), **given), _pairs(300), model, Accelerator(cpu=True))
    torch.manual_seed(1)
    for parameter in session.model.parameters():
        if parameter.requires_grad:
            torch.nn.init.normal_(parameter, std=0.1)
    return session


@contextlib.contextmanager
def _passes(session: Session) -> Iterator[list[int]]:
    """Note how many tokens each pass of the model gets, inside the block."""
    seen: list[int] = []
    words = session.model.get_base_model().get_input_embeddings()
    hook = words.register_forward_hook(lambda module, given, found: seen.append(given[0].numel()))
    yield seen
    hook.remove()


def _step(session: Session, folder: Path) -> tuple[Any, dict[str, float], dict[str, Any]]:
    """Return the reference, a step's figures, and its gradients."""
    folder.mkdir()
    loop = session.begin(folder)
    session.model.train()
    figures = loop.backward(session.schedule.rows(0))
    named = session.model.named_parameters()
    return loop.reference, figures, {name: one.grad for name, one in named if one.requires_grad}


MODELS: dict[str, dict[str, Any]] = {
    "llama": {},
    "qwen2": {},
    # Scores of so small a model would not feel the default cap of 50.
    "gemma2": {"attn_logit_softcapping": 0.5, "head_dim": 8, "query_pre_attn_scalar": 1},
}


@pytest.mark.parametrize("checkpointing", [False, True], ids=["kept", "checkpointing"])
@pytest.mark.parametrize("loss_type", ["sigmoid", "ipo", "sft"])
@pytest.mark.parametrize("model_type", MODELS)
def test_pieces_learn_what_the_pack_does(
    model_type: str, loss_type: LossType, checkpointing: bool, tmp_path: Path
) -> None:
    base = write_base(tmp_path / "base", model_type, **MODELS[model_type])
    found = []
    for most in (4096, FEW):
        options: dict[str, Any] = {"loss_type": loss_type, "gradient_checkpointing": checkpointing, "max_tokens": most}
        session = _session(base, tmp_path, **options)
        with _passes(session) as passes:
            found.append(_step(session, tmp_path / str(most)))
        assert max(passes) <= most
        # Twice for the step, and for the reference once.
        packed = PACKED - (51 if loss_type == "sft" else 0)
        times = 2 if loss_type == "sft" else 3
        assert most > FEW or len(passes) == times * 2 * math.ceil(packed / FEW)
    (reference, figures, gradients), (reference_too, figures_too, gradients_too) = found
    torch.testing.assert_close(reference_too, reference, rtol=1e-6, atol=1e-5)
    trained_tokens = figures.pop("num_tokens"), figures_too.pop("num_tokens")
    assert trained_tokens[1] == 2 * packed > trained_tokens[0]
    assert figures_too == pytest.approx(figures, rel=1e-5, abs=1e-5)
    for name, expected in gradients.items():
        assert torch.dist(gradients_too[name], expected) < 1e-5 * expected.norm(), name


def test_gradients_reach_the_card_through_what_later_pieces_attend_to(base: Path, tmp_path: Path) -> None:
    """The test above can tell: without what flows back between pieces, gradients are others."""
    from gravity.trainer.sharing.kept import Kept

    expected = _step(_session(base, tmp_path, max_tokens=FEW), tmp_path / "right")[2]
    with pytest.MonkeyPatch.context() as patched:
        before = Kept.gradients

        def forgetful(self: Kept, end: int) -> Any:
            self._gradients = ()
            return before(self, end)

        patched.setattr(Kept, "gradients", forgetful)
        found = _step(_session(base, tmp_path, max_tokens=FEW), tmp_path / "wrong")[2]
    assert any(torch.dist(found[name], one) > 1e-2 * one.norm() for name, one in expected.items())


@pytest.mark.parametrize("checkpointing", [False, True], ids=["kept", "checkpointing"])
def test_what_is_held_for_the_backward_pass_is_that_of_one_piece(
    checkpointing: bool, base: Path, tmp_path: Path
) -> None:
    most = {}
    for budget in (4096, FEW):
        session = _session(base, tmp_path, max_tokens=budget, gradient_checkpointing=checkpointing)
        own = {value.untyped_storage().data_ptr() for value in session.model.parameters()}
        with _held(own) as peak:
            _step(session, tmp_path / str(budget))
        most[budget] = peak[0]
    # A pack of both pairs has ten times the tokens of a piece.
    assert most[FEW] < most[4096] / 5


@contextlib.contextmanager
def _held(own: set[int]) -> Iterator[list[int]]:
    """Note the most bytes that are saved for backward passes at one time, inside the block, but for those `own`."""
    import weakref

    held: dict[int, int] = {}
    peak = [0]

    class Saved:
        def __init__(self, tensor: torch.Tensor) -> None:
            self.tensor = tensor

    def note(tensor: torch.Tensor) -> Saved:
        saved, storage = Saved(tensor), tensor.untyped_storage()
        if storage.data_ptr() not in own:
            held[id(saved)] = tensor.nbytes
            weakref.finalize(saved, held.pop, id(saved), None)
            peak[0] = max(peak[0], sum(held.values()))
        return saved

    with torch.autograd.graph.saved_tensors_hooks(note, lambda saved: saved.tensor):
        yield peak


def test_a_run_in_pieces_keeps_the_same_log(base: Path, dataset: Path, tmp_path: Path) -> None:
    from gravity.trainer.training.train import train

    logs = []
    for most in (4096, 20):
        options: dict[str, Any] = {"max_steps": 4, "batch_size": 8, "learning_rate": 1e-2, "max_tokens": most}
        stopping: dict[str, Any] = {"early_stopping_patience": 5, "eval_steps": 2}
        report = train(Settings(dataset, tmp_path / str(most), str(base), **options, **stopping))
        logs.append([{name: one for name, one in record.items() if name != "num_tokens"} for record in report["log"]])
    assert any("eval_loss" in record for record in logs[0])
    for one, other in zip(*logs, strict=True):
        assert other == pytest.approx(one, rel=2e-4, abs=1e-4)


def test_answers_are_scored_in_pieces(base: Path, rows: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch) -> None:
    from gravity.trainer.sharing import logps, pieces
    from gravity.trainer.sharing.scoring import score

    seen: list[int] = []
    whole = logps.token_logps

    def noted(model: Any, inputs: dict[str, Any]) -> Any:
        seen.append(inputs["input_ids"].numel())
        return whole(model, inputs)

    model, tokenizer = load(str(base))
    expected = score(model, tokenizer, rows[:4], max_tokens=4096)
    monkeypatch.setattr(pieces, "token_logps", noted)
    found = score(model, tokenizer, rows[:4], max_tokens=20)
    # Those of the check, whatever the budget, come first: two halves of a pack.
    assert len(seen) > 4 * 3 and max(seen[2:]) <= 20
    for one, other in zip(found, expected, strict=True):
        assert (one.chosen, one.rejected) == pytest.approx((other.chosen, other.rejected), rel=1e-5)


def test_packs_stay_whole_where_the_length_turns_positions_otherwise(tmp_path: Path) -> None:
    from gravity.trainer.sharing.pieces import follows_length

    rope = {"rope_type": "dynamic", "factor": 4.0, "rope_theta": 10000.0}
    base = write_base(tmp_path / "base", "llama", rope_parameters=rope, max_position_embeddings=64)
    session = _session(base, tmp_path, max_tokens=FEW)
    assert follows_length(load(str(base))[0].config)
    assert not session.batches.cuts
    with _passes(session) as passes:
        _step(session, tmp_path / "run")
    assert set(passes) == {PACKED}


def test_a_model_that_takes_no_pieces_is_refused_in_time(
    base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from gravity.trainer.errors import ModelError
    from gravity.trainer.sharing.kept import Kept

    before = Kept.put
    monkeypatch.setattr(Kept, "put", lambda *given: tuple(one + 1 for one in before(*given)))
    with pytest.raises(ModelError, match="pieces"):
        _session(base, tmp_path, max_tokens=FEW)
    assert _session(base, tmp_path, max_tokens=4096)


def test_a_dry_run_counts_the_longest_piece(base: Path, tmp_path: Path) -> None:
    from gravity.trainer.training.planning import course
    from gravity.trainer.training.work import work

    session, pairs = _session(base, tmp_path, max_tokens=FEW), _pairs(300)
    planned = course(session.settings, pairs, np.arange(2))
    for batches, longest in ((session.batches, FEW), (replace(session.batches, whole=True), PACKED)):
        assert work(batches, pairs, planned, np.arange(2)).steps.longest == longest


def test_only_packs_over_the_budget_are_cut_and_none_on_cuda_or_sharded(base: Path, tmp_path: Path) -> None:
    batches, pairs = _session(base, tmp_path, max_tokens=PACKED).batches, _pairs(300)
    assert not batches.make(pairs[:1]).cut
    assert replace(batches, budget=PACKED - 1).make(pairs[:1]).cut
    assert not replace(batches, budget=FEW, whole=True).make(pairs[:1]).cut
    assert not replace(batches, budget=FEW, attention="plain").make(pairs[:1]).cut
    assert not replace(batches, budget=FEW, device=torch.device("cuda")).cuts
