"""A judge and a profiler without a language model: a text is compared with a view and with its opposite.

The figure is the text's lean, text . (view - opposite), in the embedder's space: for the embedder that a head was
trained for, of the text as the head reads it and in log-odds; for another, of the whole text, as a difference of
cosines. It sees topics, tone and place in the text, and little of irony or of whose view it is; how often it is
right is for a qualification to say.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from threading import Lock
from typing import Literal

import numpy as np

from gravity.agents.head import Head, shipped, sure
from gravity.frameworks.records import TRAITS, Item, Seed
from gravity.store.embeddings import Embedder, Vectors
from gravity.store.records import Draft, Fact, FactKind, Provenance, Review, Vote
from gravity.store.vectors import VectorStore, review_entry

# A profile rests on the reviews nearest to either pole.
TOP = 3
# A trait's axis is the mean of every fifth of its items, two a facet, which keeps the start short.
AXIS_STEP = 5
# Reviews as the head read them, kept in memory: 1.5 kB each.
KEPT = 20_000


def contrast_name(embedder: Embedder) -> str:
    """How votes, facts and runs name the contrast in this embedder's space: other weights, another name."""
    head = shipped(embedder.name)
    return f"contrast({embedder.name})" + (f"+{head.name}" if head else "")


def confidence(difference: float, margin: float) -> float:
    """A difference as a confidence: 0.5 at none, 0.75 at twice the margin, toward 1. Not calibrated."""
    return 0.5 + 0.5 * float(np.tanh(abs(difference) / max(margin, 1e-6) / 3.64))


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
            confidence=sure(difference) if self._head else confidence(difference, margin),
            reason=f"lean toward the statement: endorsing {lean[0]:+.3f}, opposing {lean[1]:+.3f}",
            made_by=Provenance(model=self.name),
        )


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
    _seen: dict[str, Vectors] = field(default_factory=dict)
    _said: dict[str, Vectors] = field(default_factory=dict)
    _reading: Lock = field(default_factory=Lock)

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
        views = [self._views(seed) for seed in seeds]
        near = [np.argsort(-np.maximum(matrix @ view[0], matrix @ view[1]))[:TOP] for view in views]
        head = shipped(self.vectors.embedder.name)
        read: dict[str, Vectors] = {}
        if head:
            rows = sorted({int(row) for rows in near for row in rows})
            texts = {review.id: review_entry(review).text for review in reviews}
            read = self._read(head, texts, [ids[row] for row in rows])
        names = {1: "agree", -1: "disagree"}
        facts = []
        for seed, (statement, opposite), rows_near in zip(seeds, views, near, strict=True):
            of = [ids[row] for row in rows_near]
            said = np.stack([read[identity] for identity in of]) if head else matrix[rows_near] - self._mean
            lean: Vectors = np.asarray(said @ (statement - opposite), dtype=np.float32)
            trained = head.stance.margin if head else None
            facts.append(self._inferred(reader, "stance", seed.id, lean, of, names, trained))
        return facts

    def _read(self, head: Head, texts: Mapping[str, str], ids: Sequence[str]) -> dict[str, Vectors]:
        """Reviews as the head reads them: each once, whichever of a reader's batches of seeds comes first."""
        with self._reading:
            if len(self._said) > KEPT:
                self._said.clear()
            new = [identity for identity in ids if identity not in self._said]
            if new:
                vectors = head.stance.vectors(self.vectors.embedder, [texts[identity] for identity in new], self._mean)
                self._said.update(zip(new, vectors, strict=True))
            return {identity: self._said[identity] for identity in ids}

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
        confident = confidence(mean, self.margin) if trained is None else sure(mean)
        if abs(mean) < (self.margin if trained is None else trained):
            return self._fact(reader, kind, name, "unknown", 1 - confident, [])
        sign = 1 if mean > 0 else -1
        telling = [ids[index] for index in np.argsort(-sign * lean)[:TOP] if sign * lean[index] > 0]
        return self._fact(reader, kind, name, names[sign], confident, telling)

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
        made_by = Provenance(model=contrast_name(self.vectors.embedder))
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
