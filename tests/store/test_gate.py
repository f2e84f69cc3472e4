"""Which pairs leave the store: vetted ones of vetted lots, and what a person has kept."""

import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from gravity.store.database import Database
from gravity.store.dataset import export
from gravity.store.labels import samples
from gravity.store.ledger import Ledger
from gravity.store.lots import due
from gravity.store.records import Label, Pair
from tests.store.build import check, decision, pair, run

RUN = run()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "out" / "dataset"


def fresh(*pairs: Pair) -> Ledger:
    """A ledger that holds these pairs and nothing else."""
    made = Ledger(Database("sqlite://"))
    made.open_run(RUN)
    made.add_pairs(pairs)
    return made


def values(count: int, **fields: Any) -> list[Pair]:
    return [pair(RUN, f"us{n}", "seed0", **fields) for n in range(count)]


def checked(ledger: Ledger, pairs: list[Pair], answers: dict[int, Label | None]) -> list[str]:
    """Ids of the sample in its order, after as many checks as the lot wants; `answers` are by place, others confirm."""
    known, sample = {one.id: one for one in pairs}, samples(ledger, RUN.id)["us", "values"].ids
    while todo := due(ledger, RUN).get(("us", "values")):
        for identity in todo:
            ledger.add_check(check(known[identity], answers.get(sample.index(identity), "chosen")))
    return sample


def left(ledger: Ledger, folder: Path) -> tuple[set[str], dict[str, int], list[dict[str, Any]]]:
    """Ids of the rows that left, the counts of those that did not, and the rows."""
    result = export(ledger, RUN, folder, test_share=0.0, overwrite=False)
    rows = [row for file in folder.glob("*.parquet") for row in pq.read_table(file).to_pylist()]
    return {row["id"] for row in rows}, result.left_out, rows


def test_of_a_small_lot_only_confirmed_pairs_leave(folder: Path) -> None:
    pairs = values(90)
    ledger = fresh(*pairs)
    answers: dict[int, Label | None] = {0: None, 1: None, **dict.fromkeys(range(2, 12), "rejected")}
    sample = checked(ledger, pairs, answers)
    ids, out, rows = left(ledger, folder)
    assert ids == {*sample[12:]}
    assert out == {"the panel preferred the other side": 10, "the panel did not confirm it": 2}
    for row in rows:
        assert [(c["judge"], c["order"], c["prefers"], c["prompt"]) for c in row["checks"]] == [
            ("strict", "chosen", "chosen", "prompt-2"),
            ("strict", "rejected", "chosen", "prompt-2"),
        ]
        assert (row["lot"], row["decision"], row["qualified"]) == ("vetted", None, True)


def test_of_a_sampled_lot_what_the_panel_contradicted_stays_and_what_it_could_not_tell_leaves(folder: Path) -> None:
    pairs = values(400)
    ledger = fresh(*pairs)
    sample = checked(ledger, pairs, {0: "rejected", 1: None})
    ids, out, rows = left(ledger, folder)
    assert out == {"the panel preferred the other side": 1}
    assert ids == {one.id for one in pairs} - {sample[0]} and sample[1] in ids
    assert sum(not row["checks"] for row in rows) == 400 - len(ledger.checks(RUN.id))


@pytest.mark.parametrize(("against", "verdict"), [(40, "withheld"), (8, "review")])
def test_a_lot_that_is_not_vetted_stays_whole_but_for_what_people_kept(
    folder: Path, against: int, verdict: str
) -> None:
    pairs, rated = values(400, takes="agree"), [pair(RUN, "us0", "B1", "interests")]
    ledger = fresh(*pairs, *rated)
    known = {one.id: one for one in pairs}
    sample = checked(ledger, pairs, dict.fromkeys(range(against), "rejected"))
    against = sum(one.prefers == "rejected" for one in ledger.checks(RUN.id).values())
    kept, flipped = known[sample[-1]], known[sample[0]]
    ledger.decide(*decision(kept, "keep"))
    ledger.decide(*decision(flipped, "flip", "Bo"))
    ids, out, rows = left(ledger, folder)
    assert ids == {kept.id, flipped.id, rated[0].id}
    assert out == {
        "the panel preferred the other side": against - 1,
        f"lot us values: {verdict}": 400 - 2 - (against - 1),
    }
    by_id = {row["id"]: row for row in rows}
    assert by_id[flipped.id]["decision"] == "flip by Bo" and by_id[kept.id]["decision"] == "keep by Ana"
    assert by_id[flipped.id]["chosen"] == flipped.rejected
    # A label that a person turned round says the opposite.
    assert (by_id[flipped.id]["takes"], by_id[kept.id]["takes"]) == ("disagree", "agree")
    assert by_id[rated[0].id]["lot"] == "vetted"


def test_an_unchecked_lot_of_qualified_models_stays(folder: Path) -> None:
    ledger = fresh(*values(5), pair(RUN, "us0", "B1", "interests"))
    ids, out, _ = left(ledger, folder)
    assert (len(ids), out) == (1, {"lot us values: unchecked": 5})


def test_unqualified_pairs_leave_unchecked_and_marked(folder: Path) -> None:
    ledger = fresh(*values(5, qualified=False), pair(RUN, "br0", "B1", "interests", "br"))
    ids, out, rows = left(ledger, folder)
    assert (len(ids), out) == (6, {})
    assert {row["culture"]: row["qualified"] for row in rows} == {"us": False, "br": True}
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["unqualified"] == 5
    card = (folder / "README.md").read_text(encoding="utf-8")
    assert "**5 rows are not qualified** (column `qualified`)" in card
    assert "Every row's labels were made by models that had qualified" not in card
    assert "| us values | 5 | 0 | 0 | 0 | not asked | not measured | unchecked |" in card


def test_the_card_says_how_far_the_labels_can_be_trusted(folder: Path) -> None:
    pairs = values(400)
    ledger = fresh(*pairs)
    checked(ledger, pairs, {0: "rejected", 1: None})
    result = export(ledger, RUN, folder, test_share=0.0, overwrite=False)
    (lot,) = result.lots
    card = (folder / "README.md").read_text(encoding="utf-8")
    row = f"| us values | 400 | {lot.checked} | 1 | 1 | not asked | 0.0% to {100 * lot.high:.1f}% | vetted |"
    assert row in card and "confirms 246 of 250 right labels" in card and "and 1 of 30 wrong ones" in card
    assert "Every row's labels were made by models that had qualified" in card
    assert "not qualified**" not in card
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["lots"] == [lot.model_dump(mode="json")] and manifest["unqualified"] == 0


def test_a_rejected_pair_stays_and_a_held_one_leaves_as_people_decided(folder: Path) -> None:
    vetted, held = values(90), [pair(RUN, f"us{n}", "seed1", verdict="held") for n in range(2)]
    ledger = fresh(*vetted, *held)
    checked(ledger, vetted, {})
    ledger.decide(*decision(vetted[0], "reject"))
    ledger.decide(*decision(held[0], "keep"))
    ids, out, _ = left(ledger, folder)
    assert ids == {one.id for one in (*vetted[1:], held[0])}
    assert out == {"verdict rejected": 1, "verdict held": 1}


def test_a_held_pair_that_a_person_kept_leaves_where_nothing_else_of_its_lot_was_vetted(folder: Path) -> None:
    held = [pair(RUN, f"us{n}", "item0", "personality", verdict="held") for n in range(3)]
    ledger = fresh(*held, pair(RUN, "us0", "B1", "interests"))
    ledger.decide(*decision(held[0], "keep"))
    ids, out, _ = left(ledger, folder)
    assert held[0].id in ids
    assert out == {"verdict held": 2}
