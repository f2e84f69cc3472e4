"""Composes preference pairs from what is settled. What the pairs of a track are made of, `gravity.agents.tracks`
says; here is what they have in common. No model is called."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from gravity.agents.card import FOLDS, Card, card, fold
from gravity.agents.interests import Ratings
from gravity.agents.prompting import Prompt, prompt
from gravity.agents.taste.candidates import Taste
from gravity.frameworks.records import Domain, Facet, Item, Seed
from gravity.store.records import Fact, FactKind, Outcome, Pair, Reader, RestsOn, Scenario, content_id
from gravity.store.runs import Track


def pair_id(run: str, reader: str, track: str, dimension: str, subject: str, variant: str) -> str:
    """The id of a pair: those of one reader, track, dimension and subject differ in `variant`."""
    return content_id(run, reader, track, dimension, subject, variant)


@dataclass(frozen=True)
class Portrait:
    """A reader and what their pairs are made from: the profile, the vetted scenarios of their culture and of the seeds
    that they were asked about, their ratings, and the card for each fold that it leaves out (None: for none).
    `confirmed` is how likely (0 to 1) a kind of label from ratings holds, as far as that was tested; `unreliable`
    facets make no pairs, since in their culture what readers show of them is too little to be relied on."""

    reader: Reader
    facts: Sequence[Fact]
    scenarios: Sequence[Scenario]
    ratings: Ratings
    cards: Mapping[int | None, Card]
    confirmed: Mapping[RestsOn, float]
    unreliable: Collection[str] = ()

    def by_name(self, kind: FactKind) -> dict[str, Fact]:
        """The facts of one kind by name."""
        return {fact.name: fact for fact in self.facts if fact.kind == kind}


class PairMaker(Protocol):
    """A module that makes the pairs of one track."""

    TRACK: Track

    def compose(self, composer: "Composer", portrait: Portrait) -> Iterable[Pair]:
        """The pairs of one reader, each made with `composer.pair`."""
        ...


@dataclass(frozen=True)
class Composer:
    """Makes the pairs of one reader, of each of the `tracks`. A pair whose fact, or whose label from ratings, has less
    than `min_confidence` (0 to 1) is held for a person; pairs of a culture in `unqualified` are marked so."""

    run: str
    domain: Domain
    seeds: Mapping[str, Seed]
    facets: Mapping[str, Facet]
    items: Mapping[str, Item]
    taste: Taste
    tracks: Mapping[str, PairMaker]
    min_confidence: float
    unqualified: frozenset[str] = frozenset()

    def track(self, name: str) -> Track:
        """What is known of a track. Raises KeyError where there is none of that name."""
        return self.tracks[name].TRACK

    def compose(
        self,
        reader: Reader,
        facts: Sequence[Fact],
        scenarios: Sequence[Scenario],
        ratings: Ratings,
        confirmed: Mapping[RestsOn, float],
        unreliable: Collection[str] = (),
    ) -> list[Pair]:
        """All pairs of a reader; `scenarios` are the vetted ones of the reader's culture and of the seeds that the
        reader was asked about, `confirmed` is how likely labels from ratings hold, by kind, where that was tested, and
        `unreliable` facets make none."""
        cards = {out: card(facts, self.seeds, self.facets, self.domain, out) for out in (None, *range(FOLDS))}
        portrait = Portrait(reader, facts, scenarios, ratings, cards, confirmed, unreliable)
        return [pair for maker in self.tracks.values() for pair in maker.compose(self, portrait)]

    def pair(
        self,
        portrait: Portrait,
        track: Track,
        *,
        framework: str,
        dimension: str,
        subject: str,
        task: Prompt,
        variables: Mapping[str, str],
        sides: tuple[str, str],
        basis: str,
        fact: Fact | None = None,
        takes: str | None = None,
        variant: str = "",
        scenario: Scenario | None = None,
        told: Sequence[Fact] | None = None,
        rests_on: RestsOn | None = None,
        confidence: float | None = None,
        ratings: Sequence[int] = (),
        tested: Outcome | None = None,
    ) -> Pair:
        """A pair of a track, with the reader's card and its verdict.

        `task` is the template of the question, which `variables` and the domain fill; `sides` are the chosen and the
        rejected answer. `fact`, `scenario`, `basis` and `takes` say what the label rests on and what it says (see
        Pair); where ratings made it, `rests_on`, `confidence`, `ratings` and `tested` do. Pairs of one reader, track,
        dimension and subject differ in `variant`. The card is of the facts `told`, where not all may be.
        """
        reader = portrait.reader
        profile = portrait.cards[fold(subject) if track.subject == "seed" else None]
        if told is not None and len(told) < len(portrait.facts):
            profile = card(told, self.seeds, self.facets, self.domain)
        _, question = task.render(domain=self.domain, **variables)
        verdict, reason = "vetted", "its links are settled"
        if sides[0].strip() == sides[1].strip():
            verdict, reason = "rejected", "the two sides are the same"
        elif fact is not None and fact.confidence < self.min_confidence:
            verdict = "held"
            reason = f"the confidence of the {fact.kind}, {fact.confidence:.2f}, is below {self.min_confidence:.2f}"
        elif confidence is not None and confidence < self.min_confidence:
            verdict = "held"
            reason = f"labels from {rests_on} hold with {confidence:.2f}, which is below {self.min_confidence:.2f}"
        return Pair.model_validate(
            {
                "id": pair_id(self.run, reader.id, track.name, dimension, subject, variant),
                "run": self.run,
                "reader": reader.id,
                "culture": reader.culture,
                "track": track.name,
                "framework": framework,
                "dimension": dimension,
                "subject": subject,
                "takes": takes,
                "scenario": scenario.id if scenario else None,
                "fact": [fact.kind, fact.name] if fact else None,
                "profile": profile.lines,
                "prompt": [
                    {"role": "system", "content": profile.text},
                    {"role": "user", "content": question},
                ],
                "chosen": [{"role": "assistant", "content": sides[0]}],
                "rejected": [{"role": "assistant", "content": sides[1]}],
                "basis": basis,
                "prompts": {"card": prompt("card").hash, task.name: task.hash},
                "verdict": verdict,
                "reason": reason,
                "qualified": reader.culture not in self.unqualified,
                "rests_on": rests_on,
                "confidence": confidence,
                "ratings": list(ratings),
                "tested": tested,
            }
        )
