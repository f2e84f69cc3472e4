"""The baselines of a run that the command line made: exported without a call, and read by the trainer as they are."""

import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from gravity.errors import ConfigError
from gravity.frameworks.loader import Library
from gravity.project import open_project
from gravity.trainer.dataset.files import read
from tests.gravity.conftest import Filled
from tests.gravity.support import here

Rows = dict[str, list[dict[str, Any]]]


def exported(filled: Filled, folder: Path, variant: str | None = None) -> tuple[dict[str, Any], Rows]:
    """What the command says of an export, and the rows by split."""
    options = ("--variant", variant) if variant else ()
    done = here(filled.folder, "export", str(folder), "--json", *options)
    assert (done.code, done.errors) == (0, "")
    # The trainer refuses a card that tells its pair's own view, and a reader in both splits.
    assert read(folder).train.num_rows
    return json.loads(done.output), {
        split: pq.read_table(folder / f"{split}.parquet").to_pylist() for split in ("train", "test")
    }


@pytest.mark.parametrize("variant", ["naive", "group"])
def test_a_baseline_has_the_readers_of_the_plain_export_and_asks_no_model(
    filled: Filled, tmp_path: Path, variant: str
) -> None:
    asked = filled.server.counts.requests
    told, plain = exported(filled, tmp_path / "plain")
    printed, rows = exported(filled, tmp_path / variant, variant)
    assert filled.server.counts.requests == asked > 0
    everything = [sum(one["rows"].values()) + sum(one["left_out"].values()) for one in (told, printed)]
    assert everything[0] == everything[1] > 0
    assert printed["rows"] == {split: len(found) for split, found in rows.items()}
    assert (printed["lots"], printed["variant"]["name"], told["variant"]) == ([], variant, None)
    for split in ("train", "test"):
        assert {row["reader"] for row in rows[split]} == {row["reader"] for row in plain[split]} != set()
        if variant == "naive":
            assert {row["seed"] for row in rows[split]} == {row["seed"] for row in plain[split]}


def test_naive_rows_are_statements_as_the_plain_labels_say(filled: Filled, tmp_path: Path) -> None:
    (_, plain), (_, naive) = (exported(filled, tmp_path / str(name), name) for name in (None, "naive"))
    seeds, checked = Library().seeds, 0
    own = {row["id"]: row for rows in plain.values() for row in rows}
    for row in (row for rows in naive.values() for row in rows if row["seed"] in seeds):
        seed, of_reader = seeds[row["seed"]], own[row["id"]]
        sides = [seed.statement, seed.opposite][:: 1 if of_reader["takes"] == "agree" else -1]
        assert [row["chosen_message"]["content"], row["rejected_message"]["content"]] == sides
        assert row["prompt"][0] == of_reader["prompt"][0] and row["scenario"] is None and of_reader["scenario"]
        checked += 1
    assert checked > 5


def test_group_rows_have_the_label_of_the_readers_who_are_not_held_out(filled: Filled, tmp_path: Path) -> None:
    (_, plain), (printed, group) = (exported(filled, tmp_path / str(name), name) for name in (None, "group"))
    own = {row["id"]: row for rows in plain.values() for row in rows}
    # Of a culture's two readers one is held out, so the other's stances are the culture's.
    differ = {"train": 0, "test": 0}
    for split, rows in group.items():
        for row in rows:
            same = row["chosen"] == own[row["id"]]["chosen"]
            assert same or row["chosen"] == own[row["id"]]["rejected"]
            if row["takes"]:
                assert same == (row["takes"] == own[row["id"]]["takes"]) and row["basis"].startswith("1 of 1 readers")
                differ[split] += not same
    assert differ["train"] == 0 < differ["test"]
    of_takes = (n for name, n in printed["variant"]["differ"].items() if not name.endswith("interests"))
    assert sum(of_takes) == differ["test"]


def test_a_variant_that_nobody_knows_is_one_line(filled: Filled, tmp_path: Path) -> None:
    done = here(filled.folder, "export", str(tmp_path / "other"), "--variant", "other")
    assert done.code == 2 and "other" in done.errors
    with open_project(filled.folder / "gravity.toml") as project:
        project.config.store.path = filled.folder / ".gravity"
        with pytest.raises(ConfigError, match="no variant 'other': give naive or group"):
            project.run().export(tmp_path / "other", variant="other")  # type: ignore[arg-type]
    assert not (tmp_path / "other").exists()


def test_the_terminal_says_how_many_labels_are_not_the_readers_own(filled: Filled, tmp_path: Path) -> None:
    done = here(filled.folder, "export", str(tmp_path / "group"), "--variant", "group")
    differ = json.loads((tmp_path / "group" / "manifest.json").read_text(encoding="utf-8"))["variant"]["differ"]
    assert f"Variant group: {sum(differ.values())} of " in done.output and "label error" not in done.output
