"""The exported dataset, from a ledger whose every pair is known."""

import hashlib
import json
import resource
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import datasets
import pyarrow.parquet as pq
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from gravity.store.database import Database
from gravity.store.dataset import SCHEMA, Export, export
from gravity.store.errors import StoreError
from gravity.store.ledger import Ledger
from gravity.store.records import CardLine, Pair
from gravity.store.runs import RunSettings
from tests.store.build import pair
from tests.store.planted import RUN, confirm, planted

Rows = dict[str, list[dict[str, Any]]]


def written(folder: Path) -> Rows:
    return {split: pq.read_table(folder / f"{split}.parquet").to_pylist() for split in ("train", "test")}


def check_split(rows: Rows, result: Export, pairs: list[Pair]) -> None:
    """What holds for any ledger: nothing shared, nothing lost, nothing that did not pass."""
    for name in ("reader", "seed", "item"):
        train, test = ({row[name] for row in rows[split]} - {None} for split in ("train", "test"))
        assert not train & test
    passed = {one.id for one in pairs if one.verdict == "vetted"}
    ids = [row["id"] for split in rows.values() for row in split]
    assert len(ids) == len(set(ids))
    assert set(ids) <= passed
    assert result.rows == {split: len(found) for split, found in rows.items()}
    assert sum(result.rows.values()) + sum(result.left_out.values()) == len(pairs)
    verdicts = Counter(f"verdict {one.verdict}" for one in pairs if one.verdict != "vetted")
    assert {reason: n for reason, n in result.left_out.items() if reason.startswith("verdict")} == verdicts
    assert sum(result.by_culture_and_track.values()) == len(ids)


def test_splits_share_no_reader_and_no_seed_and_the_counts_add_up(ledger: Ledger, folder: Path) -> None:
    result = export(ledger, RUN, folder, test_share=0.2, overwrite=False)
    rows = written(folder)
    check_split(rows, result, planted())
    readers = Counter(reader[:2] for reader in {row["reader"] for row in rows["test"]})
    assert readers == {"us": 2, "br": 2}
    assert len({row["seed"] for row in rows["test"]} - {None}) == 2
    assert len({row["item"] for row in rows["test"]} - {None}) == 1
    # 9 seeds, 5 items and 2 books of 15 train and 4 test readers; 7 and 2 seeds, 4 and 1 items.
    assert result.rows == {"train": 15 * (7 + 4 + 2), "test": 4 * (2 + 1 + 2)}
    assert result.left_out == {
        "verdict held": 9 + 5 + 2,
        "verdict rejected": 20,
        "train reader, test seed or item": 15 * (2 + 1),
        "test reader, train seed or item": 4 * (7 + 4),
    }
    assert result.by_culture_and_track["br interests"] == 20


def test_rows_carry_what_they_rest_on(ledger: Ledger, folder: Path) -> None:
    export(ledger, RUN, folder, test_share=0.2, overwrite=False)
    pairs = {one.id: one for one in planted()}
    for row in [row for split in written(folder).values() for row in split]:
        known = pairs[row["id"]]
        for name in ("prompt", "chosen", "rejected", "reader", "culture", "track", "verdict", "basis", "run"):
            assert row[name] == getattr(known, name)
        subjects = {"values": "seed", "personality": "item", "interests": "book"}
        assert {name: row[name] for name in subjects.values()} == {
            name: known.subject if track == known.track else None for track, name in subjects.items()
        }
        assert row["takes"] == {"values": "agree", "personality": "high", "interests": None}[known.track]
        if known.track == "values":
            assert (row["confidence"], row["evidence"]) == (0.7, [f"review of {known.reader}"])
            assert [(vote["judge"], vote["order"], vote["endorses"]) for vote in row["votes"]] == [
                ("strict", "endorsing", "endorsing"),
                ("strict", "opposing", "endorsing"),
            ]
            assert row["models"] == ["tiny", "strict"]
            assert row["lot"] == "vetted" and row["qualified"] and row["decision"] is None
            assert row["prompt_hashes"] == ["prompt-1", "prompt-2", "prompt-3"]
        elif known.track == "personality":
            assert (row["confidence"], row["models"], row["votes"]) == (0.9, ["tiny", "strict"], [])
        else:
            assert (row["confidence"], row["evidence"], row["models"]) == (None, [], [])


def test_answers_stand_as_single_messages_too_without_white_space_at_their_ends(
    database: Database, folder: Path
) -> None:
    made = Ledger(database)
    made.open_run(RUN)
    answers = {"chosen": "\n Two lines.\n\nThe other. ", "rejected": "\tNo."}
    sides: Any = {side: [{"role": "assistant", "content": text}] for side, text in answers.items()}
    made.add_pairs([pair(RUN, "us1", "B1", "interests", **sides)])
    export(made, RUN, folder, test_share=0.0, overwrite=False)
    (row,) = written(folder)["train"]
    for side, text in answers.items():
        assert row[side] == [row[f"{side}_message"]] == [{"role": "assistant", "content": text.strip()}]


def test_llama_factory_is_told_of_the_splits_that_have_rows(ledger: Ledger, tmp_path: Path) -> None:
    for share, names in (
        (0.2, {"gravity": "train.parquet", "gravity_test": "test.parquet"}),
        (0.0, {"gravity": "train.parquet"}),
    ):
        folder = tmp_path / str(share)
        export(ledger, RUN, folder, test_share=share, overwrite=False)
        info = json.loads((folder / "dataset_info.json").read_text(encoding="utf-8"))
        assert {name: told["file_name"] for name, told in info.items()} == names
        for told in info.values():
            assert (
                set(told["columns"].values()) == {"prompt", "chosen_message", "rejected_message"} <= set(SCHEMA.names)
            )


def test_rows_say_what_each_line_of_their_card_tells(database: Database, folder: Path) -> None:
    made = Ledger(database)
    made.open_run(RUN)
    card_lines = [
        CardLine(component="personality", framework="big five", seed=None, text="Personality: high openness"),
        CardLine(component="values", framework=None, seed=None, text="Views they hold:"),
        CardLine(component="values", framework="another", seed="x-1", text="- A view of nobody."),
    ]
    made.add_pairs([pair(RUN, "us1", "B1", "interests", profile=card_lines)])
    export(made, RUN, folder, test_share=0.0, overwrite=False)
    (row,) = written(folder)["train"]
    assert row["profile"] == [told.model_dump() for told in card_lines]


def test_folder_loads_with_its_splits(ledger: Ledger, folder: Path, tmp_path: Path) -> None:
    result = export(ledger, RUN, folder, test_share=0.2, overwrite=False)
    loaded = datasets.load_dataset(str(folder), cache_dir=str(tmp_path / "cache"))
    assert {split: len(found) for split, found in loaded.items()} == result.rows
    assert loaded["train"].column_names == SCHEMA.names
    for split, rows in written(folder).items():
        assert [dict(row) for row in loaded[split]] == rows


def test_folder_without_test_rows_loads_too(ledger: Ledger, folder: Path, tmp_path: Path) -> None:
    result = export(ledger, RUN, folder, test_share=0.0, overwrite=False)
    assert result.rows == {"train": 19 * (9 + 5 + 2), "test": 0}
    assert pq.read_table(folder / "test.parquet").schema.names == SCHEMA.names
    loaded = datasets.load_dataset(str(folder), cache_dir=str(tmp_path / "cache"))
    assert {split: len(found) for split, found in loaded.items()} == {"train": result.rows["train"]}


def test_manifest_and_card_say_what_is_there(ledger: Ledger, folder: Path) -> None:
    result = export(ledger, RUN, folder, test_share=0.2, overwrite=False)
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    assert {path.name for path in folder.iterdir()} == {*manifest["sha256"], "manifest.json"}
    for name, digest in manifest["sha256"].items():
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == digest
    assert (manifest["run"], RunSettings.model_validate(manifest["settings"])) == (RUN.id, RUN.settings)
    for name in ("rows", "left_out", "by_culture_and_track"):
        assert manifest[name] == getattr(result, name)
    _, header, text = (folder / "README.md").read_text(encoding="utf-8").split("---\n", 2)
    assert yaml.safe_load(header)["configs"][0]["data_files"] == [
        {"split": split, "path": f"{split}.parquet"} for split in ("train", "test")
    ]
    assert yaml.safe_load(header)["size_categories"] == ["n<1K"]
    for track, basis in (("values", "a stance"), ("interests", "ratings")):
        assert f"| {track} | {basis} |" in text
    for part in (*result.rows.items(), *result.left_out.items(), ("judges", "strict"), ("critics", "none")):
        assert f"| {part[0]} | {part[1]} |" in text


def test_same_ledger_gives_the_same_files(ledger: Ledger, tmp_path: Path) -> None:
    digests = []
    for name in ("one", "two"):
        export(ledger, RUN, tmp_path / name, test_share=0.2, overwrite=False)
        digests.append(json.loads((tmp_path / name / "manifest.json").read_text(encoding="utf-8"))["sha256"])
    assert digests[0] == digests[1]


def test_folder_that_is_taken_is_refused_and_left_as_it_is(ledger: Ledger, folder: Path) -> None:
    folder.mkdir(parents=True)
    (folder / "mine.txt").write_text("keep me")
    with pytest.raises(StoreError, match="is not empty: choose another folder, or add --overwrite"):
        export(ledger, RUN, folder, test_share=0.2, overwrite=False)
    assert [path.name for path in folder.parent.rglob("*")] == ["dataset", "mine.txt"]
    (folder / "mine.txt").rename(folder.parent / "file")
    with pytest.raises(StoreError, match=r"cannot write the dataset to .*: Not a directory"):
        export(ledger, RUN, folder.parent / "file", test_share=0.2, overwrite=False)
    assert export(ledger, RUN, folder, test_share=0.2, overwrite=False).rows["train"]


def test_overwrite_replaces_the_whole_folder(ledger: Ledger, folder: Path) -> None:
    first = export(ledger, RUN, folder, test_share=0.2, overwrite=False)
    (folder / "stale.parquet").write_text("old")
    second = export(ledger, RUN, folder, test_share=0.4, overwrite=True)
    assert second.rows != first.rows
    check_split(written(folder), second, planted())
    assert not (folder / "stale.parquet").exists()


def test_current_folder_can_be_written_to(ledger: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    export(ledger, RUN, Path(), test_share=0.2, overwrite=False)
    assert (tmp_path / "here/manifest.json").exists()


@contextmanager
def small_files() -> Iterator[None]:
    """Meanwhile the system refuses to write past the 8th kilobyte of a file."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (8 * 1024, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_failure_half_way_leaves_nothing_behind(ledger: Ledger, folder: Path) -> None:
    with pytest.raises(StoreError, match=r"cannot write the dataset to .*dataset: ") as caught, small_files():
        export(ledger, RUN, folder, test_share=0.2, overwrite=False)
    assert "\n" not in str(caught.value)
    assert list(folder.parent.iterdir()) == []


def test_failure_half_way_leaves_the_earlier_dataset(ledger: Ledger, folder: Path) -> None:
    export(ledger, RUN, folder, test_share=0.2, overwrite=False)
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    with pytest.raises(StoreError), small_files():
        export(ledger, RUN, folder, test_share=0.4, overwrite=True)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    assert list(folder.parent.iterdir()) == [folder]


def test_ledger_that_fails_half_way_leaves_nothing_behind(ledger: Ledger, database: Database, folder: Path) -> None:
    with database.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE scenarios RENAME TO gone")
    with pytest.raises(StoreError, match="no such table: scenarios"):
        export(ledger, RUN, folder, test_share=0.2, overwrite=False)
    assert list(folder.parent.iterdir()) == []


cells = st.tuples(
    st.sampled_from(["us0", "us1", "us2", "br0", "br1", "br2"]),
    st.sampled_from(["s0", "s1", "s2", "s3"]),
    st.sampled_from(["values", "personality", "interests"]),
    st.sampled_from(["vetted", "vetted", "rejected", "held", "failed"]),
)


@settings(deadline=None, max_examples=30)
@given(st.lists(cells, max_size=30, unique_by=lambda cell: cell[:3]), st.floats(0, 1, exclude_max=True))
def test_any_pairs_are_split_without_overlap_and_add_up(
    tmp_path_factory: pytest.TempPathFactory, chosen: list[tuple[str, str, Any, Any]], share: float
) -> None:
    database = Database("sqlite://")
    pairs = [pair(RUN, reader, s, track, reader[:2], verdict=verdict) for reader, s, track, verdict in chosen]
    Ledger(database).add_pairs(pairs)
    confirm(Ledger(database), pairs)
    folder = tmp_path_factory.mktemp("any") / "dataset"
    if not any(one.verdict == "vetted" for one in pairs):
        with pytest.raises(StoreError, match="no vetted pairs"):
            export(Ledger(database), RUN, folder, share, overwrite=False)
        assert not folder.exists()
        return
    try:
        result = export(Ledger(database), RUN, folder, share, overwrite=False)
    except StoreError as error:
        # Of a few pairs all can be of a train reader about a test seed, or the other way round.
        assert share > 0 and "fits into train or test" in str(error) and not folder.exists()
        return
    rows = written(folder)
    check_split(rows, result, pairs)
    if share == 0:
        assert rows["test"] == []
    for culture in {one.culture for one in pairs}:
        passed = {one.reader for one in pairs if one.culture == culture and one.verdict == "vetted"}
        tested = {row["reader"] for row in rows["test"] if row["culture"] == culture}
        assert len(tested) < max(len(passed), 1)
    database.close()


def test_a_split_that_leaves_nothing_says_so(database: Database, folder: Path) -> None:
    pairs = [pair(RUN, reader, seed) for reader, seed in (("us0", "s0"), ("us1", "s1"))]
    Ledger(database).add_pairs(pairs)
    confirm(Ledger(database), pairs)
    with pytest.raises(StoreError, match=r"none of the 2 pairs .* curate more readers, or set curate\.test_share to 0"):
        export(Ledger(database), RUN, folder, 0.5, overwrite=False)
    assert not folder.exists()
