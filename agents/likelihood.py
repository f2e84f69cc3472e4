"""A judge that writes nothing: how likely a model is to say Yes, asked of each way on with a statement and with its
opposite.

The lean of a way is the log-odds of Yes for the statement less those for the opposite, so that a model's liking for
either word, for the scene, or for a way of telling drops out. No way is shown beside the other: there is no position
to be biased by.
"""

import asyncio
import json
from collections.abc import Iterable
from dataclasses import dataclass
from math import exp
from typing import Any, ClassVar, Literal

from pydantic import Field

from gravity.agents.asking import Answer, Asker
from gravity.agents.chances import ReadableChat, log_odds
from gravity.agents.chat import Reply
from gravity.agents.errors import AskError, NotAnsweredError, UnusableError
from gravity.frameworks.records import Seed
from gravity.store.records import Draft, Provenance, Vote

PARTED = "\n---\n"


class Leans(Answer):
    """The log-odds of Yes for (endorsing, statement), (endorsing, opposite), (opposing, statement) and (opposing,
    opposite)."""

    log_odds: list[float] = Field(min_length=4, max_length=4)


class LikelihoodChat:
    """A chat model that answers each of the questions in a prompt, parted by ---, with the log-odds of Yes.

    What they share stands first, so that a model, or a server with a prefix cache, reads it once.
    """

    def __init__(self, chat: ReadableChat) -> None:
        self.chat = chat
        self.name = chat.name
        self.identity: dict[str, Any] = chat.identity

    async def complete(self, system: str, user: str, schema: dict[str, Any]) -> Reply:
        """All log-odds as one answer, with the tokens and seconds of all questions."""
        found = await asyncio.gather(*(self.chat.next_token(system, question) for question in user.split(PARTED)))
        try:
            text = json.dumps({"log_odds": [round(log_odds(chances.logprobs), 6) for chances in found]})
        except UnusableError as error:
            raise UnusableError(f"{self.name}: {error}") from None
        seconds, cached = sum(c.seconds for c in found), sum(c.tokens_cached for c in found)
        return Reply(text, _sum(c.tokens_in for c in found), _sum(c.tokens_out for c in found), seconds, cached)

    async def close(self) -> None:
        """Closes the chat model."""
        await self.chat.close()


@dataclass(frozen=True)
class LikelihoodJudge:
    """Finds the way whose lean toward the statement is greater. One vote: order plays no part."""

    asker: Asker
    prompt: ClassVar[str] = "likelihood"

    @property
    def name(self) -> str:
        """The model's name."""
        return self.asker.model.name

    async def votes(self, seed: Seed, draft: Draft) -> list[Vote]:
        """One vote; its confidence is the probability, by the difference of leans, that the side is the right one.

        Raises NotAnsweredError where nobody answered.
        """
        endorses: Literal["endorsing", "opposing"] | None = None
        answered = True
        try:
            asked = await self.asker.ask(
                self.prompt,
                Leans,
                situation=draft.situation,
                ways=[draft.endorsing, draft.opposing],
                views=[seed.statement, seed.opposite],
            )
        except NotAnsweredError:
            raise
        except AskError as error:
            confidence, reason, made_by = 0.0, str(error), Provenance(model=self.name)
            answered = False
        else:
            endorsing, opposing = leans(asked.answer)
            difference, made_by = endorsing - opposing, asked.made_by
            if difference:
                endorses = "endorsing" if difference > 0 else "opposing"
            confidence = 1 / (1 + exp(-abs(difference)))
            reason = f"log-odds of Yes, statement less opposite: endorsing {endorsing:+.2f}, opposing {opposing:+.2f}"
        return [
            Vote(
                judge=self.name,
                order="endorsing",
                endorses=endorses,
                confidence=confidence,
                reason=reason,
                made_by=made_by,
                answered=answered,
            )
        ]


def leans(told: Leans) -> tuple[float, float]:
    """How far the endorsing way and the opposing one lean toward the statement and away from its opposite."""
    odds = told.log_odds
    return odds[0] - odds[1], odds[2] - odds[3]


def _sum(counts: Iterable[int | None]) -> int | None:
    """The sum of counts; None where one of them is unknown."""
    told = list(counts)
    known = [count for count in told if count is not None]
    return sum(known) if len(known) == len(told) else None
