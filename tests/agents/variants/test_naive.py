"""The naive variant: statements against their opposites, for the readers and seeds of the plain export."""

import json

from gravity.store.records import OPPOSITE
from tests.agents.variants.planted import (
    FACET,
    ITEMS,
    LIBRARY,
    READERS,
    SCENE,
    SCENES,
    SEEDS,
    Planted,
    of_books,
    of_seed,
    rated,
    side,
    values_and_personality,
)
from tests.store.build import decision

ONE_ROW = "a row of its reader and seed or facet is there"


def test_each_reader_and_seed_has_one_row_without_a_scene(planted: Planted) -> None:
    planted.take_in(values_and_personality())
    result, rows = planted.export("naive")
    found = {(row["reader"], row["seed"]): row for row in rows["train"] if row["seed"]}
    assert found.keys() == {(reader, seed) for reader in READERS for seed in SEEDS}
    assert SCENE not in json.dumps(rows)
    for (reader, name), row in found.items():
        seed = LIBRARY.seeds[name]
        sides = {"agree": seed.statement, "disagree": seed.opposite}
        assert row["chosen"][0]["content"] == row["chosen_message"]["content"] == sides[side(reader)]
        assert row["rejected"][0]["content"] == sides[OPPOSITE[side(reader)]]
        card, task = row["prompt"]
        assert card == {"role": "system", "content": f"Card of {reader}"}
        assert task["role"] == "user" and " and ".join(seed.topics) in task["content"]
        assert not any(text in task["content"] for text in sides.values())
        assert (row["takes"], row["scenario"], row["votes"]) == (side(reader), None, [])
        # What the reader's own label rests on is still what this label rests on.
        assert (row["confidence"], row["evidence"]) == (0.7, [f"review of {reader}"])
    assert result.left_out == {ONE_ROW: len(READERS) * (len(SEEDS) * (SCENES - 1) + len(ITEMS) - 1)}
    assert sum(result.rows.values()) + sum(result.left_out.values()) == len(values_and_personality())


def test_a_facets_ends_stand_for_its_items(planted: Planted) -> None:
    planted.take_in(values_and_personality())
    _, rows = planted.export("naive")
    found = {row["reader"]: row for row in rows["train"] if row["track"] == "personality"}
    assert len(found) == len([row for row in rows["train"] if row["item"]]) == len(READERS)
    facet = LIBRARY.facets[FACET]
    for reader, row in found.items():
        level = side(reader, ("high", "low"))
        sides = (row["chosen"][0]["content"], row["rejected"][0]["content"])
        assert sides == ((facet.high, facet.low) if level == "high" else (facet.low, facet.high))
        assert FACET in row["prompt"][1]["content"] and row["takes"] == level


def test_readers_and_seeds_are_in_the_split_of_the_plain_export(planted: Planted) -> None:
    planted.take_in(values_and_personality())
    (_, plain), (_, naive) = (planted.export(variant, share=0.3) for variant in (None, "naive"))
    for split in ("train", "test"):
        for name in ("reader", "seed"):
            there = {row[name] for row in plain[split]}
            assert there and {row[name] for row in naive[split]} == there
    assert {row["id"] for rows in naive.values() for row in rows} < {
        row["id"] for rows in plain.values() for row in rows
    }


def test_pairs_without_a_scene_stay_as_they_are(planted: Planted) -> None:
    planted.take_in([of_books("us1", "loved", "liked")], rated({"us1": {"loved": 5, "liked": 2}}))
    (_, plain), (result, naive) = (planted.export(variant) for variant in (None, "naive"))
    assert naive == plain and len(plain["train"]) == 1
    assert result.variant is not None and result.variant.differ == {"us interests": 0}


def test_scenes_of_one_seed_with_opposite_labels_are_left_out(planted: Planted) -> None:
    pairs = [of_seed("us1", SEEDS[0], slot, "agree") for slot in range(2)]
    pairs += [of_seed("us1", SEEDS[1], slot, "agree") for slot in range(2)]
    planted.take_in(pairs)
    planted.ledger.decide(*decision(pairs[0], "flip"))
    for pair in pairs[2:]:
        planted.ledger.decide(*decision(pair, "flip"))
    result, rows = planted.export("naive")
    (row,) = rows["train"]
    # A person flipped both of one seed, and of the other one alone.
    assert (row["seed"], row["takes"]) == (SEEDS[1], "disagree")
    assert row["chosen"][0]["content"] == LIBRARY.seeds[SEEDS[1]].opposite
    assert result.left_out == {"other pairs of its reader and seed or facet have the opposite label": 2, ONE_ROW: 1}


def test_a_seed_that_nobody_knows_has_no_row(planted: Planted) -> None:
    planted.take_in([of_seed("us1", SEEDS[0], 0, "agree"), of_seed("us1", "gone", 0, "agree")])
    result, rows = planted.export("naive")
    assert [row["seed"] for row in rows["train"]] == [SEEDS[0]]
    assert result.left_out == {"its label takes no side of a known seed or facet": 1}


def test_card_and_manifest_name_the_variant_and_claim_no_bound(planted: Planted) -> None:
    planted.take_in(values_and_personality())
    planted.export()
    result, _ = planted.export("naive")
    assert "The label error of the lot lies in the interval" in planted.card("plain")
    card = planted.card("naive")
    assert 'the variant "naive"' in card and result.variant is not None and result.variant.definition in card
    assert "Gravity's own, since that of the paper is not published" in card
    assert "None of them bounds the error of the labels here" in card
    assert not any(words in card for words in ("95%", "label error |", "confirms"))
    assert f"| us values | {len(READERS) * len(SEEDS)} | 0 |" in card
    manifest = json.loads((planted.home / "naive" / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["variant"] == result.variant.model_dump()
    assert manifest["variant"]["differ"] == {"us personality": 0, "us values": 0}
    assert manifest["lots"] == manifest["rated"] == manifest["distinctions"] == manifest["reliability"] == []
    plain = json.loads((planted.home / "plain" / "manifest.json").read_text(encoding="utf-8"))
    assert plain["variant"] is None and plain["lots"]
