"""The second asking: each view that was found is put to a model that tries to refute it."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

from pydantic import Field, create_model

from gravity.agents.asking import Answer, Asker, Confidence
from gravity.agents.views.chunks import Chunk
from gravity.agents.views.finder import Candidate
from gravity.frameworks.records import Domain
from gravity.store.records import Provenance

HOLDS = "holds"


class Verdict(Answer):
    """What a model has against one view; `common` is how many of 100 hold it."""

    objection: str = Field(max_length=400)
    verdict: Literal["not theirs", "no view", "not shown", "too general", "unfair opposite", "repeats", "holds"]
    confidence: Confidence
    common: Confidence


@dataclass(frozen=True)
class Refuter:
    """Asks a chat model to refute views."""

    asker: Asker
    domain: Domain

    async def verdicts(self, chunk: Chunk, candidates: Sequence[Candidate]) -> tuple[list[Verdict], Provenance]:
        """One verdict for each of the candidates, which were found in the chunk. Raises AskError."""
        views = [
            {
                "alias": f"v{number}",
                "review": candidate.alias,
                "statement": candidate.found.statement,
                "opposite": candidate.found.opposite,
                "quote": candidate.quote,
            }
            for number, candidate in enumerate(candidates, start=1)
        ]
        asked: Any = await self.asker.ask(
            "refute", _schema(len(candidates)), domain=self.domain, reviews=chunk.shown, views=views
        )
        return [getattr(asked.answer, view["alias"]) for view in views], asked.made_by


@cache
def _schema(views: int) -> type[Answer]:
    fields: dict[str, Any] = {f"v{number}": (Verdict, ...) for number in range(1, views + 1)}
    return create_model("Verdicts", __base__=Answer, **fields)
