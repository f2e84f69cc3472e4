"""A judge and a profiler without a language model: a text is compared with a view and with its opposite.

The figure is cos(text, view) - cos(text, opposite) in the embedder's space. It sees topics and tone, and little
of irony or of whose view it is; how often it is right is for a qualification to say.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

import numpy as np

from frameworks.records import TRAITS, Item, Seed
from store.embeddings import Embedder, Vectors
from store.records import Draft, Fact, FactKind, Provenance, Review, Vote
from store.vectors import VectorStore

# A profile rests on the reviews nearest to either pole.
TOP = 3
# A trait's axis is the mean of every fifth of its items, two a facet, which keeps the start short.
AXIS_STEP = 5


def confidence(difference: float, margin: float) -> float:
    """A difference as a confidence: 0.5 at none, 0.75 at twice the margin, toward 1. Not calibrated."""
    return 0.5 + 0.5 * float(np.tanh(abs(difference) / max(margin, 1e-6) / 3.64))


@dataclass(frozen=True)
class ContrastJudge:
    """Finds the way that lies nearer to the statement than the other does. Order plays no part: one vote."""

    embedder: Embedder
    margin: float

    @property
    def name(self) -> str:
        """How votes name this judge."""
        return f"contrast({self.embedder.name})"

    async def votes(self, seed: Seed, draft: Draft) -> list[Vote]:
        """One vote; differences within the margin are no answer."""
        return [await asyncio.to_thread(self._vote, seed, draft)]

    def _vote(self, seed: Seed, draft: Draft) -> Vote:
        views = self.embedder.queries([seed.statement, seed.opposite])
        ways = self.embedder.passages([draft.endorsing, draft.opposing])
        lean = ways @ (views[0] - views[1])
        difference = float(lean[0] - lean[1])
        endorses: Literal["endorsing", "opposing"] | None = None
        if abs(difference) >= self.margin:
            endorses = "endorsing" if difference > 0 else "opposing"
        return Vote(
            judge=self.name,
            order="endorsing",
            endorses=endorses,
            confidence=confidence(difference, self.margin),
            reason=f"lean toward the statement: endorsing {lean[0]:+.3f}, opposing {lean[1]:+.3f}",
            made_by=Provenance(model=self.name),
        )


@dataclass(frozen=True)
class ContrastProfiler:
    """Infers stances and traits by contrast; of demographics it knows nothing.

    A reader's contrast is taken less that of the mean review: reviews as such lie nearer to some views than to
    their opposites, and every reader would otherwise get the same stances. The mean is over what is indexed when
    the run first needs it, so profiles made after a first few readers can differ a little from a run in one go.
    """

    run: str
    vectors: VectorStore
    items: Mapping[str, Item]
    margin: float
    _seen: dict[str, Vectors] = field(default_factory=dict)

    async def demographics(self, reader: str, reviews: Sequence[Review], names: Sequence[str]) -> list[Fact]:
        """Unknown for every name."""
        return [self._fact(reader, "demographic", name, "unknown", 0.0, []) for name in names]

    async def traits(self, reader: str, reviews: Sequence[Review]) -> list[Fact]:
        """Levels by the mean contrast of the reviews with the high and the low answers of each trait's items."""
        return await asyncio.to_thread(self._traits, reader, reviews)

    async def stances(self, reader: str, reviews: Sequence[Review], seeds: Sequence[Seed]) -> list[Fact]:
        """Stances by the contrast of the reviews nearest to a seed's statement or opposite."""
        return await asyncio.to_thread(self._stances, reader, reviews, seeds)

    def _traits(self, reader: str, reviews: Sequence[Review]) -> list[Fact]:
        ids, matrix = self._matrix(reviews)
        lean: Vectors = np.asarray((matrix - self._mean) @ self._trait_axes.T, dtype=np.float32)
        names = {1: "high", -1: "low"}
        return [
            self._inferred(reader, "trait", trait, lean[:, column], ids, names) for column, trait in enumerate(TRAITS)
        ]

    def _stances(self, reader: str, reviews: Sequence[Review], seeds: Sequence[Seed]) -> list[Fact]:
        ids, matrix = self._matrix(reviews)
        names = {1: "agree", -1: "disagree"}
        facts = []
        for seed in seeds:
            statement, opposite = self._views(seed)
            near = np.argsort(-np.maximum(matrix @ statement, matrix @ opposite))[:TOP]
            lean: Vectors = np.asarray((matrix[near] - self._mean) @ (statement - opposite), dtype=np.float32)
            facts.append(self._inferred(reader, "stance", seed.id, lean, [ids[index] for index in near], names))
        return facts

    def _inferred(
        self, reader: str, kind: FactKind, name: str, lean: Vectors, ids: list[str], names: dict[int, str]
    ) -> Fact:
        mean = float(lean.mean())
        if abs(mean) < self.margin:
            return self._fact(reader, kind, name, "unknown", 1 - confidence(mean, self.margin), [])
        sign = 1 if mean > 0 else -1
        telling = [ids[index] for index in np.argsort(-sign * lean)[:TOP] if sign * lean[index] > 0]
        return self._fact(reader, kind, name, names[sign], confidence(mean, self.margin), telling)

    def _matrix(self, reviews: Sequence[Review]) -> tuple[list[str], Vectors]:
        found = self.vectors.vectors("reviews", [review.id for review in reviews])
        ids = [review.id for review in reviews if review.id in found]
        return ids, np.stack([found[identity] for identity in ids])

    def _views(self, seed: Seed) -> Vectors:
        if seed.id not in self._seen:
            self._seen[seed.id] = self.vectors.embedder.queries([seed.statement, seed.opposite])
        return self._seen[seed.id]

    @cached_property
    def _mean(self) -> Vectors:
        return self.vectors.mean("reviews")

    @cached_property
    def _trait_axes(self) -> Vectors:
        axes = []
        for trait in TRAITS:
            items = [item for item in self.items.values() if item.trait == trait][::AXIS_STEP]
            high = self.vectors.embedder.passages([item.high for item in items])
            low = self.vectors.embedder.passages([item.low for item in items])
            axis = (high - low).mean(axis=0)
            axes.append(axis / max(float(np.linalg.norm(axis)), 1e-12))
        return np.stack(axes)

    def _fact(self, reader: str, kind: FactKind, name: str, value: str, sure: float, evidence: list[str]) -> Fact:
        made_by = Provenance(model=f"contrast({self.vectors.embedder.name})")
        return Fact(
            run=self.run,
            reader=reader,
            kind=kind,
            name=name,
            value=value,
            confidence=sure,
            evidence=evidence,
            made_by=made_by,
        )
