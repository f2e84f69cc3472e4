"""Where figures are sent is named in the settings, and refused before anything is loaded.

That they arrive is seen in tests/toolboxes/test_trackers.py.
"""

import sys
from pathlib import Path
from typing import Any

import pytest

from gravity.trainer.errors import UsageError
from gravity.trainer.recipe import read_recipe
from gravity.trainer.settings import Settings
from tests.trainer.commands import invoke, refuses
from tests.trainer.tastes import split, write_dataset


@pytest.fixture
def without(monkeypatch: pytest.MonkeyPatch) -> None:
    """An environment in which no tracker is installed, and models cannot be loaded."""
    for name in ("tensorboard", "wandb", "mlflow", "transformers"):
        monkeypatch.setitem(sys.modules, name, None)


@pytest.mark.usefixtures("without")
@pytest.mark.parametrize(
    ("given", "words"),
    [
        (["wandb"], ["--report-to wandb", "package wandb is not installed: pip install wandb"]),
        (["mlflow", "tensorboard", "none"], ["--report-to mlflow", "pip install mlflow tensorboard"]),
        (["wandb", "excel"], ["--report-to", "excel", "it must be one of none, tensorboard, wandb, mlflow"]),
    ],
)
def test_what_cannot_be_reported_to_is_refused_first(
    given: list[str], words: list[str], base: Path, dataset: Path, tmp_path: Path
) -> None:
    reports = [part for name in given for part in ("--report-to", name)]
    refuses(tmp_path, 2, words, "train", dataset, "--base", base, "--output", tmp_path / "out", *reports)


@pytest.mark.parametrize(
    ("given", "trackers"),
    [
        ("none", ()),
        ("wandb", ("wandb",)),
        (["tensorboard", "wandb"], ("tensorboard", "wandb")),
        (["none", "mlflow", "mlflow"], ("mlflow",)),
        ([], ()),
    ],
)
def test_one_name_or_several(given: Any, trackers: tuple[str, ...], tmp_path: Path) -> None:
    settings = Settings(tmp_path, tmp_path, report_to=given)
    assert settings.trackers() == trackers
    assert "report_to" not in settings.numbers() | settings.decisive()


def test_several_values_are_for_reports_alone(tmp_path: Path) -> None:
    values: Any = {"loss_type": ["ipo"]}
    with pytest.raises(UsageError, match=r"--loss-type is \['ipo'\]: it must be one of"):
        Settings(tmp_path, tmp_path, **values)


@pytest.mark.usefixtures("without")
def test_a_recipe_names_them_too(base: Path, dataset: Path, tmp_path: Path) -> None:
    recipe = tmp_path / "own.toml"
    recipe.write_text(f'base = "{base}"\nreport_to = ["mlflow"]\n', encoding="utf-8")
    assert read_recipe(str(recipe))["report_to"] == ["mlflow"]
    call = ("train", dataset, "--recipe", recipe, "--output", tmp_path / "out")
    assert "--report-to mlflow" in invoke(*call).stderr
    assert "--report-to wandb" in invoke(*call, "--report-to", "wandb").stderr


@pytest.mark.usefixtures("without")
def test_an_experiment_is_refused_before_it_begins(base: Path, tmp_path: Path) -> None:
    recipe = tmp_path / "own.toml"
    recipe.write_text(f'base = "{base}"\nreport_to = "wandb"\n', encoding="utf-8")
    folder = write_dataset(tmp_path / "tastes", split("train", 2, 3), split("test", 2, 3))
    words = ["--report-to wandb", "pip install wandb"]
    refuses(tmp_path, 2, words, "transfer", folder, "--recipe", recipe, "--output", tmp_path / "out")
