"""Votes by contrast: the way that leans more toward the statement endorses it."""

import asyncio
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from gravity.agents.contrast.head import Head, contrast_name, probability, scaled_confidence, shipped
from gravity.frameworks.records import Seed
from gravity.store.embeddings import Embedder
from gravity.store.records import Draft, Provenance, Vote


@dataclass(frozen=True)
class ContrastJudge:
    """Finds the way that leans more toward the statement than the other does. Order plays no part: one vote.

    `margin` counts where no head was trained for the embedder; a head has its own.
    """

    embedder: Embedder
    margin: float

    @cached_property
    def _head(self) -> Head | None:
        return shipped(self.embedder.name)

    @property
    def name(self) -> str:
        """How votes name this judge."""
        return contrast_name(self.embedder)

    async def votes(self, seed: Seed, draft: Draft) -> list[Vote]:
        """One vote; differences within the margin are no answer."""
        return [await asyncio.to_thread(self._vote, seed, draft)]

    def _vote(self, seed: Seed, draft: Draft) -> Vote:
        views = self.embedder.queries([seed.statement, seed.opposite])
        texts, margin = [draft.endorsing, draft.opposing], self.margin
        if self._head:
            ways, margin = self._head.scene.vectors(self.embedder, texts), self._head.scene.margin
        else:
            ways = self.embedder.passages(texts)
        lean = ways @ (views[0] - views[1])
        difference = float(lean[0] - lean[1])
        endorses: Literal["endorsing", "opposing"] | None = None
        if abs(difference) >= margin:
            endorses = "endorsing" if difference > 0 else "opposing"
        return Vote(
            judge=self.name,
            order="endorsing",
            endorses=endorses,
            confidence=probability(difference) if self._head else scaled_confidence(difference, margin),
            reason=f"lean toward the statement: endorsing {lean[0]:+.3f}, opposing {lean[1]:+.3f}",
            made_by=Provenance(model=self.name),
        )
