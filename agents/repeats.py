"""Which of several issues are one: vectors say which may be, and a model which are."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

from pydantic import create_model

from gravity.agents.asking import Answer, Asked, Asker, together
from gravity.frameworks.issues import Issue, both_sides, listed
from gravity.store.embeddings import Embedder
from gravity.store.records import Provenance

ISSUES_PER_CALL = 40


@dataclass(frozen=True)
class Repeats:
    """Finds issues that say what an earlier one says, whichever side it takes.

    A model is asked, since vectors cannot tell: of the repeats among the quiet readers' views 17% (n=72) have a cosine
    of 0.9 with multilingual-e5-small, and from 0.88 on one in a hundred of the other pairs has it too.
    """

    asker: Asker
    embedder: Embedder

    async def of(self, issues: Sequence[Issue]) -> tuple[list[int | None], list[Provenance]]:
        """For each issue the place of the earliest one that it repeats, or None; and what was asked. Of more than a
        call can show, those that are near one another come into one call. Raises AskError."""
        found: list[int | None] = [None] * len(issues)
        calls = [places for places in self._near_together(issues) if len(places) > 1]
        answers = await together(*(self._told([issues[place] for place in places]) for places in calls))
        for places, (told, _) in zip(calls, answers, strict=True):
            for place, first in zip(places, told, strict=True):
                found[place] = None if first is None else places[first]
        return [_earliest(found, place) for place in range(len(issues))], [asked for _, asked in answers]

    def _near_together(self, issues: Sequence[Issue]) -> list[list[int]]:
        if len(issues) <= ISSUES_PER_CALL:
            return [list(range(len(issues)))]
        vectors = self.embedder.passages([both_sides(issue) for issue in issues])
        chain, left = [0], set(range(1, len(issues)))
        while left:
            likeness = vectors @ vectors[chain[-1]]
            chain.append(max(left, key=lambda place: (float(likeness[place]), -place)))
            left.remove(chain[-1])
        return [sorted(chain[n : n + ISSUES_PER_CALL]) for n in range(0, len(chain), ISSUES_PER_CALL)]

    async def _told(self, issues: Sequence[Issue]) -> tuple[list[int | None], Provenance]:
        shown = listed(issues, "i")
        asked: Asked[Any] = await self.asker.ask("repeats", _schema(len(issues)), issues=shown)
        told = [getattr(asked.answer, line["alias"]) for line in shown[1:]]
        return [None, *(None if alias == "none" else int(alias[1:]) - 1 for alias in told)], asked.made_by


def _earliest(found: Sequence[int | None], place: int) -> int | None:
    """The first of a chain of repeats."""
    first = found[place]
    while first is not None and found[first] is not None:
        first = found[first]
    return first


@cache
def _schema(issues: int) -> type[Answer]:
    """For each issue an earlier one, or none."""
    earlier = [f"i{number}" for number in range(1, issues + 1)]
    fields: dict[str, Any] = {
        alias: (Literal[("none", *earlier[:number])], ...) for number, alias in enumerate(earlier) if number
    }
    return create_model("Repeated", __base__=Answer, **fields)
