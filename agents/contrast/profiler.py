"""Stances and traits by contrast: a reader's reviews lean toward a view or toward its opposite."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from threading import Lock

import numpy as np

from gravity.agents.contrast.head import Head, contrast_name, probability, scaled_confidence, shipped
from gravity.agents.evidence import Evidence
from gravity.frameworks.records import TRAITS, Item, Seed
from gravity.store.embeddings import Vectors
from gravity.store.records import Fact, FactKind, Provenance, Review
from gravity.store.vectors import VectorStore, review_entry

# A stance rests on the reviews nearest to either view, and this many are named as evidence.
NEAREST = 3
# A trait's axis is the mean of every fifth of its items, two a facet, which keeps the start short.
AXIS_STEP = 5
# Reviews as the head read them, kept in memory: 1.5 kB each.
CACHED_REVIEWS = 20_000


@dataclass(frozen=True)
class ContrastProfiler:
    """Infers stances and traits by contrast; of demographics it knows nothing.

    A reader's contrast is taken less that of the mean review: reviews as such lie nearer to some views than to
    their opposites, and every reader would otherwise get the same stances. The mean is over what is indexed when
    the run first needs it, so profiles made after a first few readers can differ a little from a run in one go.
    `margin` counts for traits, and for stances where no head was trained for the embedder.
    """

    run: str
    vectors: VectorStore
    items: Mapping[str, Item]
    margin: float
    _view_vectors: dict[str, Vectors] = field(default_factory=dict)
    _review_vectors: dict[str, Vectors] = field(default_factory=dict)
    _reading: Lock = field(default_factory=Lock)

    async def demographics(self, reader: str, reviews: Sequence[Review], names: Sequence[str]) -> list[Fact]:
        """Unknown for every name."""
        return [self._fact(reader, "demographic", name, "unknown", 0.0, []) for name in names]

    async def traits(self, reader: str, reviews: Sequence[Review]) -> list[Fact]:
        """Levels by the mean contrast of the reviews with the high and the low answers of each trait's items."""
        return await asyncio.to_thread(self._traits, reader, reviews)

    async def stances(self, reader: str, evidence: Evidence, seeds: Sequence[Seed]) -> list[Fact]:
        """Stances by the contrast of the reviews nearest to a seed's statement or opposite."""
        return await asyncio.to_thread(self._stances, reader, evidence.reviews, seeds)

    def _traits(self, reader: str, reviews: Sequence[Review]) -> list[Fact]:
        ids, matrix = self._matrix(reviews)
        lean: Vectors = np.asarray((matrix - self._mean) @ self._trait_axes.T, dtype=np.float32)
        names = {1: "high", -1: "low"}
        return [
            self._inferred(reader, "trait", trait, lean[:, column], ids, names) for column, trait in enumerate(TRAITS)
        ]

    def _stances(self, reader: str, reviews: Sequence[Review], seeds: Sequence[Seed]) -> list[Fact]:
        ids, matrix = self._matrix(reviews)
        views = [self._views(seed) for seed in seeds]
        near = [np.argsort(-np.maximum(matrix @ view[0], matrix @ view[1]))[:NEAREST] for view in views]
        head = shipped(self.vectors.embedder.name)
        read: dict[str, Vectors] = {}
        if head:
            rows = sorted({int(row) for rows in near for row in rows})
            texts = {review.id: review_entry(review).text for review in reviews}
            read = self._read(head, texts, [ids[row] for row in rows])
        names = {1: "agree", -1: "disagree"}
        facts = []
        for seed, (statement, opposite), rows_near in zip(seeds, views, near, strict=True):
            near_ids = [ids[row] for row in rows_near]
            vectors = np.stack([read[identity] for identity in near_ids]) if head else matrix[rows_near] - self._mean
            lean: Vectors = np.asarray(vectors @ (statement - opposite), dtype=np.float32)
            trained = head.stance.margin if head else None
            facts.append(self._inferred(reader, "stance", seed.id, lean, near_ids, names, trained))
        return facts

    def _read(self, head: Head, texts: Mapping[str, str], ids: Sequence[str]) -> dict[str, Vectors]:
        """Reviews as the head reads them: each once, whichever of a reader's batches of seeds comes first."""
        with self._reading:
            if len(self._review_vectors) > CACHED_REVIEWS:
                self._review_vectors.clear()
            new = [identity for identity in ids if identity not in self._review_vectors]
            if new:
                vectors = head.stance.vectors(self.vectors.embedder, [texts[identity] for identity in new], self._mean)
                self._review_vectors.update(zip(new, vectors, strict=True))
            return {identity: self._review_vectors[identity] for identity in ids}

    def _inferred(
        self,
        reader: str,
        kind: FactKind,
        name: str,
        lean: Vectors,
        ids: list[str],
        names: dict[int, str],
        trained: float | None = None,
    ) -> Fact:
        """The fact that leans speak for: log-odds with the margin `trained`, differences of cosines without."""
        mean = float(lean.mean())
        confidence = scaled_confidence(mean, self.margin) if trained is None else probability(mean)
        if abs(mean) < (self.margin if trained is None else trained):
            return self._fact(reader, kind, name, "unknown", 1 - confidence, [])
        sign = 1 if mean > 0 else -1
        telling = [ids[index] for index in np.argsort(-sign * lean)[:NEAREST] if sign * lean[index] > 0]
        return self._fact(reader, kind, name, names[sign], confidence, telling)

    def _matrix(self, reviews: Sequence[Review]) -> tuple[list[str], Vectors]:
        found = self.vectors.vectors("reviews", [review.id for review in reviews])
        ids = [review.id for review in reviews if review.id in found]
        return ids, np.stack([found[identity] for identity in ids])

    def _views(self, seed: Seed) -> Vectors:
        if seed.id not in self._view_vectors:
            self._view_vectors[seed.id] = self.vectors.embedder.queries([seed.statement, seed.opposite])
        return self._view_vectors[seed.id]

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

    def _fact(self, reader: str, kind: FactKind, name: str, value: str, confidence: float, evidence: list[str]) -> Fact:
        made_by = Provenance(model=contrast_name(self.vectors.embedder))
        return Fact(
            run=self.run,
            reader=reader,
            kind=kind,
            name=name,
            value=value,
            confidence=confidence,
            evidence=evidence,
            made_by=made_by,
        )
