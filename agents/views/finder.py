"""The first asking: the views that a chunk of reviews shows, each with its quote."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

from pydantic import Field, create_model

from gravity.agents.asking import Answer, Asked, Asker
from gravity.agents.views.chunks import Chunk
from gravity.agents.views.quoting import located
from gravity.frameworks.records import Domain
from gravity.store.records import Provenance, Review
from gravity.store.views import About, Said

MOST = 16  # views that a call is asked for at most
WORDS = 30  # of a statement, at most


class Found(Answer):
    """A view as a model answers it."""

    review: str
    quote: str = Field(min_length=2, max_length=600)
    statement: str = Field(min_length=8, max_length=300)
    opposite: str = Field(min_length=8, max_length=300)
    about: About
    said: Said


@dataclass(frozen=True)
class Candidate:
    """A view that was found, before the second asking. `fault` says what the rules have against it."""

    review: Review
    alias: str
    found: Found
    quote: str
    fault: str
    made_by: Provenance


@dataclass(frozen=True)
class Finder:
    """Asks a chat model for the views in a chunk."""

    asker: Asker
    domain: Domain

    async def find(self, chunk: Chunk) -> tuple[list[Candidate], Provenance]:
        """The views found, those that the rules refuse too, and what was asked. Raises AskError."""
        asked: Asked[Any] = await self.asker.ask(
            "views", _schema(len(chunk.passages)), domain=self.domain, reviews=chunk.shown, most=MOST
        )
        return [_candidate(chunk, found, asked.made_by) for found in asked.answer.views], asked.made_by


def _candidate(chunk: Chunk, found: Found, made_by: Provenance) -> Candidate:
    passage = chunk.passages[int(found.review[1:]) - 1]
    quote = located(found.quote, passage.text) or located(found.quote, passage.review.title)
    fault = "" if quote else "the quote does not stand in the review"
    sides = [_words(found.statement), _words(found.opposite)]
    if sides[0] == sides[1]:
        fault = fault or "the opposite is the statement"
    if max(map(len, sides)) > WORDS:
        fault = fault or f"a side has more than {WORDS} words"
    return Candidate(passage.review, found.review, found, quote or found.quote, fault, made_by)


def _words(text: str) -> Sequence[str]:
    return text.casefold().strip(" .").split()


@cache
def _schema(passages: int) -> type[Answer]:
    """A list of views, of reviews that are shown."""
    ids = tuple(f"r{number}" for number in range(1, passages + 1))
    review: dict[str, Any] = {"review": (Literal[ids], ...)}
    found = create_model("Found", __base__=Found, **review)
    # More than was asked for does no harm.
    views: dict[str, Any] = {"views": (list[found], Field(max_length=2 * MOST))}
    return create_model("FoundViews", __base__=Answer, **views)
