"""Odd and thin evidence is said in the report or refused in one line; no figure is ever NaN."""

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from gravity.audit import evidence
from gravity.audit.evidence import Evidence
from gravity.audit.examine import Audit
from gravity.audit.from_folder import from_folder
from gravity.audit.report import write
from gravity.audit.tables import build
from gravity.store.errors import InputError, StoreError
from tests.audit.support import audited, named, pair, pairs


def written(made: Audit, folder: Path) -> str:
    """The report's text after the checks that hold for every report."""
    write(made, folder)
    json.loads((folder / "audit.json").read_text(encoding="utf-8"), parse_constant=lambda name: pytest.fail(name))
    page = (folder / "report.html").read_text(encoding="utf-8")
    body = page[: page.index("<script>")]
    for text in (body, (folder / "report.md").read_text(encoding="utf-8")):
        assert "nan" not in text.lower().replace("finance", "")
        assert "inf " not in text
    return body


def test_an_empty_store_is_audited_and_says_so(tmp_path: Path) -> None:
    made = audited(Evidence("empty"))
    assert made.findings == []
    assert "Insufficient: this source holds nothing to measure here" in written(made, tmp_path)


def test_a_culture_with_three_pairs_is_insufficient_and_not_compared(tmp_path: Path) -> None:
    made = audited(pairs([*(pair(n, "us") for n in range(300)), *(pair(n, "br") for n in range(3))]))
    thin = [finding for finding in made.findings if "br" in finding.cultures]
    assert [finding.level for finding in thin] == ["note"]
    assert "Brazil has 3 pairs: too few" in thin[0].what
    figure = named(made, "chosen is the longer", "br", "all")
    assert not figure.enough
    assert figure.p is None
    assert "insufficient" in written(made, tmp_path)


def test_an_unknown_culture_is_measured_without_what_needs_its_material(tmp_path: Path) -> None:
    made = audited(pairs([pair(n, culture) for n in range(150) for culture in ("us", "atlantis")]))
    assert named(made, "chosen is the longer", "atlantis", "all").enough
    assert not [f for f in made.figures if f.name == "words of other cultures" and f.culture == "atlantis"]
    assert any("known of atlantis" in note for note in made.notes)
    assert "atlantis" in written(made, tmp_path)


def test_pairs_without_a_culture_are_counted(tmp_path: Path) -> None:
    made = audited(pairs([*(pair(n) for n in range(120)), *(pair(n, None) for n in range(7))]))
    assert any("7 of 127 pairs have no culture" in note for note in made.notes)
    assert named(made, "pairs", "us").n == 120


def test_votes_all_one_way_have_no_agreement_to_speak_of(tmp_path: Path) -> None:
    rows = [
        {"scenario": f"s{n}", "culture": "us", "seed": f"seed {n % 40}", "judge": judge, "order": order,
         "endorses": "endorsing", "confidence": 0.9}
        for n in range(200) for judge in ("a", "b") for order in ("endorsing", "opposing")
    ]  # fmt: skip
    made = audited(Evidence("test", pairs=build([pair(1)], evidence.PAIRS), votes=build(rows, evidence.VOTES)))
    alpha = named(made, "Krippendorff's alpha", "us")
    assert alpha.value is None
    assert not alpha.enough
    assert alpha.extra["judges agree"] == 1.0
    assert named(made, "first seat wins", "", "a").value == 0.5
    assert not [finding for finding in made.findings if finding.section == "judges and critics"]
    written(made, tmp_path)


def test_a_judge_that_never_answers_is_shown(tmp_path: Path) -> None:
    rows = [
        {"scenario": f"s{n}", "culture": "us", "seed": f"s{n}", "judge": "mute", "order": order, "endorses": None,
         "confidence": 0.0}
        for n in range(120) for order in ("endorsing", "opposing")
    ]  # fmt: skip
    made = audited(Evidence("test", pairs=build([pair(1)], evidence.PAIRS), votes=build(rows, evidence.VOTES)))
    assert named(made, "no answer", "us", "mute").value == 1.0
    assert named(made, "first seat wins", "us", "mute").value is None
    written(made, tmp_path)


def test_texts_without_words_and_sides_that_are_equal(tmp_path: Path) -> None:
    rows = [pair(n, culture, chosen="…", rejected="…") for n in range(150) for culture in ("us", "jp")]
    made = audited(pairs(rows))
    assert named(made, "chosen is the longer", "us", "all").value == 0.5
    assert not named(made, "words alone tell chosen from rejected", "us").enough
    written(made, tmp_path)


def test_a_dataset_folder_is_refused_in_one_line(tmp_path: Path) -> None:
    table = pa.table({"chosen": ["a"], "rejected": ["b"]})
    pq.write_table(table, tmp_path / "train.parquet")
    with pytest.raises(InputError, match="no column 'culture': an audit needs chosen, rejected, culture"):
        from_folder(tmp_path)
    pq.write_table(table.append_column("culture", pa.array(["us"])).slice(0, 0), tmp_path / "train.parquet")
    with pytest.raises(InputError, match="has no rows"):
        from_folder(tmp_path)
    (tmp_path / "train.parquet").write_bytes(b"PAR1 is what this is not")
    with pytest.raises(InputError, match=r"train.parquet cannot be read"):
        from_folder(tmp_path)
    with pytest.raises(InputError, match="there is no dataset folder"):
        from_folder(tmp_path / "none")
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match=r"holds no \.parquet or \.jsonl file"):
        from_folder(tmp_path / "empty")


def test_a_report_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file", encoding="utf-8")
    with pytest.raises(StoreError, match="cannot write the report"):
        write(audited(Evidence("empty")), tmp_path / "taken")
