"""Splits in shards, as the Hub lays them out, are read like whole ones by every command that reads a dataset."""

import dataclasses
import json
import shutil
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from gravity.trainer.dataset.files import read
from gravity.trainer.evaluation.heldout import held_out, rows_of
from tests.trainer.commands import invoke, refuses
from tests.trainer.conftest import Rows, planted_rows
from tests.trainer.tastes import split, write_dataset


def shards(folder: Path, name: str, rows: Rows, sizes: tuple[int, ...]) -> None:
    """Write rows as `Dataset.push_to_hub` names its files, so many to each."""
    table = pa.Table.from_pylist(rows)
    (folder / "data").mkdir(parents=True, exist_ok=True)
    begin = 0
    for number, size in enumerate(sizes):
        file = folder / "data" / f"{name}-{number:05}-of-{len(sizes):05}.parquet"
        pq.write_table(table.slice(begin, size), file)
        begin += size
    assert begin == len(rows)


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The same dataset as whole splits and in shards."""
    train, test = split("train", 2, 3), split("test", 2, 12)
    whole = write_dataset(tmp_path_factory.mktemp("whole"), train, test)
    sharded = tmp_path_factory.mktemp("sharded")
    shards(sharded, "train", train, (5, 10, 1))
    shards(sharded, "test", test, (70, 2))
    return whole, sharded


def test_shards_hold_what_whole_splits_hold(both: tuple[Path, Path]) -> None:
    whole, sharded = (read(folder) for folder in both)
    assert list(sharded.rows()) == list(whole.rows())
    assert (sharded.labels, sharded.test_rows) == (whole.labels, 72)
    first, second = (held_out(folder) for folder in both)
    assert second.rows == first.rows
    assert list(rows_of(second.train)) == list(rows_of(first.train))


def test_a_checksum_is_that_of_all_shards(both: tuple[Path, Path], tmp_path: Path) -> None:
    before = read(both[1]).train_sha256
    changed = shutil.copytree(both[1], tmp_path / "changed")
    file = changed / "data" / "train-00002-of-00003.parquet"
    table = pq.read_table(file)
    pq.write_table(table.set_column(0, "prompt", table.column("prompt")), file, compression="none")
    assert read(changed).train_sha256 != before


def test_every_command_reads_shards(both: tuple[Path, Path], base: Path, tmp_path: Path) -> None:
    _, sharded = both
    recipe = tmp_path / "short.toml"
    recipe.write_text(f'base = "{base}"\nmax_steps = 2\nbatch_size = 8\nmax_length = 256\n', encoding="utf-8")
    adapter = tmp_path / "adapter"
    calls: list[tuple[str | Path, ...]] = [
        ("train", sharded, "--output", adapter, "--recipe", recipe),
        ("evaluate", adapter, sharded, "--output", tmp_path / "evaluation"),
        ("ablate", sharded, "--output", tmp_path / "ablation", "--recipe", recipe, "--without", "values"),
        ("transfer", sharded, "--output", tmp_path / "transfer", "--recipe", recipe),
    ]
    for call in calls:
        result = invoke(*call)
        assert result.exit_code == 0, result.stderr
    trained = json.loads((adapter / "training.json").read_text(encoding="utf-8"))["dataset"]
    assert (trained["rows"], trained["test_rows"]) == (16, 72)
    for name in ("evaluation", "ablation", "transfer"):
        assert json.loads((tmp_path / name / "report.json").read_text(encoding="utf-8"))["rows"] == 72
    # Each culture has eight of the sixteen rows, which lie in two shards.
    variant = json.loads((tmp_path / "transfer/cultures/1-jp/adapter/training.json").read_text(encoding="utf-8"))
    assert variant["dataset"]["rows"] == 8


def test_an_error_names_the_shard_and_the_row(base: Path, tmp_path: Path) -> None:
    rows = planted_rows()
    rows[20]["rejected"] = rows[20]["chosen"]
    shards(tmp_path / "bad", "train", rows, (10, 15, 7))
    words = [str(Path("data", "train-00001-of-00003.parquet row 21, counted through all shards:")), "equal"]
    refuses(tmp_path, 3, words, "train", tmp_path / "bad", "--base", base, "--output", tmp_path / "out")


def test_a_held_out_row_without_a_subject_is_found_in_its_shard(both: tuple[Path, Path], tmp_path: Path) -> None:
    rows = split("test", 2, 12)
    rows[71]["item"] = rows[71]["seed"] = None
    bad = shutil.copytree(both[1], tmp_path / "bad")
    shards(bad, "test", rows, (70, 2))
    words = ["test-00001-of-00002.parquet row 72,", "names no seed"]
    refuses(tmp_path, 3, words, "transfer", bad, "--output", tmp_path / "out")


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        ("missing", ["train-*.parquet has 2 of 3 shards", "fetch the others"]),
        ("twice", ["train.parquet and", "train-*.parquet are both there"]),
        ("columns", ["train-00001-of-00003.parquet has other columns than"]),
        ("cut off", ["train-00002-of-00003.parquet cannot be read as Parquet"]),
    ],
)
def test_shards_that_do_not_belong_together(spoil: str, words: list[str], base: Path, tmp_path: Path) -> None:
    bad = tmp_path / "bad"
    shards(bad, "train", planted_rows(), (10, 15, 7))
    first, second, third = sorted((bad / "data").iterdir())
    if spoil == "missing":
        second.unlink()
    if spoil == "twice":
        shutil.copy(first, bad / "train.parquet")
    if spoil == "columns":
        pq.write_table(pq.read_table(second).drop_columns(["reader"]), second)
    if spoil == "cut off":
        third.write_bytes(third.read_bytes()[:2000])
    refuses(tmp_path, 3, words, "train", bad, "--base", base, "--output", tmp_path / "out")


def test_shards_lie_beside_the_card_as_well(both: tuple[Path, Path], tmp_path: Path) -> None:
    flat = tmp_path / "flat"
    shutil.copytree(both[1] / "data", flat)
    assert dataclasses.replace(held_out(flat), folder=both[1], train=held_out(both[1]).train) == held_out(both[1])
