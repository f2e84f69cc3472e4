"""From a group of views to seeds: named, placed among the views near them, criticised, and kept where they divide."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from gravity.agents.asking import together
from gravity.agents.errors import AskError, NotAnsweredError
from gravity.agents.gathering.namer import FairnessCritic, Issue, Namer
from gravity.frameworks.records import Seed
from gravity.store.embeddings import Vectors
from gravity.store.records import Provenance, content_id
from gravity.store.vectors import VectorStore
from gravity.store.views import FRAMEWORK, Group, ReaderSeed, View

PLACED = 24  # views that an issue is held against
WORDS = range(6, 27)  # of a side
GAP = 8  # words by which the two sides may differ
ONE_SIDED = 0.9  # the share of readers on one side from which an issue tells readers apart from nobody


@dataclass(frozen=True)
class Gatherer:
    """Words seeds from the views of a run. An issue needs `least` readers; `same` is the cosine from which it repeats
    another one."""

    run: str
    namer: Namer
    critics: Sequence[FairnessCritic]
    vectors: VectorStore
    least: int
    same: float
    _known: dict[tuple[str, ...], Vectors] = field(default_factory=dict)

    async def seeds(self, group: Group, views: Mapping[str, View], cultures: Mapping[str, str]) -> list[ReaderSeed]:
        """The seeds that a group comes to, dropped ones too. `views` are those of the run by id, and `cultures` those
        of the readers. Raises NotAnsweredError; a group without a usable answer comes to nothing, and so does one whose
        views are no longer there, since their reviews were read anew."""
        there = [views[identity] for identity in group.views if identity in views]
        if len(there) < self.least:
            return []
        try:
            issues, made_by = await self.namer.issues(there, self.least)
        except NotAnsweredError:
            raise
        except AskError:
            return []
        return list(await together(*(self._seed(group, issue, made_by, views, cultures) for issue in issues)))

    async def _seed(
        self, group: Group, issue: Issue, made_by: Provenance, views: Mapping[str, View], cultures: Mapping[str, str]
    ) -> ReaderSeed:
        statement, opposite = issue.statement.strip(), issue.opposite.strip()
        fault, checked_by, sides = _malformed(statement, opposite), None, dict[str, str]()
        try:
            if not fault:
                near = await asyncio.to_thread(self._near, statement, opposite, views)
                fault, checked_by = await self._unfair(statement, opposite)
                sides = {} if fault else await self.namer.sides(statement, opposite, near)
        except NotAnsweredError:
            raise
        except AskError as error:
            fault = f"not examined: {error}"
        # One view a reader was placed, so readers are counted.
        readers = {views[identity].reader for identity in sides}
        agree, disagree = (list(sides.values()).count(side) for side in ("statement", "opposite"))
        fault = fault or _undivided(agree, disagree, self.least)
        return ReaderSeed(
            # Two groups may come to the same words: which of the two stands is not to depend on who was quicker.
            id=f"readers-{content_id('seed', group.id, statement, opposite)[:8]}",
            framework=FRAMEWORK,
            dimension=self.namer.dimension(issue),
            pole=issue.pole,
            statement=statement,
            opposite=opposite,
            topics=[issue.name],
            run=self.run,
            cultures=sorted({cultures[reader] for reader in readers}),
            agree=agree,
            disagree=disagree,
            views=sorted(sides),
            verdict="dropped" if fault else "kept",
            reason=fault,
            made_by=made_by,
            checked_by=checked_by,
        )

    def _near(self, statement: str, opposite: str, views: Mapping[str, View]) -> list[View]:
        """The views nearest to an issue, one a reader."""
        about = self.vectors.embedder.passages([f"{statement} / {opposite}"])
        (ranked,) = self.vectors.near("views", about, 2 * PLACED, label=self.run)
        readers: dict[str, View] = {}
        for identity in ranked:
            if identity in views:
                readers.setdefault(views[identity].reader, views[identity])
        return list(readers.values())[:PLACED]

    async def _unfair(self, statement: str, opposite: str) -> tuple[str, Provenance | None]:
        found = await together(*(critic.fault(statement, opposite) for critic in self.critics))
        return next(((fault, by) for fault, by in found if fault), ("", found[0][1] if found else None))

    def without_repeats(self, brought: Sequence[ReaderSeed], known: Sequence[Seed]) -> list[ReaderSeed]:
        """The seeds, where one that says what an earlier or a known one says is dropped."""
        kept = [seed for seed in brought if seed.verdict == "kept"]
        if not kept:
            return list(brought)
        listed: list[Seed] = [*known, *kept]
        vectors = self.vectors.embedder.passages([f"{seed.statement} / {seed.opposite}" for seed in listed])
        likeness = vectors[len(known) :] @ vectors.T
        repeats: dict[str, str] = {}
        for place, seed in enumerate(kept):
            earlier = np.flatnonzero(likeness[place, : len(known) + place] >= self.same)
            first = next((listed[n].id for n in earlier if listed[n].id not in repeats), None)
            if first:
                repeats[seed.id] = first
        return [
            seed.model_copy(update={"verdict": "dropped", "reason": f"it says what {repeats[seed.id]} says"})
            if seed.id in repeats
            else seed
            for seed in brought
        ]

    def unsaid(self, views: Sequence[View], known: Sequence[Seed]) -> list[View]:
        """Those of one reader's views that say what none of the known seeds says; the others are asked about there, and
        a seed of their own would have its answer on the card."""
        about = self._vectors_of(tuple(known))
        found = self.vectors.vectors("views", [view.id for view in views])
        return [view for view in views if view.id in found and (about @ found[view.id]).max(initial=-1) < self.same]

    def _vectors_of(self, known: tuple[Seed, ...]) -> Vectors:
        """The vectors of seeds, which are the same for every reader."""
        key = tuple(seed.id for seed in known)
        if key not in self._known:
            self._known.clear()
            self._known[key] = self.vectors.embedder.passages([f"{s.statement} / {s.opposite}" for s in known])
        return self._known[key]


def own_seeds(views: Sequence[View], culture: str, most: int, common: float) -> list[ReaderSeed]:
    """Seeds for one reader alone, from stated views of theirs that are rare: at most `most`, rarest first.

    `common` is the share of readers, by the model's guess, from which a view is not rare. Its sides are the view's own,
    which the second asking found fair.
    """
    rare = [v for v in views if v.said == "stated" and v.common is not None and v.common < common]
    rare.sort(key=lambda view: (view.common, view.id))
    return [
        ReaderSeed(
            id=f"readers-{content_id('own', view.reader, view.statement)[:8]}",
            framework=FRAMEWORK,
            dimension=view.about,
            pole="high",
            statement=view.statement,
            opposite=view.opposite,
            topics=[view.about],
            run=view.run,
            reader=view.reader,
            cultures=[culture],
            agree=1,
            disagree=0,
            views=[view.id],
            verdict="kept",
            made_by=view.made_by,
            checked_by=view.checked_by,
        )
        for view in rare
        if not _malformed(view.statement, view.opposite)
    ][:most]


def _malformed(statement: str, opposite: str) -> str:
    """What the rules for seeds have against the two sides, in words."""
    sides = [len(statement.split()), len(opposite.split())]
    if not all(words in WORDS for words in sides):
        return f"a side has {max(sides, key=lambda words: abs(words - 14))} words"
    return f"one side is {abs(sides[0] - sides[1])} words longer" if abs(sides[0] - sides[1]) > GAP else ""


def _undivided(agree: int, disagree: int, least: int) -> str:
    """Why an issue tells readers apart from nobody, in words."""
    speak = agree + disagree
    if speak < least:
        return f"only {speak} readers speak to it"
    larger = max(agree, disagree)
    return f"{larger} of {speak} readers are on one side" if larger > ONE_SIDED * speak else ""
