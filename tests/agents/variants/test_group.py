"""The group variant: the plain pairs, labelled by what most readers of the culture hold."""

import json

import pytest

from gravity.store.corpus import Corpus
from gravity.store.errors import StoreError
from gravity.store.records import Reader
from tests.agents.variants.planted import (
    FACET,
    ITEMS,
    LIBRARY,
    READERS,
    SCENES,
    SEEDS,
    Planted,
    agrees,
    of_books,
    of_categories,
    of_seed,
    rated,
    side,
    values_and_personality,
)

TIED = "its culture has no majority: as much speaks for either side"
UNRATED = "not both of its sides are rated by readers of its culture, of those counted"


def test_a_reader_against_the_majority_gets_the_groups_label(planted: Planted) -> None:
    planted.take_in(values_and_personality())
    (_, plain), (result, group) = (planted.export(variant) for variant in (None, "group"))
    own = {row["id"]: row for row in plain["train"]}
    assert own.keys() == {row["id"] for row in group["train"]} and not result.left_out
    for row in group["train"]:
        of_reader = own[row["id"]]
        # Seven of ten agree with each seed and are high.
        texts = [of_reader["chosen"], of_reader["rejected"]][:: 1 if agrees(row["reader"]) else -1]
        assert [row["chosen"], row["rejected"]] == texts
        assert row["takes"] == ("agree" if row["track"] == "values" else "high")
        assert row["confidence"] == pytest.approx(0.7) and row["basis"].startswith("7 of 10 readers of us")
        assert row["prompt"] == of_reader["prompt"] and row["votes"] == of_reader["votes"]
        # What stands here is no label of the reader's, so nothing said of that one is told.
        assert of_reader["checks"] and of_reader["lot"] == "vetted" and of_reader["evidence"]
        assert (row["checks"], row["decision"], row["lot"]) == ([], None, None)
        assert (row["evidence"], row["quotes"]) == ([], [])
    basis = next(row["basis"] for row in group["train"] if row["seed"] == SEEDS[0])
    assert basis.endswith(f"agree with: {LIBRARY.seeds[SEEDS[0]].statement}")
    assert next(row["basis"] for row in group["train"] if row["item"]).endswith(f"high: {FACET}")
    against = sum(not agrees(reader) for reader in READERS)
    differ = {"us personality": against * len(ITEMS), "us values": against * len(SEEDS) * SCENES}
    assert result.variant is not None and result.variant.differ == differ
    for name, n in differ.items():
        assert f"| {name} | {result.by_culture_and_track[name]} | {n} |" in planted.card("group")
    assert "None of them bounds the error of the labels here" in planted.card("group")


def test_readers_of_the_test_split_make_no_label(planted: Planted) -> None:
    planted.take_in(values_and_personality())
    (_, plain), (result, group) = (planted.export(variant, share=0.3) for variant in (None, "group"))
    for split in ("train", "test"):
        assert {row["id"] for row in group[split]} == {row["id"] for row in plain[split]}
    counted = {row["reader"] for row in plain["train"]}
    agree = sum(agrees(reader) for reader in counted)
    assert len(counted) == 7 and len({row["reader"] for row in group["test"]}) == 3
    told = {row["basis"].partition(":")[0] for rows in group.values() for row in rows}
    assert told == {f"{agree} of 7 readers of us of whom it is known"}
    differ = sum(not agrees(row["reader"]) for rows in group.values() for row in rows)
    assert result.variant is not None and sum(result.variant.differ.values()) == differ


def test_without_a_majority_a_pair_is_left_out(planted: Planted) -> None:
    one, new = (of_seed("us1", seed, 0, "agree") for seed in (SEEDS[1], "new"))
    planted.take_in([*(of_seed(reader, SEEDS[0], 0, side(reader)) for reader in READERS), one, new])
    minds = "UPDATE facts SET value = 'disagree' WHERE name = ? AND reader IN ('us5', 'us6')"
    with planted.database.begin() as connection:
        connection.exec_driver_sql(minds, (SEEDS[0],))
    result, rows = planted.export("group")
    assert [row["id"] for row in rows["train"]] == [one.id]
    nobody = "no reader of its culture, of those counted, is known to be on either side"
    assert result.left_out == {TIED: len(READERS), nobody: 1}


def test_unknown_stances_and_other_cultures_have_no_voice(planted: Planted) -> None:
    planted.take_in([of_seed("us9", SEEDS[0], 0, "disagree")])
    with planted.database.begin() as connection:
        voices = "UPDATE facts SET value = 'unknown' WHERE reader IN ('us0', 'us1', 'us2')"
        connection.exec_driver_sql(voices)
        connection.exec_driver_sql("UPDATE readers SET culture = 'br' WHERE id IN ('us3', 'us4')")
    _, rows = planted.export("group")
    # Of the seven who agree two are left, of the three who disagree all.
    (row,) = rows["train"]
    assert row["takes"] == "disagree" and row["basis"].startswith("3 of 5 readers of us")
    assert row["confidence"] == pytest.approx(3 / 5)


def test_of_two_books_the_one_that_is_rated_higher_is_chosen(planted: Planted) -> None:
    stars = {reader: {"loved": 5.0, "liked": 4.0} for reader in READERS[:4]} | {"us8": {"loved": 2.0, "liked": 5.0}}
    with_own, against = of_books("us1", "loved", "liked"), of_books("us8", "liked", "loved")
    planted.take_in([with_own, against, of_books("us2", "loved", "unread")], rated(stars))
    result, rows = planted.export("group")
    found = {row["reader"]: row for row in rows["train"]}
    assert found.keys() == {"us1", "us8"} and result.left_out == {UNRATED: 1}
    for row in found.values():
        assert row["chosen"][0]["content"] == "All love it." and row["rejected"][0]["content"] == "Many like it."
        assert row["basis"] == "'Loved' is rated 4.40, 5 by readers of us; 'Liked' is rated 4.20, 5 by readers of us"
        assert row["ratings"] == [5, 5]
        assert (row["rests_on"], row["tested"], row["confidence"]) == (None, None, None)
    assert result.variant is not None and result.variant.differ == {"us interests": 1}


def test_ratings_of_held_out_readers_and_of_other_cultures_do_not_count(planted: Planted) -> None:
    planted.take_in([of_books(reader, "loved", "liked") for reader in READERS])
    _, plain = planted.export(share=0.3)
    held_out = {row["reader"] for row in plain["test"]}
    # One reader who counts rates the books one way, and everybody who does not the other way.
    (first, *_) = sorted(set(READERS) - held_out)
    against = {reader: {"loved": 1.0, "liked": 5.0} for reader in (*held_out, "br0", "nobody")}
    corpus = Corpus(planted.database)
    list(corpus.take_readers("others", [Reader(id="br0", culture="br")]))
    list(corpus.take_reviews("more", rated({first: {"loved": 5.0, "liked": 4.0}, **against}), None))
    result, group = planted.export("group", share=0.3)
    assert len(held_out) == 3 and result.variant is not None and result.variant.differ == {"us interests": 0}
    for row in (row for rows in group.values() for row in rows):
        assert row["chosen"][0]["content"] == "All love it." and row["ratings"] == [1, 1]


def test_of_two_categories_the_one_that_is_liked_more_often_is_chosen(planted: Planted) -> None:
    names = ["Mystery", "Romance"]
    stars = {"us1": {"loved": 5.0, "liked": 2.0}, "us2": {"loved": 4.0, "liked": 4.0}, "us8": {"liked": 5.0}}
    known = LIBRARY.taxonomy(LIBRARY.domain("books"))
    better, worse = (known.place(["Books", name])[0] or "" for name in names)
    pairs = [of_categories("us1", better, worse), of_categories("us8", worse, better)]
    planted.take_in([*pairs, of_categories("us2", better, "Travel")], rated(stars))
    result, rows = planted.export("group")
    assert len(rows["train"]) == 2 and result.left_out == {UNRATED: 1}
    for row in rows["train"]:
        assert (row["chosen"][0]["content"], row["rejected"][0]["content"]) == (better, worse)
        # Two likes of two against two of three.
        assert row["ratings"] == [2, 3] and "67%" in row["basis"] and row["tested"] is None
    assert result.variant is not None and result.variant.differ == {"us interests": 1}


def test_books_that_are_rated_alike_have_no_majority(planted: Planted) -> None:
    stars = {"us1": {"loved": 5.0, "liked": 4.0}, "us2": {"loved": 4.0, "liked": 5.0}}
    one = of_seed("us1", SEEDS[0], 0, "agree")
    planted.take_in([of_books("us1", "loved", "liked"), one], rated(stars))
    result, _ = planted.export("group")
    assert result.left_out == {TIED: 1}


def test_a_variant_that_leaves_nothing_says_why(planted: Planted) -> None:
    planted.take_in([of_books("us1", "loved", "unread")], rated({"us1": {"loved": 5.0}}))
    with pytest.raises(
        StoreError, match=r"this variant leaves out all 1 pairs of run a+, most since not both of its sides are rated"
    ):
        planted.export("group")
    assert not list(planted.home.glob("*group*"))


def test_manifest_has_the_counts(planted: Planted) -> None:
    planted.take_in(values_and_personality())
    result, _ = planted.export("group")
    manifest = json.loads((planted.home / "group" / "manifest.json").read_text(encoding="utf-8"))
    assert result.variant is not None
    assert manifest["variant"] == {
        "name": "group",
        "definition": result.variant.definition,
        "differ": result.variant.differ,
    }
    assert manifest["rows"] == result.rows
