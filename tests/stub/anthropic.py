"""Anthropic's Messages API on loopback, as far as tools, text, refusals and errors go."""

import json
from typing import Any

from tests.stub.provider import Provider, Step

KINDS = {400: "invalid_request_error", 401: "authentication_error", 404: "not_found_error", 429: "rate_limit_error"}


class Anthropic(Provider):
    """Answers /v1/messages."""

    route = "/v1/messages"

    def fault(self, status: int) -> dict[str, Any]:
        kind = KINDS.get(status, "overloaded_error" if status == 529 else "api_error")
        return {"type": "error", "error": {"type": kind, "message": f"played {status} with sk-ant-of-the-test"}}

    def respond(self, step: Step, body: dict[str, Any]) -> dict[str, Any]:
        tool = body["tools"][0]
        user = body["messages"][-1]["content"]
        user = user if isinstance(user, str) else user[0]["text"]
        content: list[dict[str, Any]] = []
        reason = {"refuse": "refusal", "cut": "max_tokens", "answer": "tool_use"}.get(str(step), "end_turn")
        if step in ("answer", "text"):
            answer = self.oracle.answer(user, tool["input_schema"], body["model"])
            used = {"type": "tool_use", "id": "toolu_1", "name": tool["name"], "input": answer}
            content = [used] if step == "answer" else [{"type": "text", "text": json.dumps(answer)}]
        if step == "cut":
            content = [{"type": "tool_use", "id": "toolu_1", "name": tool["name"], "input": {"reason": "It"}}]
        return {
            "id": "msg_1",
            "type": "message",
            "role": "assistant",
            "model": body["model"],
            "content": content,
            "stop_reason": reason,
            "stop_sequence": None,
            "usage": {"input_tokens": len(user) // 4, "output_tokens": 20, "cache_read_input_tokens": 8},
        }
