"""A model's answer is kept under everything that shaped it, and comes back."""

from typing import Any

import pytest

from gravity.store.answers import Answers, call_key
from gravity.store.calls import Call
from gravity.store.database import Database

SHAPE: dict[str, Any] = {
    "model": {"kind": "openai", "model": "tiny", "base_url": "http://localhost:1/v1", "temperature": 0.0, "seed": 7},
    "system": "You read reviews. é 日本",
    "user": "Which view?",
    "schema": {"title": "View", "type": "object", "properties": {"view": {"enum": ["agree", "disagree"]}}},
}


def call(key: str, role: str = "profiler", answer: str = '{"view": "agree"}', **fields: Any) -> Call:
    given = {"model": "tiny", "prompt": "p", "tokens_in": 10, "tokens_out": 3, "seconds": 0.5}
    return Call(key=key, role=role, answer=answer, **given | fields)


@pytest.mark.parametrize(
    ("part", "changed"),
    [
        ("model", SHAPE["model"] | {"model": "big"}),
        ("model", SHAPE["model"] | {"base_url": None}),
        ("model", SHAPE["model"] | {"temperature": 0.1}),
        ("model", SHAPE["model"] | {"seed": 8}),
        ("system", SHAPE["system"] + " "),
        ("user", "which view?"),
        ("schema", SHAPE["schema"] | {"title": "Stance"}),
        ("schema", SHAPE["schema"] | {"properties": {"view": {"enum": ["disagree", "agree"]}}}),
    ],
)
def test_key_changes_with_each_part(part: str, changed: Any) -> None:
    assert call_key(SHAPE | {part: changed}) != call_key(SHAPE)


def test_key_does_not_change_with_the_order_of_the_parts() -> None:
    assert call_key(dict(reversed(SHAPE.items()))) == call_key(SHAPE)


def test_key_keeps_apart_what_stands_in_different_parts() -> None:
    swapped = SHAPE | {"system": SHAPE["user"], "user": SHAPE["system"]}
    moved = SHAPE | {"system": SHAPE["system"] + "W", "user": SHAPE["user"][1:]}
    assert len({call_key(SHAPE), call_key(swapped), call_key(moved)}) == 3


def test_kept_answer_comes_back_and_stays(database: Database) -> None:
    answers, key = Answers(database), call_key(SHAPE)
    assert answers.get(key) is None
    answers.keep(call(key, answer='{"view": "é 日本 \\ud83d"}\n'))
    answers.keep(call(key, answer="another"))
    reopened = Database(database.url)
    kept = Answers(reopened).get(key)
    reopened.close()
    assert kept == call(key, answer='{"view": "é 日本 \\ud83d"}\n')
    assert answers.get(call_key(SHAPE | {"user": "Another?"})) is None


def test_an_unusable_answer_is_not_given_back_and_makes_room_but_is_counted(database: Database) -> None:
    answers = Answers(database)
    for answer in ("cut", "cut", "cut again"):
        answers.keep(call("1", answer=answer, usable=False))
    assert answers.get("1") is None
    last = answers.last("1")
    assert last is not None and (last.answer, last.usable) == ("cut again", False)
    answers.keep(call("1", answer="whole"))
    answers.keep(call("1", answer="late", usable=False))
    kept = answers.get("1")
    assert kept is not None and kept.answer == "whole" == getattr(answers.last("1"), "answer", None)
    assert answers.usage()["profiler", "tiny"]["calls"] == 4


def test_usage_adds_up_by_role_and_model(database: Database) -> None:
    answers = Answers(database)
    assert answers.usage() == {}
    for key, role, model in (("1", "judge", "a"), ("2", "judge", "a"), ("3", "judge", "b"), ("3", "judge", "b")):
        answers.keep(call(key, role, model=model))
    none = {"uncounted": 0, "tokens_cached": 0, "tokens_reasoning": 0}
    assert answers.usage() == {
        ("judge", "a"): {**none, "calls": 2, "tokens_in": 20, "tokens_out": 6, "seconds": 1.0},
        ("judge", "b"): {**none, "calls": 1, "tokens_in": 10, "tokens_out": 3, "seconds": 0.5},
    }
