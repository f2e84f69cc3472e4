"""Early stopping: rows of unseen readers and seeds are set aside, the best step is kept, and a resumed run agrees."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gravity.trainer.dataset.splits import TRAIN, split
from gravity.trainer.errors import DatasetError, TrainingError
from gravity.trainer.settings import Settings
from gravity.trainer.training.early_stopping import EarlyStopping, best_step
from gravity.trainer.training.holdout import hold_out, keys
from gravity.trainer.training.loop import Loop
from gravity.trainer.training.train import train
from tests.trainer.conftest import Rows, planted_rows, write_split

_KEYS = [(f"reader {who}", f"seed {number}") for who in range(10) for number in range(10)]


def test_what_is_held_out_has_readers_and_seeds_that_training_does_not_see() -> None:
    found = hold_out(_KEYS, 0)
    train, held = ([_KEYS[row] for row in rows] for rows in (found.train, found.held))
    for place in (0, 1):
        assert not {key[place] for key in train} & {key[place] for key in held}
    # Two of ten readers and two of ten seeds.
    assert (len(held), len(train)) == (4, 64)
    assert found.record(100) == {"rows": 4, "readers": 2, "seeds": 2, "left_out": 32}
    assert set(hold_out(_KEYS, 1).held) != set(found.held)


def test_seeds_that_only_one_reader_has_cost_no_training_row() -> None:
    own = [(f"reader {who}", f"seed {who} {number}") for who in range(10) for number in range(10)]
    found = hold_out(own, 0)
    assert (len(found.held), len(found.train)) == (20, 80)


def test_rows_without_columns_are_held_out_by_their_card(tmp_path: Path) -> None:
    rows = [{name: row[name] for name in ("prompt", "chosen", "rejected")} for row in planted_rows()]
    write_split(tmp_path / "train.parquet", rows)
    found = keys(split(tmp_path, TRAIN))
    assert found == [(row["prompt"][0]["content"], None) for row in rows]
    aside = hold_out(found, 0)
    cards = [{found[row][0] for row in indices} for indices in (aside.train, aside.held)]
    assert not cards[0] & cards[1]
    assert len(aside.train) + len(aside.held) == len(rows)


def test_nobody_to_hold_out_is_one_line() -> None:
    with pytest.raises(DatasetError, match="no two readers"):
        hold_out([("one", None)] * 8, 0)


def _log(losses: list[float]) -> list[dict[str, float]]:
    return [{"step": step, "eval_loss": loss} for step, loss in enumerate(losses, 1)]


@pytest.mark.parametrize(
    ("losses", "best", "kept", "exhausted"),
    [
        ([], None, set(), False),
        ([0.7], 1, {1}, False),
        ([0.7, 0.6, 0.65], 2, {1, 2}, False),
        ([0.7, 0.6, 0.65, 0.6], 2, {1, 2}, True),
        ([0.7, 0.6, 0.65, 0.5], 4, {2, 4}, False),
        ([0.7, float("nan"), 0.7], 1, {1}, True),
        ([float("nan"), 0.7], 2, {1, 2}, False),
    ],
)
def test_what_the_log_decides(losses: list[float], best: int | None, kept: set[int], exhausted: bool) -> None:
    stopping = EarlyStopping(rows=[0], steps=1, patience=2)
    log = _log(losses)
    assert (best_step(log), stopping.worth_keeping(log), stopping.exhausted(log)) == (best, kept, exhausted)


@pytest.fixture
def contrary(dataset_of: Callable[[Rows], Path]) -> Path:
    """A dataset whose held-out readers want the opposite of what training teaches, so that every step is a loss."""
    rows = planted_rows()
    whose = [(row["reader"], None) for row in rows]
    for row in hold_out(whose, 0).held:
        rows[row]["chosen"], rows[row]["rejected"] = rows[row]["rejected"], rows[row]["chosen"]
    return dataset_of(rows)


def _settings(dataset: Path, output: Path, base: Path) -> Settings:
    # Six steps of warming up, in which little is learned; then the taste is, and the readers held out disagree.
    return Settings(
        dataset,
        output,
        str(base),
        max_steps=40,
        batch_size=8,
        learning_rate=5e-3,
        warmup_steps=6,
        eval_steps=2,
        early_stopping_patience=3,
    )


def test_it_stops_where_nothing_is_gained_and_keeps_the_best_step(contrary: Path, base: Path, tmp_path: Path) -> None:
    from gravity.trainer.models.loading import load
    from tests.trainer.plain import plain_score

    report = train(_settings(contrary, tmp_path / "out", base))
    watched = report["held_out"]
    evaluated = [record for record in report["log"] if "eval_loss" in record]
    assert report["steps"] == evaluated[-1]["step"] == watched["best_step"] + 6 < 40
    assert watched["stopped_early"]
    assert watched["best"]["eval_loss"] == min(record["eval_loss"] for record in evaluated)
    assert evaluated[-1]["eval_rewards/margins"] < 0 < report["last"]["rewards/margins"]
    assert report["dataset"]["trained_rows"] + watched["rows"] == 32

    # The adapter that was written is that step's: scored anew, it comes to that step's margin and to no other's.
    rows = [one for one in _rows(contrary) if one["reader"] in _readers_held(contrary)]
    model, tokenizer = load(str(base), tmp_path / "out")
    own = [plain_score(model, tokenizer, row).margin for row in rows]
    with model.disable_adapter():
        before = [plain_score(model, tokenizer, row).margin for row in rows]
    margin = 0.3 * sum(now - then for now, then in zip(own, before, strict=True)) / len(rows)
    assert margin == pytest.approx(watched["best"]["eval_rewards/margins"], abs=1e-4)
    assert "held out, step kept" in (tmp_path / "out" / "README.md").read_text(encoding="utf-8")


def _rows(dataset: Path) -> Rows:
    import pyarrow.parquet as pq

    return list(pq.read_table(dataset / "train.parquet").to_pylist())


def _readers_held(dataset: Path) -> set[str]:
    whose = keys(split(dataset, TRAIN))
    return {whose[row][0] for row in hold_out(whose, 0).held}


def test_a_resumed_run_keeps_what_was_best_before_it_was_interrupted(
    contrary: Path, base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = train(_settings(contrary, tmp_path / "whole", base))
    last = whole["steps"] - 1
    honest = Loop.backward

    def fails_at_last(loop: Loop, rows: Any) -> Any:
        if len(loop.log) == last:
            raise RuntimeError("the power went")
        return honest(loop, rows)

    with monkeypatch.context() as patch:
        patch.setattr(Loop, "backward", fails_at_last)
        with pytest.raises(TrainingError, match="the power went"):
            train(_settings(contrary, tmp_path / "out", base))
    resumed = train(_settings(contrary, tmp_path / "out", base), resume=True)
    # The best checkpoint is older than the newest two, which are all that is kept otherwise.
    assert resumed["resumed_from_step"] - whole["held_out"]["best_step"] == 4
    assert [resumed[name] for name in ("steps", "held_out")] == [whole[name] for name in ("steps", "held_out")]
    weights = [(tmp_path / name / "adapter_model.safetensors").read_bytes() for name in ("whole", "out")]
    assert weights[0] == weights[1]


def test_a_loss_without_rewards_is_watched_by_its_loss(contrary: Path, base: Path, tmp_path: Path) -> None:
    import dataclasses

    settings = dataclasses.replace(_settings(contrary, tmp_path / "out", base), loss_type="sft", max_steps=4)
    report = train(settings)
    assert set(report["held_out"]["best"]) == {"eval_loss"}
    # Both texts are chosen as often, so to write them better helps whoever reads.
    assert report["log"][3]["eval_loss"] < report["log"][1]["eval_loss"]


def test_the_curve_as_text() -> None:
    from gravity.trainer.training.curve import lines, smooth

    log = [{"step": step, "loss": 1 / step, "rewards/accuracies": 1.0} for step in range(1, 41)]
    text = lines(log)
    assert len(text) == 11
    assert text[1].split() == ["1", "to", "4", "0.521", "1.000", "#" * 20]
    assert smooth([1.0] * 7) == [1.0] * 7
    assert json.dumps(lines(log[:3])).count("to") == 3
