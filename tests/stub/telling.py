"""A server that tells the probabilities of its tokens, and says Yes or No with a known log-odds."""

import json
import re
from collections.abc import Mapping
from functools import cached_property
from math import exp, log
from typing import Any

from aiohttp import web

from gravity.frameworks.gold import Gold
from gravity.frameworks.loader import Library
from tests.stub.server import Stub, completion
from tests.stub.truth import Character, side_of

QUESTION = re.compile(r"How it goes on: (.*)\n\nView: (.*)\n")


class Telling(Stub):
    """Says Yes with log-odds of `strength` where a way goes with a view and of -`strength` where it does not, each
    shifted by `liking` (a model that likes to say yes). Written answers have `sureness` (0 to 1) on the letter chosen,
    and the rest on the others in even parts.

    `tells`: with False it leaves out the probabilities, as many servers do, and with None it refuses the request.
    """

    def __init__(
        self,
        character: Character | None = None,
        strength: float = 2.0,
        liking: float = 0.0,
        sureness: float = 0.7,
        tells: bool | None = True,
    ) -> None:
        super().__init__(character)
        self.strength, self.liking, self.sureness, self.tells = strength, liking, sureness, tells
        self.questions: list[dict[str, Any]] = []

    @cached_property
    def _goes(self) -> dict[tuple[str, str], bool]:
        """Whether a gold or shipped way goes with a statement, by both."""
        library = Library()
        goes = {}
        for case in Gold(library).scenarios.values():
            statement = library.seeds[case.seed].statement
            goes[statement, case.first] = case.answer in ("first", "both")
            goes[statement, case.second] = case.answer in ("second", "both")
        for scene in library.scenes.values():
            statement = library.seeds[scene.seed].statement
            goes |= {(statement, scene.endorsing): True, (statement, scene.opposing): False}
        return goes

    @cached_property
    def _statements(self) -> dict[str, tuple[str, bool]]:
        """The statement of a view, and whether the view is the statement and not its opposite."""
        seeds = Library().seeds.values()
        return {s.statement: (s.statement, True) for s in seeds} | {s.opposite: (s.statement, False) for s in seeds}

    async def _respond(self, body: dict[str, Any]) -> web.StreamResponse:
        if "logprobs" not in body:
            return await super()._respond(body)
        self.questions.append(body)
        if self.tells is None:
            return web.json_response({"error": {"message": "Unknown parameter: logprobs"}}, status=400)
        user = next(m["content"] for m in body["messages"] if m["role"] == "user")
        if "response_format" not in body:
            return web.json_response(self._said(body["model"], *self._yes_or_no(user), user))
        schema = body["response_format"]["json_schema"]["schema"]
        answer = self.oracle.answer(user, schema, body["model"])
        # The reason holds what looks like an answer.
        told = {"reason": 'not "answer": "B"', "answer": answer["answer"], "confidence": answer["confidence"]}
        pieces = re.findall(r"[A-Za-z]+|\W|\d+", json.dumps(told))
        options = schema["properties"]["answer"]["enum"]
        place = max(n for n, piece in enumerate(pieces) if piece == told["answer"])
        others = [option for option in options if option != told["answer"]]
        rest = (1 - self.sureness) / len(others)
        chances = [{piece: 1.0} for piece in pieces]
        chances[place] = {told["answer"]: self.sureness, **dict.fromkeys(others, rest)}
        return web.json_response(self._said(body["model"], pieces, chances, user))

    def _yes_or_no(self, user: str) -> tuple[list[str], list[Mapping[str, float]]]:
        way, view = QUESTION.findall(user)[-1]
        statement, as_it_is = self._statements[view]
        known = self._goes.get((statement, way))
        goes = side_of(statement, way) == "endorsing" if known is None else known
        odds = exp(self.liking + (self.strength if goes == as_it_is else -self.strength))
        chances = {"Yes": 0.9 * odds / (1 + odds), "No": 0.9 / (1 + odds), "Maybe": 0.1}
        return ["Yes" if odds > 1 else "No"], [chances]

    def _said(self, model: str, pieces: list[str], chances: list[Any], user: str) -> dict[str, Any]:
        made = completion(model, "".join(pieces), len(user) // 4)
        if self.tells:
            made["choices"][0]["logprobs"] = {
                "content": [
                    {
                        "token": piece,
                        "logprob": log(told[piece]),
                        "bytes": None,
                        "top_logprobs": [{"token": t, "logprob": log(p), "bytes": None} for t, p in told.items()],
                    }
                    for piece, told in zip(pieces, chances, strict=True)
                ]
            }
        return made
