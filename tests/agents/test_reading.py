"""The one object in a text that is the answer, and the schema that any server takes."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gravity.agents.comparing import Judgement
from gravity.agents.critic import Remarks
from gravity.agents.endpoint.reading import answer_in
from gravity.agents.endpoint.schema import BOUNDS, portable
from gravity.agents.writer import Scenes

WORD = '{"word": "sea"}'
TRICKY = json.dumps({"word": 'a } brace, a {"word": "quote"} and </think> in it'})


@pytest.mark.parametrize(
    "text",
    [
        WORD,
        f"  {WORD}\n",
        f"```\n{WORD}\n```",
        f"Of {{these}} and {{'those'}}: {WORD}. Done }}{{.",
        f'{{"word": "draft"}} no, {WORD}',
        f'{WORD} {{"note": 1}}',
        f"[{WORD}]",
        f'{{"name": "answer", "arguments": {WORD}}}',
        f'{{"answer": {WORD}}}',
        f'<think>{{"word": "draft"}}</think>{WORD}<think>{{"word": "doubt"}}',
        f'<THINK>a</THINK><think>{{"word": "b"}}</think>{WORD}',
        f'{{"word": "draft"}}</think>{WORD}',
        f'<reasoning>{{"word": "draft"}}</reasoning>\n{WORD}',
        f'<think>{{"word": "draft"}} then {WORD}',
    ],
)
def test_the_answer_is_found(text: str) -> None:
    found = answer_in(text, ["word"])
    assert found is not None and json.loads(found) == {"word": "sea"}


@pytest.mark.parametrize(
    "text",
    [
        *("", "sea", "{sea}", "{", "}", "[1, 2]", '"word"', "{" * 5_000, '{"word": ' * 5_000),
        '{"word": "se',
        '{"word": "draft"} and now {"word": "se',
        '{"list": [{"word": "inner"}, {"wo',
        f"<think>{WORD}</think>",
    ],
)
def test_where_there_is_no_answer_none_is_made_up(text: str) -> None:
    assert answer_in(text, ["word"]) is None


def test_thinking_that_was_cut_holds_no_answer() -> None:
    assert answer_in(f"<think>{WORD} or", ["word"], finished=False) is None


def test_braces_and_marks_in_strings_are_text() -> None:
    for text in (TRICKY, f"Here: {TRICKY} so.", f"<think>{{</think>{TRICKY}"):
        found = answer_in(text, ["word"])
        assert found is not None and json.loads(found) == json.loads(TRICKY)


@given(st.dictionaries(st.text(max_size=9), st.text(max_size=40), min_size=1, max_size=4), st.text(max_size=30))
def test_whatever_an_answer_holds_it_is_found_behind_thinking(answer: dict[str, str], thought: str) -> None:
    found = answer_in(f"<think>{thought.replace('<', '')}</think>\n{json.dumps(answer)}", answer)
    assert found is not None and json.loads(found) == answer


def keywords(schema: Any, inside: bool = False) -> set[str]:
    """The keywords of a schema, without the names of properties."""
    if isinstance(schema, list):
        return set().union(*(keywords(part) for part in schema))
    if not isinstance(schema, dict):
        return set()
    own = set() if inside else set(schema)
    return own.union(*(keywords(value, key == "properties" and not inside) for key, value in schema.items()))


@pytest.mark.parametrize("answer", [Judgement, Remarks, Scenes])
def test_schemas_are_the_strictest_common_subset(answer: Any) -> None:
    made = portable(answer.model_json_schema())
    assert not keywords(made) & {*BOUNDS, "$ref", "const"}
    assert made["required"] == list(answer.model_fields) and made["additionalProperties"] is False
    assert keywords(made) <= {"type", "properties", "required", "additionalProperties", "items", "enum", "description"}


def test_enumerations_are_kept_and_names_of_fields_are_no_keywords() -> None:
    schema = {
        "$defs": {"Way": {"type": "object", "properties": {"kind": {"const": "a"}}, "title": "Way"}},
        "type": "object",
        "properties": {
            "title": {"enum": ["A", "B"], "type": "string", "title": "Title"},
            "format": {"type": "integer", "minimum": 0, "default": 3},
            "ways": {"type": "array", "items": {"$ref": "#/$defs/Way"}, "maxItems": 2},
        },
        "required": ["title"],
    }
    way = {
        "type": "object",
        "properties": {"kind": {"enum": ["a"]}},
        "required": ["kind"],
        "additionalProperties": False,
    }
    assert portable(schema) == {
        "type": "object",
        "properties": {
            "title": {"enum": ["A", "B"], "type": "string"},
            "format": {"type": "integer"},
            "ways": {"type": "array", "items": way},
        },
        "required": ["title", "format", "ways"],
        "additionalProperties": False,
    }
