import json
from pathlib import Path

import pytest

from gravity.audit.from_folder import from_folder
from gravity.audit.from_store import from_store
from gravity.frameworks.loader import Library
from gravity.store.corpus import Corpus
from gravity.store.database import Database
from gravity.store.dataset import export
from gravity.store.errors import InputError
from gravity.store.ledger import Ledger
from gravity.store.records import Finding, Reader, Round
from tests.store import build


@pytest.fixture
def ledger(database: Database) -> Ledger:
    """A run with a scenario that was revised and vetted, one refused, facts, and pairs about two seeds."""
    made, corpus, run = Ledger(database), Corpus(database), build.run()
    made.open_run(run)
    list(corpus.take_readers("r", [Reader(id="ana", culture="br", gender="woman"), Reader(id="bo", culture="us")]))
    text = "Um livro lindo sobre a família, que me fez pensar na vida de todos nós."
    list(corpus.take_reviews("f", [build.review(f"{n}", "ana", text=text) for n in range(3)], None))
    for reader in ("ana", "bo"):
        stances = [build.fact(run, reader, "hof-pdi-01"), build.fact(run, reader, "hof-idv-01", value="unknown")]
        made.add_profile(run.id, reader, stances)
    vetted = build.scenario(run, "hof-pdi-01", "br")
    remark = Finding(critic="rules", kind="k", quote="q", severity="severe", repair="r", made_by=build.MAKER)
    vetted = vetted.model_copy(update={"rounds": [Round(draft=vetted.draft, findings=[remark]), vetted.rounds[-1]]})
    made.add_scenario(vetted)
    made.add_scenario(build.scenario(run, "hof-pdi-01", "us", verdict="rejected"))
    made.add_pairs(
        [
            build.pair(run, "ana", "hof-pdi-01", culture="br", scenario=vetted.id, fact=["stance", "hof-pdi-01"],
                       takes="agree"),
            build.pair(run, "bo", "hof-pdi-01", verdict="held"),
        ]
    )  # fmt: skip
    return made


def test_a_run_becomes_tidy_tables(ledger: Ledger) -> None:
    seen = from_store(ledger.database, build.run(), Library())
    pairs = {row["reader"]: row for row in seen.pairs.to_pylist()}
    assert pairs["ana"]["takes"] == "agree"
    assert pairs["ana"]["chosen"] == "ana on hof-pdi-01: é 日本 \U0001f4d6"
    assert pairs["bo"]["takes"] is None
    assert {row["id"]: row["language"] for row in seen.readers.to_pylist()} == {"ana": "pt", "bo": None}
    facts = {(row["reader"], row["name"]): row for row in seen.facts.to_pylist()}
    assert len(facts) == 4
    assert facts["ana", "hof-pdi-01"]["culture"] == "br"
    assert facts["ana", "hof-pdi-01"]["language"] == "pt"
    assert facts["ana", "hof-pdi-01"]["evidence"] == 1
    scenes = {row["culture"]: row for row in seen.scenes.to_pylist()}
    # The first draft was stopped by a critic; the second came before the judges.
    assert (scenes["br"]["clean"], scenes["br"]["judged"], scenes["br"]["verdict"]) == (False, True, "vetted")
    assert (scenes["us"]["clean"], scenes["us"]["verdict"]) == (True, "rejected")
    assert scenes["br"]["dimension"] == "power_distance"
    assert [row["critic"] for row in seen.remarks.to_pylist()] == ["rules"]
    assert len(seen.votes) == 4


def test_what_a_pair_rests_on_is_found_again(ledger: Ledger) -> None:
    database = ledger.database
    run, review = build.run(), build.review("review of ana", "ana", text="Long. " * 200)
    list(Corpus(database).take_reviews("f", [review], None))
    seen = from_store(database, run, Library())
    pair = next(row["id"] for row in seen.pairs.to_pylist() if row["reader"] == "ana")
    (quoted,) = seen.trails([pair])[pair]
    assert quoted.startswith("4/5 t: Long. Long.")
    assert quoted.endswith("…")


def test_another_run_sees_nothing(ledger: Ledger) -> None:
    seen = from_store(ledger.database, build.run("b" * 16), Library())
    assert not len(seen.pairs) and not len(seen.facts) and not len(seen.scenes)


def test_an_exported_dataset_gives_the_same_pairs(ledger: Ledger, tmp_path: Path) -> None:
    vetted = next(ledger.pairs(build.run().id, "vetted"))
    ledger.add_check(build.check(vetted))
    export(ledger, build.run(record=build.SURE), tmp_path / "ds", 0.0, overwrite=False)
    seen = from_folder(tmp_path / "ds")
    (pair,) = seen.pairs.to_pylist()
    stored = from_store(ledger.database, build.run(), Library()).pairs.to_pylist()
    (same,) = [row for row in stored if row["verdict"] == "vetted"]
    # What a panel said against a pair does not leave the store, so a folder says nothing of that gate.
    assert pair == {**same, "checked": None}
    assert len(seen.votes) == 2


def test_a_dataset_made_elsewhere_needs_chosen_rejected_and_culture(tmp_path: Path) -> None:
    rows = [{"prompt": f"p{n // 2}", "chosen": f"c{n}", "rejected": f"r{n}", "culture": "us"} for n in range(4)]
    (tmp_path / "train.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    seen = from_folder(tmp_path)
    pairs = seen.pairs.to_pylist()
    assert [row["chosen"] for row in pairs] == ["c0", "c1", "c2", "c3"]
    # Rows of one prompt are one cluster.
    assert len({row["subject"] for row in pairs}) == 2
    assert any("no column" in note and "votes" in note for note in seen.notes)


def test_truth_is_read_and_a_bad_line_is_named(ledger: Ledger, tmp_path: Path) -> None:
    path = tmp_path / "truth.jsonl"
    path.write_text('{"reader": "ana", "stances": {"hof-pdi-01": "agree"}, "facets": {"trust": "high"}}\n', "utf-8")
    seen = from_store(ledger.database, build.run(), Library(), path)
    assert {(row["kind"], row["name"], row["value"]) for row in seen.truth.to_pylist()} == {
        ("stance", "hof-pdi-01", "agree"),
        ("facet", "trust", "high"),
    }
    path.write_text('{"stances": {"a": "agree"}}\n', "utf-8")
    with pytest.raises(InputError, match=r"truth.jsonl:1: not a reader's truth"):
        from_store(ledger.database, build.run(), Library(), path)
    with pytest.raises(InputError, match="cannot read the truth file"):
        from_store(ledger.database, build.run(), Library(), tmp_path / "none")
