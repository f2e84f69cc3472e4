"""Every architecture of the table trains alike with and without sharing, or is refused in our own words."""

from pathlib import Path

import pytest

from gravity.trainer.errors import ModelError
from gravity.trainer.settings import Attention
from gravity.trainer.training.coverage import uncovered
from tests.trainer.architectures import CASES, trained

TOLERANCE = 1e-4
# Where policy and reference are one function: ln 2.
FIRST_LOSS = 0.6931472


@pytest.mark.parametrize("name", CASES)
def test_an_architecture_is_trained_right_or_refused(name: str, base: Path, tmp_path: Path) -> None:
    case = CASES[name]
    losses: list[list[float]] = []
    ways: dict[Attention, str | None] = {"shared": case.shared, "plain": case.plain}
    for attention, words in ways.items():
        if words is not None:
            with pytest.raises(ModelError, match=words) as refused:
                trained(case, attention, base, tmp_path)
            (line,) = str(refused.value).splitlines()
            remedy = "--attention plain, which is right for it" if case.plain is None else "use another base"
            assert remedy in line
            assert "Error" not in line
            continue
        session = trained(case, attention, base, tmp_path)
        losses.append([record["loss"] for record in session.loop.log])
        said = uncovered(session.covered)
        assert (said is None) == (case.without is None), said
        assert case.without is None or case.without in str(said)
    for one in losses:
        assert one[0] == pytest.approx(FIRST_LOSS, abs=2e-6)
        assert one == pytest.approx(losses[0], abs=TOLERANCE)
        assert max(abs(loss - FIRST_LOSS) for loss in one) > 5 * TOLERANCE
