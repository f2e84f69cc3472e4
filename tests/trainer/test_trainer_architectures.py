"""Every architecture of the table trains alike with and without sharing, or is refused in our own words."""

from collections.abc import Callable
from pathlib import Path

import pytest

from gravity.trainer.errors import ModelError
from gravity.trainer.models.loading import load
from gravity.trainer.settings import Attention, Settings
from gravity.trainer.sharing.tokens import tokenize
from gravity.trainer.training.coverage import warning
from gravity.trainer.training.session import Session
from tests.trainer.architectures import CASES, Case, write_architecture
from tests.trainer.conftest import planted_rows

# Of losses after steps that move a random model far, so that gradients are compared as well.
TOLERANCE = 1e-4
STEPS = 3


@pytest.fixture
def trained(base: Path, tmp_path: Path) -> Callable[[Case, Attention], Session]:
    """Return a function that trains a case's model for some steps."""
    from accelerate import Accelerator

    def run(case: Case, attention: Attention) -> Session:
        folder = tmp_path / "model"
        if not folder.is_dir():
            write_architecture(case, base, folder)
        model, tokenizer = load(str(folder))
        settings = Settings(
            tmp_path,
            tmp_path,
            str(folder),
            attention=attention,
            max_steps=STEPS,
            batch_size=8,
            learning_rate=1e-2,
            max_tokens=600,
        )
        session = Session(settings, list(tokenize(tokenizer, planted_rows())), model, Accelerator(cpu=True))
        (tmp_path / attention).mkdir()
        session.train(tmp_path / attention, None)
        return session

    return run


@pytest.mark.parametrize("name", CASES)
def test_an_architecture_is_trained_right_or_refused(name: str, trained: Callable[[Case, Attention], Session]) -> None:
    case = CASES[name]
    losses: list[list[float]] = []
    ways: dict[Attention, str | None] = {"shared": case.shared, "plain": case.plain}
    for attention, words in ways.items():
        if words is not None:
            with pytest.raises(ModelError, match=words) as refused:
                trained(case, attention)
            (line,) = str(refused.value).splitlines()
            remedy = "--attention plain, which is right for it" if case.plain is None else "use another base"
            assert remedy in line
            assert "Error" not in line
            continue
        session = trained(case, attention)
        losses.append([record["loss"] for record in session.loop.log])
        said = warning(session.covered)
        assert (said is None) == (case.without is None), said
        assert case.without is None or case.without in str(said)
    for one in losses:
        # Before the first step the adapter does nothing, so the loss is ln 2: nothing is dropped at random.
        assert one[0] == pytest.approx(0.6931472, abs=2e-6)
        assert one == pytest.approx(losses[0], abs=TOLERANCE)
    assert all(max(abs(loss - 0.6931472) for loss in one) > 5e-4 for one in losses)
