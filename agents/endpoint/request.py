"""A question as a request of the manners that a server takes."""

import json
from collections.abc import Mapping
from typing import Any

from gravity.agents.endpoint.manners import Manners
from gravity.agents.endpoint.schema import portable
from gravity.agents.prompting import prompt

Messages = list[tuple[str, str]]


def messages(manners: Manners, system: str, user: str, schema: Mapping[str, Any] | None) -> Messages:
    """The messages; the schema stands in the user's one where the server is not given it otherwise. None: the answer
    has no form."""
    if schema is not None and manners.structured in ("json_object", "plain"):
        shown = json.dumps(schema, ensure_ascii=False)
        user = f"{user}\n\n{prompt('schema').render(schema=shown)[1]}"
    if not manners.system or not system:
        return [("user", f"{system}\n\n{user}" if system else user)]
    return [("system", system), ("user", user)]


def fields(
    manners: Manners, schema: Mapping[str, Any] | None, max_tokens: int, optional: Mapping[str, Any]
) -> tuple[dict[str, Any], set[str]]:
    """The fields beside model and messages, and which of them could be left out. `optional` are those wished for;
    None and what the server refuses is not sent."""
    strict = {"strict": True} if "strict" not in manners.left_out else {}
    sent = {name: value for name, value in optional.items() if value is not None and name not in manners.left_out}
    could_go = set(sent)
    if manners.limit:
        sent[manners.limit] = max_tokens
    if schema is None:
        return sent, could_go
    if manners.structured == "json_schema":
        wanted = {"name": "answer", "schema": portable(schema), **strict}
        sent["response_format"] = {"type": "json_schema", "json_schema": wanted}
        could_go |= strict.keys()
    elif manners.structured == "tool":
        tool = {"name": "answer", "description": "Gives the answer.", "parameters": portable(schema), **strict}
        sent["tools"] = [{"type": "function", "function": tool}]
        could_go |= strict.keys()
        if "tool_choice" not in manners.left_out:
            sent["tool_choice"] = {"type": "function", "function": {"name": "answer"}}
            could_go.add("tool_choice")
    elif manners.structured == "json_object":
        sent["response_format"] = {"type": "json_object"}
    return sent, could_go
