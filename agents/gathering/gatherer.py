"""From a group of views to seeds: named, placed among the views near them, criticised, and kept where they divide."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from gravity.agents.asking import together
from gravity.agents.errors import AskError, NotAnsweredError
from gravity.agents.gathering.namer import FairnessCritic, Issue, Namer
from gravity.agents.gathering.space import Space, words
from gravity.agents.repeats import Repeats
from gravity.frameworks.issues import both_sides
from gravity.frameworks.records import Seed
from gravity.store.embeddings import Embedder
from gravity.store.records import Provenance, content_id
from gravity.store.views import FRAMEWORK, Group, ReaderSeed, View

KNOWN = 3  # known seeds that each new one is held against, the nearest
PLACED = 24  # views that an issue is held against
WORDS = range(6, 27)  # of a side
GAP = 8  # words by which the two sides may differ
ONE_SIDED = 0.9  # the share of readers on one side from which an issue tells readers apart from nobody


@dataclass(frozen=True)
class Gatherer:
    """Words seeds from the views of a run. An issue needs `least` readers."""

    run: str
    namer: Namer
    critics: Sequence[FairnessCritic]
    embedder: Embedder
    repeats: Repeats
    least: int

    async def seeds(self, group: Group, space: Space, cultures: Mapping[str, str]) -> list[ReaderSeed]:
        """The seeds that a group comes to, dropped ones too. `space` has the views of the run, and `cultures` are those
        of the readers. Nothing comes of a group most of whose views are no longer there, since their reviews were read
        anew. Raises AskError where no issue could be named."""
        there = [space.views[identity] for identity in group.views if identity in space.views]
        if len(there) < self.least:
            return []
        issues, made_by = await self.namer.issues(there, self.least)
        return list(await together(*(self._seed(group, issue, made_by, space, cultures) for issue in issues)))

    async def _seed(
        self, group: Group, issue: Issue, made_by: Provenance, space: Space, cultures: Mapping[str, str]
    ) -> ReaderSeed:
        statement, opposite = issue.statement, issue.opposite
        fault, checked_by, sides = _malformed(statement, opposite), None, dict[str, str]()
        try:
            if not fault:
                near = await asyncio.to_thread(self._near, issue, space)
                fault, checked_by = await self._unfair(statement, opposite)
                sides = {} if fault else await self.namer.sides(statement, opposite, near)
        except NotAnsweredError:
            raise
        except AskError as error:
            fault = f"not examined: {error}"
        # One view a reader was placed, so readers are counted.
        readers = {space.views[identity].reader for identity in sides}
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

    def _near(self, issue: Issue, space: Space) -> list[View]:
        """The views nearest to an issue, one a reader, by reader."""
        about = self.embedder.passages([both_sides(issue)])
        (ranked,) = space.nearest(about, 2 * PLACED)
        readers: dict[str, View] = {}
        for identity, _ in ranked:
            readers.setdefault(space.views[identity].reader, space.views[identity])
        return sorted(list(readers.values())[:PLACED], key=words)

    async def _unfair(self, statement: str, opposite: str) -> tuple[str, Provenance | None]:
        found = await together(*(critic.fault(statement, opposite) for critic in self.critics))
        return next(((fault, by) for fault, by in found if fault), ("", found[0][1] if found else None))

    async def without_repeats(self, brought: Sequence[ReaderSeed], known: Sequence[Seed]) -> list[ReaderSeed]:
        """Those of the seeds that say what an earlier or a known one says, dropped. Raises NotAnsweredError; where no
        answer was usable none is found."""
        if not brought:
            return []
        about = self.embedder.passages([both_sides(seed) for seed in brought])
        likeness = about @ self.embedder.passages([both_sides(seed) for seed in known]).T
        near = sorted({int(place) for row in likeness for place in np.argsort(-row, kind="stable")[:KNOWN]})
        listed: list[Seed] = [*(known[place] for place in near), *brought]
        try:
            repeated, _ = await self.repeats.of(listed)
        except NotAnsweredError:
            raise
        except AskError:
            return []
        return [
            _repeating(seed, listed[first].id)
            for seed, first in zip(brought, repeated[len(near) :], strict=True)
            if first is not None
        ]


def own_seeds(views: Sequence[View], culture: str, most: int, common: float) -> list[ReaderSeed]:
    """Seeds for one reader alone, from views of theirs that are rare: at most `most`, rarest first.

    `common` is the share of readers, by the model's guess, from which a view is not rare. Its sides are the view's own,
    which the second asking found fair. Implied views are as good as stated ones: of real readers' kept views 94% and
    91% (n=109 and 91) stood up to strict annotators.
    """
    rare = [view for view in views if view.common is not None and view.common < common]
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


def _repeating(seed: ReaderSeed, first: str) -> ReaderSeed:
    dropped = {"verdict": "dropped", "reason": f"it says what {first} says", "same_as": first}
    return seed.model_copy(update=dropped)


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
