"""Writings of played writers, judged by played judges: what is known of both comes back, and nothing is asked twice."""

import asyncio
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import pytest

from gravity.agents.errors import BUDGET, ModelError
from gravity.compare.evidence import ORIGINAL, Evidence
from gravity.comparing.cells import Wanted
from gravity.comparing.comparing import gather, stage
from gravity.comparing.factorial import factorial, of_both_kinds
from gravity.comparing.line_up import line_up
from gravity.comparing.who import chosen
from gravity.config import Config
from gravity.errors import ConfigError
from gravity.project import Project
from gravity.store.generated import Generated
from gravity.store.records import Unanswered
from tests.gravity.comparing.conftest import Scene
from tests.stub.cards import Cards
from tests.stub.tastes import planted
from tests.support import project, silent

ALL = {
    "own": {"model": "fit"},
    "another's": {"model": "fit", "card": "other"},
    "nobody's": {"model": "fit", "card": "none"},
    "prompt-only": {"model": "deaf"},
    "deaf, another's": {"model": "deaf", "card": "other"},
}


def compared(made: Project, names: Sequence[str] = (), **wanted: object) -> tuple[Evidence, list[Unanswered]]:
    on = stage(made.run(), line_up(made.config, names), unqualified=True)
    return asyncio.run(gather(on, Wanted(**wanted), silent))  # type: ignore[arg-type]


def balance(evidence: Evidence, first: str, second: str) -> tuple[int, int, int]:
    """How often the first, the second and neither was preferred."""
    both = [one for one in evidence.comparisons if {one.first, one.second} == {first, second}]
    counts = Counter(one.prefers for one in both)
    return counts[first], counts[second], counts[None]


def test_own_cards_win_where_a_writer_heeds_them_and_only_there(scene: Scene) -> None:
    evidence, pending = compared(scene.project(**ALL))
    assert not pending and not evidence.missing
    assert (len(evidence.cells), len(evidence.writings), len(evidence.comparisons)) == (32, 6 * 32, 15 * 32)
    won, lost, tied = balance(evidence, "own", "another's")
    assert won >= 28 and lost <= 2
    assert balance(evidence, "own", "nobody's")[0] >= 28
    # The deaf one tells of the reader in so many words and goes no further into what they care for: nobody minds.
    won, lost, tied = balance(evidence, "prompt-only", "deaf, another's")
    assert (won, lost, tied) == (0, 0, 32)


def test_a_writer_is_told_the_card_that_it_should_be(scene: Scene) -> None:
    made = scene.project(**ALL)
    evidence, _ = compared(made)
    cells, cards = {cell.id: cell for cell in evidence.cells}, Cards()
    shown = Counter[str]()
    for body in scene.writers.bodies:
        said = {message["role"]: message["content"] for message in body["messages"]}
        shown["card" if "system" in said else "none"] += 1
        assert cards.reader(said.get("system", "")) or "system" not in said
    # Texts for nobody in particular are written once a book, however many readers it is for.
    assert shown["none"] == len({cell.book for cell in evidence.cells})
    kept = made.stores.writings.of(Generated(**one.mark).key for one in evidence.writings if one.mark)
    for one in evidence.writings:
        if one.writer == ORIGINAL:
            assert one.mark is None and one.text == cells[one.cell].description
            continue
        assert one.mark is not None
        reader = kept[Generated(**one.mark).key].reader
        whose = {"own": cells[one.cell].reader, "nobody's": None}
        if one.writer in whose:
            assert reader == whose[one.writer]
        if "another's" in one.writer:
            assert reader != cells[one.cell].reader and reader is not None


def test_judges_see_no_card_and_checkers_no_reviews(scene: Scene) -> None:
    seen: list[str] = []
    answer = scene.judges.oracle.answer

    def heard(user: str, schema: dict[str, object], model: str = "") -> dict[str, object]:
        seen.append(user)
        return answer(user, schema, model)

    scene.judges.oracle.answer = heard  # type: ignore[method-assign]
    made = scene.project(**ALL)
    evidence, _ = compared(made, ["own", "another's"])
    cards = [made.run().card(cell.reader) for cell in evidence.cells]
    lines = {line for card in cards for line in card.splitlines() if line.startswith(("- ", "About them"))}
    assert lines and not any(line in user for user in seen for line in lines)
    reviews = [review.text[:60] for place in evidence.cells for review in made.stores.corpus.reviews_of(place.reader)]
    checks = [user for user in seen if "<description" in user or "description of the book" in user.lower()]
    asked_of_two = [user for user in seen if '<writing id="A">' in user]
    # Each two of three, in both orders.
    assert len(asked_of_two) == 2 * 3 * len(evidence.cells)
    assert all(any(text in user for text in reviews) for user in asked_of_two)
    assert not [user for user in checks if any(text in user for text in reviews)]


def test_nothing_is_written_or_asked_twice(scene: Scene) -> None:
    first, _ = compared(scene.project(**ALL))
    asked, wrote = scene.judges.counts.requests, len(scene.writers.bodies)
    again, _ = compared(scene.project(**ALL))
    assert (scene.judges.counts.requests, len(scene.writers.bodies)) == (asked, wrote)
    assert {(w.cell, w.writer, w.text) for w in again.writings} == {(w.cell, w.writer, w.text) for w in first.writings}
    prefers = {(c.cell, c.first, c.second): c.prefers for c in first.comparisons}
    assert {(c.cell, c.first, c.second): c.prefers for c in again.comparisons} == prefers


def test_what_nobody_wrote_waits_and_is_counted(scene: Scene) -> None:
    scene.writers.most = 10
    patient = {**scene.settings(own={"model": "fit"}), "limits": {"refusals_in_a_row": 100}}
    evidence, pending = compared(project(Config.model_validate(patient)))
    (waiting,) = pending
    assert (waiting.what, waiting.items) == ("writing", 22)
    assert sum(evidence.missing.values()) == 22
    assert len(evidence.comparisons) == 10
    scene.writers.most = None
    evidence, pending = compared(scene.project(own={"model": "fit"}))
    assert not pending and not evidence.missing and len(evidence.comparisons) == 32
    assert scene.writers.asked_for.total() == 32


def test_texts_that_are_missing_for_one_reason_are_counted_together(scene: Scene) -> None:
    long = {"model": "fit"}
    scene.writers._text = lambda body, title, said: "" if "a" in title else "A text."  # type: ignore[method-assign]
    evidence, pending = compared(scene.project(own=long))
    ((told, count),) = evidence.missing.items()
    assert told.startswith("writings of own: ") and count + len(evidence.comparisons) == 32 and not pending
    scene.writers._text = lambda body, title, said: ""  # type: ignore[method-assign]
    with pytest.raises(ModelError, match="nothing was written: own: "):
        compared(scene.project(own={**long, "max_tokens": 99}))


def test_what_nobody_judged_waits_and_is_no_tie(scene: Scene) -> None:
    settings = scene.settings(own={"model": "fit"})
    # What curating these readers spent counts too.
    spent = scene.project().stores.spendings.at_most(scene.project().run().record.id)[0]
    few = {**settings, "limits": {"max_calls": spent + 40}}
    evidence, pending = compared(project(Config.model_validate(few)))
    assert {row.reason for row in pending} == {BUDGET}
    there = len(evidence.comparisons) + len(evidence.ratings) + len(evidence.checks)
    assert there and there + sum(row.items for row in pending) == 32 + 64 + 64
    assert sum(evidence.missing.values()) == sum(row.items for row in pending)
    evidence, pending = compared(project(Config.model_validate(settings)))
    assert not pending and len(evidence.comparisons) == 32


def test_planted_inventions_and_flattery_are_found_and_nothing_else(scene: Scene) -> None:
    scene.writers.writers["fit"] = replace(scene.writers.writers["fit"], inventions=0.6, flattery=0.3)
    evidence, _ = compared(scene.project(own={"model": "fit"}))
    texts = {(one.cell, one.writer): one.text for one in evidence.writings}
    told = Counter[str]()
    for check in evidence.checks:
        (found,) = check.found
        there = planted(texts[check.cell, check.writer])
        assert [one.fault for one in found.remarks] == [one.fault for one in there]
        assert all(said.quote in one.quote for said, one in zip(found.remarks, there, strict=True))
        told.update(one.fault for one in found.remarks)
    assert told["invention"] > 8 and told["reader"] > 3


def test_growing_cards_for_two_kinds(scene: Scene) -> None:
    made = scene.project(own={"model": "fit"})
    on = factorial(stage(made.run(), line_up(made.config), unqualified=True))
    evidence, pending = asyncio.run(gather(on, of_both_kinds(on, Wanted()), silent))
    assert not pending
    assert {cell.kind for cell in evidence.cells} == {"Fiction", "Nonfiction"}
    assert len(evidence.comparisons) == 6 * len(evidence.cells)
    parts = {writer.name: writer.card for writer in evidence.writers}
    assert parts == {
        "original": "none",
        "no card": "none",
        "interests": "own",
        "+ personality": "own",
        "+ values": "own",
        "shuffled card": "other",
    }
    systems = [m["content"] for body in scene.writers.bodies for m in body["messages"] if m["role"] == "system"]
    assert not any("About them" in system for system in systems)
    assert any("Views they hold" not in system and "enjoy" in system for system in systems)
    assert any("Views they hold" in system for system in systems)


def test_a_judge_that_writes_steps_back_where_another_can_judge(scene: Scene) -> None:
    settings = scene.settings(own={"model": "stub"})
    settings["models"]["other"] = {**settings["models"]["stub"], "model": "other"}
    settings["roles"]["judges"] = ["stub", "other"]
    made = project(Config.model_validate(settings))
    setup = made.setup(unqualified=True)
    found = chosen(setup, setup.workbench("x"), line_up(made.config), ["us"])
    assert [judge.name for judge in found.panels["us"].judges] == ["other"]
    settings["roles"]["judges"] = ["stub"]
    setup = project(Config.model_validate(settings)).setup(unqualified=True)
    found = chosen(setup, setup.workbench("x"), line_up(made.config), ["us"])
    assert [judge.name for judge in found.panels["us"].judges] == ["stub"]
    assert "stub judges writings and writes some of them" in found.notes


def test_nobody_who_qualified_is_refused(scene: Scene) -> None:
    made = scene.project(own={"model": "fit"})
    on = stage(made.run(), line_up(made.config), unqualified=False)
    with pytest.raises(ConfigError, match="fewer than 1 judges of writings count in br"):
        asyncio.run(gather(on, Wanted(), silent))
    assert not scene.writers.bodies


def test_marks_say_what_wrote_a_text(scene: Scene) -> None:
    evidence, _ = compared(scene.project(own={"model": "fit"}), readers=1, books=1)
    marks = [one.mark for one in evidence.writings if one.mark is not None]
    assert len(marks) == 4
    for mark in marks:
        assert mark["by"]["model"] == "fit" and mark["digital_source_type"].endswith("trainedAlgorithmicMedia")
        assert json.loads(json.dumps(mark)) == mark
