"""Reads a reader's reviews for views: every chunk asked for them, every view found put to the second asking."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from gravity.agents.asking import together
from gravity.agents.errors import AskError, NotAnsweredError
from gravity.agents.views.chunks import Chunk, Cutting
from gravity.agents.views.finder import Candidate, Finder
from gravity.agents.views.refuter import HOLDS, Refuter, Verdict
from gravity.store.embeddings import Embedder
from gravity.store.records import Provenance, Review
from gravity.store.views import Reading, View, view_id

SAME_VIEW = 0.93


@dataclass(frozen=True)
class ViewReader:
    """Lists a reader's own views. `cutting` says what a call reads.

    A view says the same as an earlier one of the reader where the cosine of their statements is `same` (0 to 1) or
    more and neither is nearer to the other's opposite.
    """

    run: str
    finder: Finder
    refuter: Refuter
    cutting: Cutting
    embedder: Embedder
    same: float

    async def read(self, reader: str, reviews: Sequence[Review]) -> tuple[Reading, list[View]]:
        """The views of one reader, dropped ones too. A chunk without a usable answer is told of in the reading.

        Raises NotAnsweredError where nobody answered.
        """
        chunks, left_out = self.cutting.chunks(reviews)
        told = await together(*(self._told(reader, chunk) for chunk in chunks))
        views = self._merged([view for views, _, _ in told for view in views])
        reading = Reading(
            run=self.run,
            reader=reader,
            reviews=len(reviews) - len(left_out),
            reviews_left_out=len(left_out),
            calls=[by.call for _, askings, _ in told for by in askings if by.call],
            failed=[reason for _, _, reason in told if reason],
        )
        return reading, views

    async def _told(self, reader: str, chunk: Chunk) -> tuple[list[View], list[Provenance], str]:
        """The views of a chunk, the askings that made them, and why it has none where no answer was usable."""
        try:
            candidates, made_by = await self.finder.find(chunk)
            allowed = [candidate for candidate in candidates if not candidate.fault]
            verdicts, checked_by = await self.refuter.verdicts(chunk, allowed) if allowed else ([], None)
        except NotAnsweredError:
            raise
        except AskError as error:
            return [], [], str(error)
        refused = [self._view(reader, chunk, candidate) for candidate in candidates if candidate.fault]
        kept = [
            self._view(reader, chunk, candidate, verdict, checked_by)
            for candidate, verdict in zip(allowed, verdicts, strict=True)
        ]
        # Two that quote and say the same have one id.
        views = list({view.id: view for view in [*refused, *kept]}.values())
        return views, [asking for asking in (made_by, checked_by) if asking], ""

    def _view(
        self,
        reader: str,
        chunk: Chunk,
        candidate: Candidate,
        verdict: Verdict | None = None,
        checked_by: Provenance | None = None,
    ) -> View:
        found, holds = candidate.found, verdict is not None and verdict.verdict == HOLDS
        refuted = f"{verdict.verdict}: {verdict.objection}" if verdict and not holds else candidate.fault
        return View(
            id=view_id(self.run, reader, candidate.review.id, candidate.quote, found.statement),
            run=self.run,
            reader=reader,
            review=candidate.review.id,
            half=chunk.half,
            quote=candidate.quote,
            statement=found.statement.strip(),
            opposite=found.opposite.strip(),
            about=found.about,
            said=found.said,
            common=verdict.common / 100 if verdict else None,
            verdict="kept" if holds else "dropped",
            reason=refuted,
            made_by=candidate.made_by,
            checked_by=checked_by,
        )

    def _merged(self, views: list[View]) -> list[View]:
        """The views, where those that repeat an earlier one name it."""
        kept = [view for view in views if view.verdict == "kept"]
        if len(kept) < 2:
            return views
        statements = self.embedder.passages([view.statement for view in kept])
        opposites = self.embedder.passages([view.opposite for view in kept])
        same, other = statements @ statements.T, statements @ opposites.T
        alike = (same >= self.same) & (same > np.maximum(other, other.T))
        first: dict[str, str] = {}
        for place, view in enumerate(kept):
            earlier = [kept[n] for n in np.flatnonzero(alike[place, :place]) if kept[n].id not in first]
            if earlier:
                first[view.id] = earlier[0].id
        return [view.model_copy(update={"same_as": first.get(view.id)}) for view in views]
