"""Judges of writings: which of two texts about a book a reader would rather have, and how interesting one is to them.

They read the reader's reviews, never a card, and the texts blind.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import Field

from gravity.agents.asking import Answer, Asker, together
from gravity.agents.comparing import Preference, compared, majority, steady
from gravity.agents.errors import AskError, NotAnsweredError
from gravity.agents.excerpts import excerpt
from gravity.agents.profiler import aliased
from gravity.frameworks.records import Domain
from gravity.store.comparisons import Interest, Place, Preferred
from gravity.store.records import Provenance, Review

PLACES: tuple[Place, Place] = ("first", "second")
TITLE_CHARS, TEXT_CHARS = 200, 4_000  # of what is shown; no text that a writer is asked for is so long


class Rated(Answer):
    """What a judge answers about one writing."""

    reason: str = Field(max_length=300)
    score: int = Field(ge=1, le=5)


@dataclass(frozen=True)
class WritingJudge:
    """A chat model as a judge of writings. Where `orders` is 2 it is asked again with the two texts swapped."""

    asker: Asker
    domain: Domain
    orders: Literal[1, 2] = 2

    @property
    def name(self) -> str:
        """The model's name."""
        return self.asker.model.name

    async def choices(self, reviews: Sequence[Review], title: str, texts: tuple[str, str]) -> list[Preferred]:
        """Which of two texts about a book the writer of the reviews would rather have, one answer an order; a question
        without a usable answer is a choice that is not `answered`.

        Raises NotAnsweredError where nobody answered.
        """
        shown: dict[str, str] = dict(zip(PLACES, (excerpt(text, TEXT_CHARS) for text in texts), strict=True))
        asking = self._asking(reviews, title)

        async def choice(order: Place) -> Preferred:
            prefers, given = await compared(self.asker, "compare", Preference, shown, order, **asking)
            return Preferred(prefers=prefers, **given)

        return await together(*(choice(order) for order in PLACES[: self.orders]))

    async def interest(self, reviews: Sequence[Review], title: str, text: str) -> Interest:
        """How interesting a text about a book would be to the writer of the reviews; a score of None where there was
        no usable answer. Raises NotAnsweredError where nobody answered."""
        asking = {**self._asking(reviews, title), "text": excerpt(text, TEXT_CHARS)}
        try:
            asked = await self.asker.ask("interest", Rated, **asking)
        except NotAnsweredError:
            raise
        except AskError as error:
            return Interest(judge=self.name, score=None, reason=str(error), made_by=Provenance(model=self.name))
        return Interest(judge=self.name, score=asked.answer.score, reason=asked.answer.reason, made_by=asked.made_by)

    def _asking(self, reviews: Sequence[Review], title: str) -> dict[str, Any]:
        return {"domain": self.domain, "reviews": aliased(reviews), "title": title[:TITLE_CHARS]}


def told_by(choices: Iterable[Preferred]) -> dict[str, Place | None]:
    """The text that each judge prefers: None where it cannot tell, or said another one in the other order."""
    told = steady((choice.judge, choice.prefers) for choice in choices)
    return {judge: next((place for place in PLACES if place == said), None) for judge, said in told.items()}


def preferred(choices: Iterable[Preferred], quorum: int) -> Place | None:
    """The text that at least `quorum` judges prefer, and more than prefer the other; None: undecided."""
    return majority(told_by(choices).values(), quorum)
