"""A run whose loss has not come down says so, in the terminal, in training.json and in the card; others do not."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gravity.trainer.settings import Settings
from gravity.trainer.training.learned import nothing_learned

_STEPS = ("--batch-size", "8", "--max-steps")


def _warning(losses: list[float], **settings: Any) -> str | None:
    used = Settings(Path("data"), Path("out"), **{"learning_rate": 5e-5} | settings)
    return nothing_learned([{"loss": loss} for loss in losses], used)


@pytest.mark.parametrize(
    ("losses", "settings", "words"),
    [
        (
            [0.693, 2.0, 0.69, 0.69, 0.69, 0.70, 0.705],
            {"learning_rate": 1e6},
            ["steps 3 to 7 is 0.695", "0.693", "1e+06"],
        ),
        ([0.693, 0.711], {}, ["the loss of step 2 is 0.711", "lower --learning-rate (5e-05), or train for more steps"]),
        ([0.6931472, 0.6931471, 0.6931470], {}, ["train for more steps, or raise --learning-rate"]),
        ([6.25, 6.9, 6.1], {"loss_type": "ipo", "beta": 0.2}, ["6.500", "not below the 6.250", "lower"]),
        ([2.0, 2.1], {"loss_type": "sft"}, ["2.100", "not below the 2.000 of step 1", "lower"]),
    ],
)
def test_a_loss_that_has_not_come_down(losses: list[float], settings: dict[str, Any], words: list[str]) -> None:
    warning = _warning(losses, **settings)
    assert warning is not None
    assert "\n" not in warning
    assert all(word in warning for word in ["nothing was learned", *words]), warning


@pytest.mark.parametrize(
    ("losses", "settings"),
    [
        ([0.6931], {}),
        ([0.6931, 5.0, 0.6, 0.6, 0.6, 0.6, 0.6], {}),
        ([0.6931, 0.690], {}),
        ([6.25, 6.2], {"loss_type": "ipo", "beta": 0.2}),
        ([2.0, 1.9, 1.8], {"loss_type": "sft"}),
    ],
)
def test_a_loss_that_has_come_down_or_says_nothing(losses: list[float], settings: dict[str, Any]) -> None:
    assert _warning(losses, **settings) is None


@pytest.mark.parametrize(("rate", "advice"), [("1", "lower --learning-rate (1)"), ("1e-9", "train for more steps")])
def test_the_warning_is_printed_and_kept(
    rate: str, advice: str, command: Callable[..., Any], dataset: Path, tmp_path: Path
) -> None:
    result = command(dataset, "--output", tmp_path / "out", "--learning-rate", rate, *_STEPS, "2")
    assert result.exit_code == 0
    (line,) = result.stderr.strip().splitlines()
    report = json.loads((tmp_path / "out" / "training.json").read_text(encoding="utf-8"))
    (warning,) = report["warnings"]
    assert line == f"warning: {warning}"
    assert advice in warning
    assert f"## Warnings\n\n- {warning}\n" in (tmp_path / "out" / "README.md").read_text(encoding="utf-8")


def test_what_was_learned_has_no_warning(adapter: Path) -> None:
    assert json.loads((adapter / "training.json").read_text(encoding="utf-8"))["warnings"] == []
    assert "## Warnings" not in (adapter / "README.md").read_text(encoding="utf-8")
