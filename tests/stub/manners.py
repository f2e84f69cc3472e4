"""The stub with the manners of other servers: requests that it refuses, outages, garbled responses, dressed answers."""

import json
from collections.abc import Callable
from typing import Any

from aiohttp import web

from tests.stub.server import Stub, asked, called, completion, schema_of
from tests.stub.truth import Character

Body = dict[str, Any]
BOUNDS = {"minimum", "maximum", "minLength", "maxLength", "minItems", "maxItems", "pattern", "format", "default"}


def openai(status: int, message: str, headers: dict[str, str] | None = None, **more: Any) -> web.Response:
    """An error as OpenAI writes it."""
    error = {"message": message, "type": "invalid_request_error", "param": None, "code": None, **more}
    return web.json_response({"error": error}, status=status, headers=headers)


def fastapi(*place: str, said: str = "Extra inputs are not permitted", echo: Any = None) -> web.Response:
    """An error as FastAPI writes it, with what it got of the request."""
    detail = [{"type": "extra_forbidden", "loc": ["body", *place], "msg": said, "input": echo}]
    return web.json_response({"detail": detail}, status=422)


def keyword(schema: Any, names: set[str]) -> str | None:
    """The first of the names that a schema uses as a keyword."""
    if isinstance(schema, list):
        return next((found for part in schema if (found := keyword(part, names))), None)
    if not isinstance(schema, dict):
        return None
    for name, value in schema.items():
        if name in names and not isinstance(value, dict):
            return str(name)
        if found := keyword(value, names):
            return found
    return None


def form(body: Body) -> str:
    return str((body.get("response_format") or {}).get("type", ""))


def function(body: Body) -> Body:
    return dict(body["tools"][0]["function"]) if body.get("tools") else {}


def strict(body: Body) -> bool:
    return "strict" in ((body.get("response_format") or {}).get("json_schema") or {}) or "strict" in function(body)


def has_system(body: Body) -> bool:
    return any(message["role"] != "user" for message in body["messages"])


# What refuses a request, as a function of its body: None where it is taken.
REFUSALS: dict[str, Callable[[Body], web.Response | None]] = {
    "no-json-schema": lambda b: (
        openai(400, "This response_format type is unavailable now", param="response_format")
        if form(b) == "json_schema"
        else None
    ),
    "no-response-format": lambda b: fastapi("response_format", echo=b["response_format"]) if form(b) else None,
    "no-json-object": lambda b: (
        web.Response(status=400, text="'response_format.type' must be 'json_schema' or 'text'")
        if form(b) == "json_object"
        else None
    ),
    "no-tools": lambda b: (
        openai(404, "No endpoints found that support tool use.", code=404) if b.get("tools") else None
    ),
    "no-tool-choice": lambda b: (
        openai(400, "tool_choice: this model only takes 'auto' while it thinks") if "tool_choice" in b else None
    ),
    "no-strict": lambda b: fastapi("response_format", "json_schema", "strict", echo=True) if strict(b) else None,
    "no-bounds": lambda b: (
        openai(400, f"Invalid schema for response_format 'answer': '{found}' is not permitted.")
        if (found := keyword([b.get("response_format"), b.get("tools")], BOUNDS))
        else None
    ),
    "no-references": lambda b: (
        openai(400, "output_config.format.schema: $ref is not supported")
        if "$ref" in json.dumps([b.get("response_format"), b.get("tools")])
        else None
    ),
    "no-max-completion-tokens": lambda b: (
        web.json_response(
            {
                "object": "error",
                "message": {
                    "detail": [{"loc": ["body", "max_completion_tokens"], "msg": "Extra inputs are not permitted"}]
                },
            },
            status=422,
        )
        if "max_completion_tokens" in b
        else None
    ),
    "no-max-tokens": lambda b: (
        openai(400, "Unsupported parameter: 'max_tokens' is not supported with this model.", param="max_tokens")
        if "max_tokens" in b
        else None
    ),
    "no-seed": lambda b: openai(400, "Unknown parameter: 'seed'", param="seed") if "seed" in b else None,
    "no-seed-in-json": lambda b: (
        openai(400, 'Invalid JSON payload received. Unknown name "seed": Cannot find field.') if "seed" in b else None
    ),
    "no-temperature": lambda b: (
        openai(
            400,
            "Unsupported value: 'temperature' does not support 0.7 with this model. Only the default (1) is supported.",
            code="unsupported_value",
        )
        if b.get("temperature", 1) != 1
        else None
    ),
    "no-sampling-in-words": lambda b: next(
        (
            web.Response(status=400, text=f"{name} cannot be set here\n")
            for name in ("temperature", "seed")
            if name in b
        ),
        None,
    ),
    "no-sampling-behind-a-gateway": lambda b: (
        openai(
            400,
            "Provider returned error",
            metadata={"raw": json.dumps({"error": {"message": "temperature and seed are deprecated"}})},
        )
        if {"temperature", "seed"} & b.keys()
        else None
    ),
    "no-effort": lambda b: fastapi("reasoning_effort", echo="high") if "reasoning_effort" in b else None,
    "no-logprobs": lambda b: fastapi("logprobs", echo=True) if "logprobs" in b else None,
    "no-top-k": lambda b: openai(400, "Unrecognized request argument supplied: top_k") if "top_k" in b else None,
    "no-system": lambda b: openai(400, "System role not supported") if has_system(b) else None,
    "no-system-in-the-template": lambda b: (
        web.json_response({"error": {"code": 500, "message": "Jinja Exception: System role not supported"}}, status=500)
        if has_system(b)
        else None
    ),
    "no-developer": lambda b: (
        openai(400, "Developer instruction is not enabled for models/small") if has_system(b) else None
    ),
    "unknown-model": lambda b: openai(400, f"Model '{b['model']}' not found. Please check the model name."),
    "unknown-model-404": lambda b: openai(
        404, f"The model `{b['model']}` does not exist or you do not have access to it.", code="model_not_found"
    ),
    "wrong-key": lambda b: openai(401, "Incorrect API key provided: sk-secret-of-the-test.", code="invalid_api_key"),
    "context": lambda b: openai(
        400, "'max_completion_tokens' is too large: 2048. This model's maximum context length is 1024 tokens."
    ),
    "filter": lambda b: openai(400, "The prompt triggered the content management policy.", code="content_filter"),
    "teapot": lambda b: openai(418, "This is a teapot."),
    "quota": lambda b: openai(
        429, "You exceeded your current quota, please check your plan.", code="insufficient_quota"
    ),
    "credit": lambda b: openai(402, "Insufficient credits. Add more and try again."),
    "unavailable": lambda b: web.Response(status=503, text="<html><style>b {}</style><b>upstream</b></html>"),
    "long-retry": lambda b: openai(429, "Please try again in 10m0s.", {"Retry-After": "600"}),
    "web-page": lambda b: web.Response(text="<html>Welcome</html>", content_type="text/html"),
    "no-choices": lambda b: web.json_response({**completion(b["model"], "", 1), "choices": []}),
    "cut-body": lambda b: web.Response(text='{"choices": [{"mess', content_type="application/json"),
    "error-with-200": lambda b: web.json_response({"error": {"message": "overloaded", "code": 503}}),
}


def _content(change: Callable[[str], Any]) -> Callable[[Body], None]:
    def dress(reply: Body) -> None:
        message = reply["choices"][0]["message"]
        message["content"] = change(message["content"])

    return dress


def _cut(reply: Body) -> None:
    _content(lambda text: text[: len(text) // 2])(reply)
    reply["choices"][0]["finish_reason"] = "length"


def _without(reply: Body, reason: str, **message: Any) -> None:
    reply["choices"][0]["finish_reason"] = reason
    reply["choices"][0]["message"] |= {"content": None, **message}


DRAFT = '{"reason": "a draft", "answer": "neither", "confidence": 1}'

# What becomes of a good answer on its way out.
DRESSES: dict[str, Callable[[Body], None]] = {
    "fence": _content(lambda text: f"```json\n{text}\n```"),
    "sentences": _content(lambda text: f"Here {{as you asked}} is my answer:\n\n{text}\n\nLet me know {{anything}}!"),
    "think": _content(lambda text: f"<think>\nLet me see {{the reviews}}: {DRAFT}\n</think>\n\n{text}"),
    "think-unopened": _content(lambda text: f"Perhaps {DRAFT}?\n</think>\n\n{text}"),
    "think-unclosed": _content(lambda text: f"<think>\nPerhaps {DRAFT}? No.\n\n{text}"),
    "thinking-in-brackets": _content(lambda text: f"[THINK]Perhaps {DRAFT}?[/THINK]{text}"),
    "thinking": _content(lambda text: f"<thinking>{DRAFT}</thinking><thinking>Yes.</thinking>\n{text}"),
    "parts": _content(
        lambda text: [
            {"type": "thinking", "thinking": [{"type": "text", "text": DRAFT}]},
            {"type": "text", "text": text[:9]},
            {"type": "text", "text": text[9:]},
        ]
    ),
    "two-objects": _content(lambda text: f"First thought: {DRAFT}\nOn reflection: {text}"),
    "another-object": _content(lambda text: f'{text}\n\n{{"note": "done"}}'),
    "call-in-words": _content(lambda text: f'<tool_call>\n{{"name": "answer", "arguments": {text}}}\n</tool_call>'),
    "reasoning": lambda reply: reply["choices"][0]["message"].update(reasoning_content=DRAFT),
    "no-usage": lambda reply: reply.update(usage=None),
    "absurd-usage": lambda reply: reply["usage"].update(prompt_tokens=10**20),
    "logprobs": lambda reply: reply["choices"][0].update(logprobs={"content": [{"token": "{", "logprob": -0.1}]}),
    "cut": _cut,
    "cut-while-thinking": lambda reply: (
        _content(lambda text: f"<think>Perhaps {text}? Or")(reply),
        reply["choices"][0].update(finish_reason="length"),
    )[0],
    "empty": lambda reply: _without(reply, "length"),
    "silent": lambda reply: _without(reply, "stop"),
    "refusal": lambda reply: _without(reply, "stop", refusal="I would rather not compare these."),
    "filtered": lambda reply: _without(reply, "content_filter"),
    "surrogate": _content(lambda text: text.replace('"reason": "', '"reason": "\ud83d')),
}


class Provider(Stub):
    """Plays the named manners all at once, from request `after` on and for `count` requests; keeps the requests."""

    def __init__(self, *manners: str, after: int = 0, count: int = 10**9, character: Character | None = None) -> None:
        super().__init__(character)
        unknown = set(manners) - REFUSALS.keys() - DRESSES.keys() - {"deaf"}
        assert not unknown, unknown
        self.manners = manners
        self.playing = range(after, after + count)
        self.bodies: list[Body] = []

    async def _respond(self, body: Body) -> web.StreamResponse:
        manners = self.manners if len(self.bodies) in self.playing else ()
        self.bodies.append(body)
        for manner in manners:
            if manner in REFUSALS and (refusal := REFUSALS[manner](body)) is not None:
                return refusal
        user, in_words = asked(body), "JSON schema" in body["messages"][-1]["content"]
        text = json.dumps(self.oracle.answer(user, schema_of(body), body["model"]), ensure_ascii=False)
        if "deaf" in manners and not in_words:
            body.pop("tools", None)
            text = "I would say A."
        reply = completion(body["model"], text, len(user) // 4)
        for manner in manners:
            if manner in DRESSES:
                DRESSES[manner](reply)
        choice = reply["choices"][0]
        if body.get("tools") and isinstance(choice["message"]["content"], str) and choice["finish_reason"] == "stop":
            called(reply)
        self.counts.answered[user[:80]] += 1
        return web.json_response(reply)
