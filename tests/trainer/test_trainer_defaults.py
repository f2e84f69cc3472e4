"""What a run uses where nobody chose, the search for a learning rate, and the demonstration that it learns."""

import json
from pathlib import Path
from typing import Any

import pytest

from gravity.trainer.errors import TrainingError
from gravity.trainer.experiments.demo import verdict
from gravity.trainer.experiments.planted import TASTES, planted_rows, write_dataset
from gravity.trainer.intervals import Estimate
from gravity.trainer.recipe import names, read_recipe
from gravity.trainer.settings import Settings
from gravity.trainer.training import find_lr
from gravity.trainer.training.sizes import chosen
from tests.trainer.commands import invoke, refuses
from tests.trainer.tastes import split


@pytest.mark.parametrize(
    ("parameters", "rows", "rate", "epochs"),
    [
        (100_000, 320, 5e-3, 12),
        (100_000, 10_000, 5e-3, 1),
        (135_000_000, 320, 1e-3, 2),
        (1_000_000_000, 320, 1e-4, 1),
        (8_000_000_000, 320, 5e-5, 1),
    ],
)
def test_a_small_model_learns_faster_and_longer(parameters: int, rows: int, rate: float, epochs: int) -> None:
    settings = chosen(Settings(Path("data"), Path("out")), parameters, rows)
    assert (settings.learning_rate, settings.num_train_epochs) == (rate, epochs)


def test_what_somebody_chose_stays() -> None:
    choices: list[dict[str, Any]] = [{"num_train_epochs": 0.5}, {"max_steps": 3}]
    for given in choices:
        settings = Settings(Path("data"), Path("out"), learning_rate=1e-6, **given)
        assert chosen(settings, 100_000, 320) == settings


@pytest.mark.parametrize("name", names())
def test_every_recipe_is_settings(name: str) -> None:
    Settings(Path("data"), Path("out"), **read_recipe(name))


def test_planted_answers_follow_the_card_but_for_what_is_flipped() -> None:
    def share(flipped: float) -> float:
        rows = planted_rows("train", 16, 16, flipped)
        follows = [
            row["chosen"][0]["content"] in TASTES[taste]
            for row in rows
            for taste in TASTES
            if f"loves {taste}" in row["prompt"][0]["content"]
        ]
        return sum(follows) / len(rows)

    assert share(0.0) == 1.0
    assert 0.75 < share(0.2) < 0.85


def _search(dataset: Path, base: Path, monkeypatch: pytest.MonkeyPatch, factors: tuple[float, ...]) -> Any:
    monkeypatch.setattr(find_lr, "_FACTORS", factors)
    common: dict[str, Any] = {"batch_size": 8, "pairs_per_prefix": 1, "warmup_steps": 10, "seed": 1}
    return find_lr.find_learning_rate(Settings(dataset, dataset / "none", str(base), max_steps=40, **common))


def test_the_search_finds_the_rate_that_learns_the_taste(
    base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dataset = write_dataset(tmp_path / "dataset", split("train", 12, 12), split("test", 2, 2))
    before = sorted(tmp_path.rglob("*"))
    search = _search(dataset, base, monkeypatch, (0.001, 1, 1))
    low, first, again = search.tried
    assert (low.learning_rate, first.learning_rate) == (5e-6, 5e-3)
    assert (low.verdict, first.verdict) == ("not shown", "learns")
    # The adapter begins anew with each rate, so the same rate comes to the same.
    assert first == again
    assert search.suggested == 5e-3
    assert "suggested: --learning-rate 5e-03 (40 steps of 8 pairs" in find_lr.lines(search)[-1]
    assert sorted(tmp_path.rglob("*")) == before


def test_the_search_suggests_nothing_where_labels_are_random(
    base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = planted_rows("train", 24, 24, flipped=0.5)
    search = _search(
        write_dataset(tmp_path / "dataset", rows, planted_rows("test", 1, 1)), base, monkeypatch, (1, 1e30)
    )
    assert [one.verdict for one in search.tried] == ["not shown", "diverged"]
    assert search.suggested is None
    assert "no rate was shown to learn" in find_lr.lines(search)[-1]


def test_the_search_needs_two_answers_to_tell_apart(base: Path, dataset: Path, tmp_path: Path) -> None:
    words = ["--find-lr", "sft"]
    given = ("train", dataset, "--base", base, "--output", tmp_path / "out", "--find-lr", "--loss-type", "sft")
    refuses(tmp_path, 2, words, *given)


def test_evaluations_need_something_held_out(base: Path, dataset: Path, tmp_path: Path) -> None:
    given = ("train", dataset, "--base", base, "--output", tmp_path / "out", "--eval-steps", "5")
    refuses(tmp_path, 2, ["--eval-steps", "--early-stopping-patience"], *given)


def test_a_demonstration_that_shows_nothing_fails() -> None:
    unclear = Estimate(0.02, -0.1, 0.1, 144, {"readers": 12, "subjects": 12})
    report = {
        "cells": [{"differences": {"adapter - shuffled": unclear}}],
        "verdicts": {"adapter - shuffled": "not shown"},
    }
    with pytest.raises(TrainingError, match=r"not learned.*\+0\.02 \[-0\.10, \+0\.10\]"):
        verdict(report)


@pytest.mark.slow
def test_the_demonstration_learns_with_the_defaults(tmp_path: Path) -> None:
    result = invoke("demo", "--output", tmp_path / "demo")
    assert result.exit_code == 0, result.stderr
    assert "does the reader's own profile beat another's? yes" in result.stdout
    adapter = tmp_path / "demo" / "adapter"
    report = json.loads((adapter / "training.json").read_text(encoding="utf-8"))
    assert report["settings"]["learning_rate"] == 5e-3
    assert report["steps"] == 7 * 18
    assert (adapter / "training.png").stat().st_size > 5000
    evaluation = json.loads((tmp_path / "demo" / "evaluation" / "report.json").read_text(encoding="utf-8"))
    assert evaluation["cells"][0]["conditions"]["adapter"]["accuracy"]["value"] > 0.95
    refuses(tmp_path, 2, ["demo", "is not empty"], "demo", "--output", tmp_path / "demo")
