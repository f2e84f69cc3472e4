"""Stances and facets by contrast: a reader's reviews lean toward a view or toward its opposite."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from threading import Lock
from typing import NamedTuple

import numpy as np

from gravity.agents.contrast.head import Head, contrast_name, probability, scaled_confidence, shipped
from gravity.agents.evidence import Evidence
from gravity.frameworks.records import Facet, Seed
from gravity.store.embeddings import Vectors
from gravity.store.records import Fact, FactKind, Provenance, Review
from gravity.store.vectors import VectorStore, review_entry

# A stance rests on the reviews nearest to either view, and this many are named as evidence.
NEAREST = 3
# Reviews as the head read them, kept in memory: 1.5 kB each.
CACHED_REVIEWS = 20_000


class Sides(NamedTuple):
    """What a text is compared with: two sides of a seed or a facet."""

    id: str
    first: str
    second: str


@dataclass(frozen=True)
class ContrastProfiler:
    """Infers stances and facets by contrast; of demographics it knows nothing.

    A reader's contrast is taken less that of the mean review: reviews as such lie nearer to some views than to
    their opposites, and every reader would otherwise get the same stances. The mean is over what is indexed when
    the run first needs it, so profiles made after a first few readers can differ a little from a run in one go.
    `margin` counts where no head was trained for the embedder.
    """

    run: str
    vectors: VectorStore
    margin: float
    _view_vectors: dict[str, Vectors] = field(default_factory=dict)
    _review_vectors: dict[str, Vectors] = field(default_factory=dict)
    _reading: Lock = field(default_factory=Lock)

    async def demographics(self, reader: str, reviews: Sequence[Review], names: Sequence[str]) -> list[Fact]:
        """Unknown for every name."""
        return [self._fact(reader, "demographic", name, "unknown", 0.0, []) for name in names]

    async def facets(self, reader: str, reviews: Sequence[Review], facets: Sequence[Facet], turned: bool) -> list[Fact]:
        """Levels by the contrast of the reviews nearest to an end of a facet; the same either way round."""
        sides = [Sides(facet.id, facet.high, facet.low) for facet in facets]
        found = await asyncio.to_thread(self._told, reader, "facet", reviews, sides, ("high", "low"))
        return [fact.model_copy(update={"score": score}) for fact, score in found]

    async def stances(self, reader: str, evidence: Evidence, seeds: Sequence[Seed]) -> list[Fact]:
        """Stances by the contrast of the reviews nearest to a seed's statement or opposite."""
        sides = [Sides(seed.id, seed.statement, seed.opposite) for seed in seeds]
        found = await asyncio.to_thread(self._told, reader, "stance", evidence.reviews, sides, ("agree", "disagree"))
        return [fact for fact, _ in found]

    def _told(
        self, reader: str, kind: FactKind, reviews: Sequence[Review], issues: Sequence[Sides], names: tuple[str, str]
    ) -> list[tuple[Fact, float]]:
        """A fact for each issue, which takes one of the two `names`, and its lean as a score: 100 is the first side."""
        ids, matrix = self._matrix(reviews)
        views = [self._views(issue) for issue in issues]
        near = [np.argsort(-np.maximum(matrix @ view[0], matrix @ view[1]))[:NEAREST] for view in views]
        head = shipped(self.vectors.embedder.name)
        read: dict[str, Vectors] = {}
        if head:
            rows = sorted({int(row) for rows in near for row in rows})
            texts = {review.id: review_entry(review).text for review in reviews}
            read = self._read(head, texts, [ids[row] for row in rows])
        found = []
        for issue, (statement, opposite), rows_near in zip(issues, views, near, strict=True):
            near_ids = [ids[row] for row in rows_near]
            vectors = np.stack([read[identity] for identity in near_ids]) if head else matrix[rows_near] - self._mean
            lean: Vectors = np.asarray(vectors @ (statement - opposite), dtype=np.float32)
            trained = head.stance.margin if head else None
            found.append(self._inferred(reader, kind, issue.id, lean, near_ids, names, trained))
        return found

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
        names: tuple[str, str],
        trained: float | None,
    ) -> tuple[Fact, float]:
        """The fact that leans speak for, and their mean as a score: log-odds with the margin `trained`, differences of
        cosines without."""
        mean = float(lean.mean())
        confidence = scaled_confidence(mean, self.margin) if trained is None else probability(mean)
        sign = 1 if mean > 0 else -1
        score = 100 * (confidence if sign > 0 else 1 - confidence)
        if abs(mean) < (self.margin if trained is None else trained):
            return self._fact(reader, kind, name, "unknown", 1 - confidence, []), score
        telling = [ids[index] for index in np.argsort(-sign * lean)[:NEAREST] if sign * lean[index] > 0]
        return self._fact(reader, kind, name, names[0] if sign > 0 else names[1], confidence, telling), score

    def _matrix(self, reviews: Sequence[Review]) -> tuple[list[str], Vectors]:
        found = self.vectors.vectors("reviews", [review.id for review in reviews])
        ids = [review.id for review in reviews if review.id in found]
        return ids, np.stack([found[identity] for identity in ids])

    def _views(self, issue: Sides) -> Vectors:
        if issue.id not in self._view_vectors:
            self._view_vectors[issue.id] = self.vectors.embedder.queries([issue.first, issue.second])
        return self._view_vectors[issue.id]

    @cached_property
    def _mean(self) -> Vectors:
        return self.vectors.mean("reviews")

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
