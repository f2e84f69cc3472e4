"""What variants are made from: the run, its store, and what its pairs are about."""

from collections.abc import Mapping
from dataclasses import dataclass

from gravity.frameworks.records import Cues, Domain, Facet, Item, Seed
from gravity.frameworks.taxonomy import Taxonomy
from gravity.store.database import Database
from gravity.store.records import Pair
from gravity.store.runs import Run, Subject


@dataclass(frozen=True)
class Material:
    """A run in its database, and the material that it was made with; `seeds` has those that readers brought too."""

    database: Database
    run: Run
    domain: Domain
    seeds: Mapping[str, Seed]
    items: Mapping[str, Item]
    facets: Mapping[str, Facet]
    taxonomy: Taxonomy
    cues: Cues

    def subject(self, pair: Pair) -> Subject:
        """What kind of thing the pair is about. Raises StoreError for a track that the run does not have."""
        return self.run.settings.track(pair.track).subject
