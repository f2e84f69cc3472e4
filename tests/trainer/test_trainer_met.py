"""What an adapter has met is written beside it, and tells met readers and texts from those that it never met."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from gravity.trainer.dataset.splits import TRAIN, split
from gravity.trainer.errors import ModelError
from gravity.trainer.training.met import MET_FILE, met, read, write
from tests.trainer.conftest import BOOKS, TASTES, Rows, planted_rows


def test_an_adapter_knows_its_training_rows_and_nobody_else(adapter: Path) -> None:
    seen = read(adapter)
    assert seen is not None
    assert all(seen.knows_reader(row["reader"]) for row in planted_rows())
    # The readers of the test split are others, with texts that training saw too.
    assert not any(seen.knows_reader(f"unseen {row['reader']}") for row in planted_rows())
    assert all(seen.knows_text(f"\n{text} ") for text in TASTES.values())
    assert not any(seen.knows_text(text) for text in (*BOOKS, *(text[:-1] for text in TASTES.values())))
    assert (len(seen.readers or ()), len(seen.answers)) == (8, 2)


def test_the_file_names_nobody_and_is_sorted_digits(adapter: Path) -> None:
    text = (adapter / MET_FILE).read_text(encoding="utf-8")
    told = json.loads(text)
    assert list(told) == ["readers", "answers"]
    for digits in told.values():
        assert digits == sorted(set(digits)) and all(re.fullmatch(r"[0-9a-f]{16}", one) for one in digits)
    assert not any(f'"{row["reader"]}"' in text for row in planted_rows())


def test_a_text_has_other_digits_as_a_reader_than_as_an_answer(rows: Rows, dataset_of: Callable[[Rows], Path]) -> None:
    same = [row | {"reader": row["chosen"][0]["content"]} for row in rows]
    seen = met(split(dataset_of(same), TRAIN))
    assert seen.readers is not None and len(seen.readers) == len(seen.answers) == 2
    assert not seen.readers & seen.answers


@pytest.mark.parametrize("unknown", ["no column", "a row"])
def test_where_a_row_does_not_say_whose_it_is_anybody_may_have_been_met(
    unknown: str, rows: Rows, dataset_of: Callable[[Rows], Path], tmp_path: Path
) -> None:
    if unknown == "no column":
        rows = [{name: value for name, value in row.items() if name != "reader"} for row in rows]
    else:
        rows[3]["reader"] = None
    write(met(split(dataset_of(rows), TRAIN)), tmp_path)
    assert json.loads((tmp_path / MET_FILE).read_text(encoding="utf-8"))["readers"] is None
    seen = read(tmp_path)
    assert seen is not None and seen.readers is None and seen.knows_reader("anybody")
    assert seen.knows_text(TASTES["freedom"]) and not seen.knows_text("Another text.")


def test_rows_that_the_steps_do_not_reach_count_as_met(
    command: Callable[..., object], dataset: Path, tmp_path: Path
) -> None:
    command(dataset, "--output", tmp_path / "out", "--max-steps", "1", "--batch-size", "2")
    report = json.loads((tmp_path / "out" / "training.json").read_text(encoding="utf-8"))
    assert report["dataset"]["trained_rows"] == 2
    assert read(tmp_path / "out") == met(split(dataset, TRAIN))


def test_an_adapter_of_before_tells_nothing(tmp_path: Path) -> None:
    assert read(tmp_path) is None


@pytest.mark.parametrize(
    "content",
    [
        "{",
        "[]",
        "null",
        '{"readers": []}',
        '{"readers": "abc", "answers": []}',
        '{"readers": [], "answers": ["us1"]}',
        '{"readers": [1], "answers": []}',
    ],
)
def test_a_file_that_cannot_be_read_is_one_line(content: str, tmp_path: Path) -> None:
    (tmp_path / MET_FILE).write_text(content, encoding="utf-8")
    with pytest.raises(ModelError, match=r"met\.json cannot be read .* train it again") as caught:
        read(tmp_path)
    assert "\n" not in str(caught.value)
