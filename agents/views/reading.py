"""Reads a reader's reviews for views: every chunk asked for them, every view found put to the second asking."""

from collections.abc import Sequence
from dataclasses import dataclass

from gravity.agents.asking import together
from gravity.agents.errors import AskError, NotAnsweredError
from gravity.agents.repeats import Repeats
from gravity.agents.views.chunks import Chunk, Cutting
from gravity.agents.views.finder import Candidate, Finder
from gravity.agents.views.refuter import HOLDS, Refuter, Verdict
from gravity.store.records import Provenance, Review
from gravity.store.views import Reading, View, view_id


@dataclass(frozen=True)
class ViewReader:
    """Lists a reader's own views. `cutting` says what a call reads."""

    run: str
    finder: Finder
    refuter: Refuter
    repeats: Repeats
    cutting: Cutting

    async def read(self, reader: str, reviews: Sequence[Review]) -> tuple[Reading, list[View]]:
        """The views of one reader, dropped ones too. A chunk without a usable answer is told of in the reading.

        Raises NotAnsweredError where nobody answered.
        """
        chunks, left_out = self.cutting.chunks(reviews)
        told = await together(*(self._told(reader, chunk) for chunk in chunks))
        views, merging = await self._merged(_distinct([view for views, _, _ in told for view in views]))
        reading = Reading(
            run=self.run,
            reader=reader,
            reviews=len(reviews) - len(left_out),
            reviews_left_out=len(left_out),
            calls=[by.call for askings in (*(askings for _, askings, _ in told), merging) for by in askings if by.call],
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
        return [*refused, *kept], [made_by, checked_by] if checked_by else [made_by], ""

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

    async def _merged(self, views: list[View]) -> tuple[list[View], list[Provenance]]:
        """The views, where those that repeat an earlier one name it, and what was asked. Where no answer was usable
        each stands for itself."""
        kept = [view for view in views if view.verdict == "kept"]
        if len(kept) < 2:
            return views, []
        try:
            repeated, asked = await self.repeats.of(kept)
        except NotAnsweredError:
            raise
        except AskError:
            return views, []
        first = {view.id: kept[n].id for view, n in zip(kept, repeated, strict=True) if n is not None}
        return [view.model_copy(update={"same_as": first.get(view.id)}) for view in views], asked


def _distinct(views: Sequence[View]) -> list[View]:
    """The views, one of each id: what stands where two parts of a review overlap, or in its title, is found in both.

    What was refuted once is dropped, and what the rules refuse of a view does not speak against its better wording.
    """
    weightiest_last = sorted(views, key=lambda view: (view.checked_by is not None, view.verdict == "dropped"))
    return list(({view.id: view for view in views} | {view.id: view for view in weightiest_last}).values())
