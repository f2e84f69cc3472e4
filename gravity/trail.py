"""The whole trail of one pair: all that it rests on, and what was said of it."""

from dataclasses import dataclass
from typing import Any

from gravity.errors import ConfigError
from gravity.store.facets import FacetHalf
from gravity.store.records import Check, Decision, Fact, Pair, Reader, Review, Row, Scenario
from gravity.store.views import ReaderSeed, View
from gravity.stores import Stores


@dataclass(frozen=True)
class Trail:
    """A pair with its reader, the fact, what each half of the reviews says of it where it is about a facet, the reviews
    and the views in them that its label rests on, the seed that it is about where readers brought that, its scenario
    with every vote and finding, the panel's check and a person's decision; None where there is none."""

    pair: Pair
    reader: Reader | None
    fact: Fact | None
    halves: list[FacetHalf]
    evidence: list[Review]
    views: list[View]
    seed: ReaderSeed | None
    scenario: Scenario | None
    check: Check | None
    decision: Decision | None

    def as_json(self) -> dict[str, Any]:
        """The trail as plain values."""

        def plain(value: Row | list[Row] | None) -> Any:
            return [row.model_dump() for row in value] if isinstance(value, list) else value and value.model_dump()

        return {name: plain(value) for name, value in vars(self).items()}


def trail(stores: Stores, identity: str) -> Trail:
    """The trail of the pair whose id begins with `identity`. Raises ConfigError where no single one does."""
    pair = stores.ledger.pair(identity)
    if pair is None:
        raise ConfigError(f"no single pair begins with '{identity}'")
    facts = stores.ledger.facts(pair.run, pair.reader)
    fact = next((f for f in facts if pair.fact == [f.kind, f.name]), None)
    return Trail(
        pair=pair,
        reader=stores.corpus.reader(pair.reader),
        fact=fact,
        halves=stores.facets.halves_of(pair.run, pair.reader, fact.name) if fact and fact.kind == "facet" else [],
        evidence=stores.corpus.reviews(fact.evidence) if fact else [],
        views=stores.views.named(fact.views) if fact else [],
        seed=stores.views.seed(pair.run, pair.subject),
        scenario=stores.ledger.scenario(pair.scenario) if pair.scenario else None,
        check=stores.ledger.check(pair.id),
        decision=stores.ledger.decision(pair.id),
    )
