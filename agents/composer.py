"""Composes preference pairs from what is settled: a scenario that is what it claims and a view that the reader
holds; an item and a trait; two books and the reader's own ratings. No model is called."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gravity.agents.card import FOLDS, card, fold
from gravity.agents.interests import DISLIKED, LIKED, Ratings, genre
from gravity.agents.prompting import prompt
from gravity.frameworks.records import Domain, Item, Seed
from gravity.store.corpus import Corpus
from gravity.store.records import Book, Fact, Pair, Reader, Scenario, Track, content_id
from gravity.store.vectors import VectorStore


@dataclass(frozen=True)
class Portrait:
    """A reader, what is known of them, and the card for each fold that it leaves out (None: for none)."""

    reader: Reader
    facts: Sequence[Fact]
    cards: Mapping[int | None, str]


@dataclass(frozen=True)
class Composer:
    """Makes the pairs of one reader. A pair whose fact has less than `min_confidence` (0 to 1) is held for a person;
    pairs of a culture in `unqualified` are marked so."""

    run: str
    domain: Domain
    seeds: Mapping[str, Seed]
    items: Mapping[str, Item]
    corpus: Corpus
    vectors: VectorStore
    min_confidence: float
    hard_negatives: int
    unqualified: frozenset[str] = frozenset()

    def compose(
        self, reader: Reader, facts: Sequence[Fact], scenarios: Sequence[Scenario], ratings: Ratings
    ) -> list[Pair]:
        """All pairs of a reader; `scenarios` are the vetted ones of the reader's culture."""
        cards = {out: card(facts, self.seeds, self.domain, out) for out in (None, *range(FOLDS))}
        portrait = Portrait(reader, facts, cards)
        return [
            *self._values(portrait, scenarios),
            *self._personality(portrait),
            *self._interests(portrait, ratings),
        ]

    def _values(self, portrait: Portrait, scenarios: Sequence[Scenario]) -> Iterator[Pair]:
        """A pair for each scenario toward whose seed the reader has a stance."""
        stances = {fact.name: fact for fact in portrait.facts if fact.kind == "stance"}
        for scenario in scenarios:
            fact, seed, draft = stances.get(scenario.seed), self.seeds[scenario.seed], scenario.draft
            if fact is None or fact.value not in ("agree", "disagree"):
                continue
            ways = [draft.endorsing, draft.opposing]
            chosen, rejected = ways if fact.value == "agree" else ways[::-1]
            yield self._pair(
                portrait,
                track="values",
                framework=seed.framework,
                dimension=seed.dimension,
                subject=seed.id,
                variant=scenario.id,
                task=("task_values", {"situation": draft.situation}),
                sides=(chosen, rejected),
                basis=f"the reader would {fact.value} with: {seed.statement}",
                fact=fact,
                scenario=scenario,
            )

    def _personality(self, portrait: Portrait) -> Iterator[Pair]:
        """A pair for each item of a trait that the reader is high or low in."""
        levels = {fact.name: fact for fact in portrait.facts if fact.kind == "trait"}
        for item in self.items.values():
            fact = levels.get(item.trait)
            if fact is None or fact.value not in ("high", "low"):
                continue
            sides = (item.high, item.low) if fact.value == "high" else (item.low, item.high)
            yield self._pair(
                portrait,
                track="personality",
                framework="big five",
                dimension=item.facet,
                subject=item.id,
                task=("task_personality", {"question": item.question}),
                sides=sides,
                basis=f"the reader is {fact.value} in {item.trait}",
                fact=fact,
            )

    def _interests(self, portrait: Portrait, ratings: Ratings) -> Iterator[Pair]:
        """Pairs from held-back liked books, each against near neighbours that were liked less or not read."""
        scores = {review.book: review.rating for review in [*ratings.known, *ratings.held_back]}
        # A book that was reviewed twice can stand in the profile as well: then it would tell the answer.
        seen = {review.book for review in ratings.known}
        liked = [r.book for r in ratings.held_back if r.rating >= LIKED and r.book not in seen]
        for identity, vector in self.vectors.vectors("books", liked).items():
            near = self.vectors.near("books", vector[None, :], 4 * self.hard_negatives + 1)[0]
            lesser = [other for other in near if scores.get(other, 0.0) <= DISLIKED][: self.hard_negatives]
            books = self.corpus.books([identity, *lesser])
            for other in lesser:
                yield from self._book_pairs(portrait, books[identity], books[other], scores)

    def _book_pairs(
        self,
        portrait: Portrait,
        better: Book,
        worse: Book,
        scores: Mapping[str, float],
    ) -> Iterator[Pair]:
        said = f"rated {scores[worse.id]:g}" if worse.id in scores else "not read"
        basis = f"'{better.title}' was rated {scores[better.id]:g}, '{worse.title}' {said}"
        common: dict[str, Any] = {"track": "interests", "subject": better.id, "basis": basis, "fact": None}
        if better.description and worse.description:
            yield self._pair(
                portrait,
                framework="interests",
                dimension="summary",
                variant=worse.id,
                task=("task_summary", {}),
                sides=(better.description, worse.description),
                **common,
            )
        genres = genre(better), genre(worse)
        if genres[0] and genres[1] and genres[0] != genres[1]:
            shown = sorted((genres[0], genres[1]), key=lambda name: content_id(portrait.reader.id, name))
            yield self._pair(
                portrait,
                framework="interests",
                dimension="category",
                variant=worse.id,
                task=("task_category", {"first": shown[0], "second": shown[1]}),
                sides=(genres[0], genres[1]),
                **common,
            )

    def _pair(
        self,
        portrait: Portrait,
        *,
        track: Track,
        framework: str,
        dimension: str,
        subject: str,
        task: tuple[str, dict[str, str]],
        sides: tuple[str, str],
        basis: str,
        fact: Fact | None,
        variant: str = "",
        scenario: Scenario | None = None,
    ) -> Pair:
        reader, template = portrait.reader, prompt(task[0])
        _, question = template.render(domain=self.domain, **task[1])
        verdict, reason = "vetted", "its links are settled"
        if sides[0].strip() == sides[1].strip():
            verdict, reason = "rejected", "the two sides are the same"
        elif fact is not None and fact.confidence < self.min_confidence:
            verdict = "held"
            reason = f"the confidence of the {fact.kind}, {fact.confidence:.2f}, is below {self.min_confidence:.2f}"
        return Pair.model_validate(
            {
                "id": content_id(self.run, reader.id, track, dimension, subject, variant),
                "run": self.run,
                "reader": reader.id,
                "culture": reader.culture,
                "track": track,
                "framework": framework,
                "dimension": dimension,
                "subject": subject,
                "scenario": scenario.id if scenario else None,
                "fact": [fact.kind, fact.name] if fact else None,
                "prompt": [
                    {
                        "role": "system",
                        "content": portrait.cards[fold(subject) if track == "values" else None],
                    },
                    {"role": "user", "content": question},
                ],
                "chosen": [{"role": "assistant", "content": sides[0]}],
                "rejected": [{"role": "assistant", "content": sides[1]}],
                "basis": basis,
                "prompts": {"card": prompt("card").hash, task[0]: template.hash},
                "verdict": verdict,
                "reason": reason,
                "qualified": reader.culture not in self.unqualified,
            }
        )
