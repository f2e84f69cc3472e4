"""Google's Generative Language API over REST on loopback, as far as tools, text, blocks and errors go."""

import json
from typing import Any

from tests.stub.provider import Provider, Step

KINDS = {400: "INVALID_ARGUMENT", 403: "PERMISSION_DENIED", 404: "NOT_FOUND", 429: "RESOURCE_EXHAUSTED"}


class Google(Provider):
    """Answers /v1beta/models/MODEL:generateContent."""

    route = "/v1beta/{model:models/[^:]+}:generateContent"

    def fault(self, status: int) -> dict[str, Any]:
        kind = KINDS.get(status, "INTERNAL")
        return {"error": {"code": status, "status": kind, "message": f"played {status} with sk-goog-of-the-test"}}

    def respond(self, step: Step, body: dict[str, Any]) -> dict[str, Any]:
        tokens = {"promptTokenCount": 50, "candidatesTokenCount": 20, "totalTokenCount": 77, "thoughtsTokenCount": 7}
        if step == "block":
            return {"promptFeedback": {"blockReason": "SAFETY"}, "usageMetadata": {"promptTokenCount": 50}}
        user = body["contents"][-1]["parts"][0]["text"]
        declared = body["tools"][0]["functionDeclarations"][0]
        parts: list[dict[str, Any]] = []
        if step in ("answer", "text"):
            answer = self.oracle.answer(user, declared["parameters"], "stub")
            call = {"functionCall": {"name": declared["name"], "args": answer}}
            parts = [call] if step == "answer" else [{"text": json.dumps(answer)}]
        reason = {"refuse": "SAFETY", "cut": "MAX_TOKENS"}.get(str(step), "STOP")
        candidate = {"content": {"role": "model", "parts": parts}, "finishReason": reason, "index": 0}
        return {"candidates": [candidate], "usageMetadata": tokens, "modelVersion": "stub"}
