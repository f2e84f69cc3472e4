"""Judges say which way of a scene goes with a statement, blind and in both orders; a panel counts votes."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from pydantic import Field

from agents.asking import Answer, Asker
from agents.errors import AskError
from frameworks.records import Seed
from store.records import Draft, Provenance, Side, Vote

SIDES: tuple[Side, Side] = ("endorsing", "opposing")


class Judgement(Answer):
    """What a judge answers."""

    answer: Literal["A", "B", "both", "neither"]
    confidence: int = Field(ge=0, le=100)
    reason: str = Field(max_length=300)


class Judge(Protocol):
    """Votes on a draft."""

    async def votes(self, seed: Seed, draft: Draft) -> list[Vote]:
        """The judge's votes; a call without a usable answer is a vote that endorses None."""
        ...


@dataclass(frozen=True)
class ModelJudge:
    """A chat model as a judge. It is shown the statement and two ways, A and B, and not what they were meant
    to be; where `orders` is 2 it is asked again with the two swapped."""

    asker: Asker
    orders: Literal[1, 2] = 2

    async def votes(self, seed: Seed, draft: Draft) -> list[Vote]:
        """One vote an order."""
        return await asyncio.gather(*(self._vote(seed, draft, first) for first in SIDES[: self.orders]))

    async def _vote(self, seed: Seed, draft: Draft, first: Side) -> Vote:
        sides = {"endorsing": draft.endorsing, "opposing": draft.opposing}
        second: Side = "opposing" if first == "endorsing" else "endorsing"
        try:
            asked = await self.asker.ask(
                "judge",
                Judgement,
                statement=seed.statement,
                situation=draft.situation,
                first=sides[first],
                second=sides[second],
            )
        except AskError as error:
            return Vote(
                judge=self.asker.model.name,
                order=first,
                endorses=None,
                confidence=0,
                reason=str(error),
                made_by=Provenance(model=self.asker.model.name),
            )
        judgement = asked.answer
        named: dict[str, Literal["endorsing", "opposing", "both", "neither"]] = {
            "A": first,
            "B": second,
            "both": "both",
            "neither": "neither",
        }
        return Vote(
            judge=self.asker.model.name,
            order=first,
            endorses=named[judgement.answer],
            confidence=judgement.confidence / 100,
            reason=judgement.reason,
            made_by=asked.made_by,
        )


@dataclass(frozen=True)
class Panel:
    """Judges together. A judge whose answers change with the order has given none.

    A draft passes when at least `quorum` judges find that the endorsing way endorses and the opposing one
    does not, and fewer find otherwise.
    """

    judges: Sequence[Judge]
    quorum: int

    async def votes(self, seed: Seed, draft: Draft) -> list[Vote]:
        """The votes of all judges."""
        given = await asyncio.gather(*(judge.votes(seed, draft) for judge in self.judges))
        return [vote for votes in given for vote in votes]

    def passes(self, votes: Sequence[Vote]) -> tuple[bool, str]:
        """Whether the draft passes, and the count in words."""
        answers: dict[str, set[str | None]] = {}
        for vote in votes:
            answers.setdefault(vote.judge, set()).add(vote.endorses)
        settled = [next(iter(given)) for given in answers.values() if len(given) == 1]
        agreed = settled.count("endorsing")
        against = sum(answer not in ("endorsing", None) for answer in settled)
        silent = len(answers) - agreed - against
        count = f"{agreed} of {len(answers)} judges confirmed it, {against} did not, {silent} gave no steady answer"
        return agreed >= self.quorum and agreed > against, count
