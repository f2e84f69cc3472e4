"""A model that is sharded over two processes (FSDP2) trains to what one process with all of it trains to."""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import gravity.trainer
from tests.trainer.conftest import write_base

pytestmark = pytest.mark.slow

_CONFIG = Path(gravity.trainer.__file__).parent / "recipes" / "fsdp2.yaml"
# Six pairs a step, of 32: the last step of an epoch has two, and passes of so few tokens make processes wait.
_RUN = ("--max-steps", "8", "--batch-size", "6", "--learning-rate", "1e-2", "--max-tokens", "150")
_FIGURES = ("loss", "grad_norm", "rewards/margins", "logps/chosen")


def _launch(*arguments: str | Path, version: str = "2") -> subprocess.Popen[str]:
    launcher = [sys.executable, "-m", "accelerate.commands.launch", "--config_file", _CONFIG, "--num_processes", "2"]
    launcher += ["--fsdp_version", version, "--main_process_port", "0", "-m", "gravity.trainer", "train"]
    environment = os.environ | {"ACCELERATE_USE_CPU": "true"}
    words = [str(word) for word in (*launcher, *arguments)]
    return subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)


def _trained(*arguments: str | Path) -> str:
    with _launch(*arguments) as process:
        output, errors = process.communicate()
    assert process.returncode == 0, errors
    return output


def _report(output: Path) -> dict[str, Any]:
    return dict(json.loads((output / "training.json").read_text(encoding="utf-8")))


def _assert_same(one: Path, other: Path) -> None:
    import torch
    from safetensors.torch import load_file

    for name in _FIGURES:
        figures = [[record[name] for record in _report(output)["log"]] for output in (one, other)]
        assert figures[0] == pytest.approx(figures[1], rel=5e-4, abs=1e-4), name
    assert _report(one)["base_fingerprint"] == _report(other)["base_fingerprint"]
    weights, expected = (load_file(output / "adapter_model.safetensors") for output in (one, other))
    assert weights.keys() == expected.keys()
    for name, value in expected.items():
        # AdamW divides a gradient by its size, so where one is all but zero its rounding moves a weight.
        assert torch.dist(weights[name], value) < 1e-2 * value.norm(), name


@pytest.mark.parametrize(
    ("model", "options"),
    [
        ({}, ()),
        ({"tie_word_embeddings": True}, ("--gradient-checkpointing", "--loss-type", "ipo")),
        ({}, ("--attention", "plain")),
    ],
    ids=["shared", "one matrix for embeddings and head", "plain"],
)
def test_two_shards_train_what_one_process_does(
    model: dict[str, Any], options: tuple[str, ...], command: Callable[..., Any], dataset: Path, tmp_path: Path
) -> None:
    run: tuple[str | Path, ...] = (*_RUN, "--base", write_base(tmp_path / "base", "llama", **model), *options)
    output = _trained(dataset, "--output", tmp_path / "two", *run)
    assert output.count("is written") == 1
    assert command(dataset, "--output", tmp_path / "one", *run).exit_code == 0
    assert _report(tmp_path / "two")["device"] == "2 x cpu, sharded"
    _assert_same(tmp_path / "two", tmp_path / "one")


def test_checkpoints_of_shards_are_whole(
    command: Callable[..., Any], base: Path, dataset: Path, tmp_path: Path
) -> None:
    # The reference takes one pass, so one of the two processes has none of its own.
    lasting = ("--max-steps", "60", "--save-steps", "20", "--learning-rate", "1e-3")
    run = (dataset, *_RUN, "--max-tokens", "4096", *lasting, "--base", base)
    partial = tmp_path / ".two.partial"
    with _launch(*run, "--output", tmp_path / "two") as process:
        while not (partial / "checkpoint-20" / "trainer_state.json").exists():
            assert process.poll() is None, process.stderr and process.stderr.read()
            time.sleep(0.005)
        process.terminate()
    assert not (tmp_path / "two").exists()
    shutil.copytree(partial, tmp_path / ".alone.partial")

    assert command(*run, "--output", tmp_path / "whole").exit_code == 0
    # Both go on from what the shards left: weights, AdamW's moments and the reference.
    _trained(*run, "--output", tmp_path / "two", "--resume")
    assert command(*run, "--output", tmp_path / "alone", "--resume").exit_code == 0
    for name in ("two", "alone"):
        assert _report(tmp_path / name)["resumed_from_step"] in (20, 40)
        _assert_same(tmp_path / name, tmp_path / "whole")


@pytest.mark.parametrize(
    ("version", "option", "words"),
    [
        ("1", "--resume", "accelerate is set to the first version of FSDP: launch with --fsdp_version 2"),
        ("2", "--load-in-4bit", "--load-in-4bit: a quantized base is not sharded: launch without FSDP"),
    ],
    ids=["first version", "quantized"],
)
def test_what_cannot_be_sharded_is_refused(
    version: str, option: str, words: str, base: Path, dataset: Path, tmp_path: Path
) -> None:
    with _launch(dataset, "--output", tmp_path / "two", "--base", base, *_RUN, option, version=version) as process:
        _, errors = process.communicate()
    assert process.returncode != 0
    assert f"error: {words}" in errors
    assert not (tmp_path / "two").exists()
