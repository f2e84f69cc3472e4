"""Who and what the graphs work with."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gravity.agents.composer import Composer
from gravity.agents.critic import Critic
from gravity.agents.crosscheck import CrossCheck
from gravity.agents.facets.asking import FacetAsking
from gravity.agents.gathering.gatherer import Gatherer
from gravity.agents.judge import Panel
from gravity.agents.profiler import Profiler
from gravity.agents.retrieval import Retriever
from gravity.agents.stances import Batch
from gravity.agents.views.reading import ViewReader
from gravity.agents.writer import Writer
from gravity.frameworks.records import Culture, Seed
from gravity.store.corpus import Corpus
from gravity.store.facets import Facets
from gravity.store.ledger import Ledger
from gravity.store.records import Review
from gravity.store.vectors import VectorStore
from gravity.store.views import View, Views


@dataclass(frozen=True)
class Plan:
    """How much to make.

    `scenarios_per_seed` scenarios for each seed and culture, each revised at most `revisions` times; readers
    with at least `min_reviews` reviews; `concurrency` scenarios or readers in the works at a time. Of two scenarios
    of a culture whose cosine is `duplicate_similarity` (0 to 1) or more the later one is not used. Facets whose
    measured reliability is less than `min_reliability` make no pairs. Readers bring at most `seeds_brought` seeds
    together, and each `own_seeds` more, from views that less than a share `common` of readers hold.
    """

    scenarios_per_seed: int
    revisions: int
    min_reviews: int
    concurrency: int
    duplicate_similarity: float
    min_reliability: float
    seeds_brought: int
    own_seeds: int
    common: float


@dataclass(frozen=True)
class Crew:
    """The agents and stores of one run. Critics, judges and cross-checks are by culture: those that count there.

    `view_reader` is None where no chat model takes stances, and `gatherer` also where no model writes scenarios.
    `seeds` are the shipped ones and those that readers brought so far.
    """

    run: str
    plan: Plan
    seeds: dict[str, Seed]
    cultures: Mapping[str, Culture]
    corpus: Corpus
    ledger: Ledger
    vectors: VectorStore
    retriever: Retriever
    views: Views
    facets: Facets
    view_reader: ViewReader | None
    gatherer: Gatherer | None
    profiler: Profiler
    cross_checks: Mapping[str, CrossCheck]
    facet_asking: Mapping[str, FacetAsking]
    writer: Writer
    critics: Mapping[str, Sequence[Critic]]
    panels: Mapping[str, Panel]
    composer: Composer

    def batches(self, reader: str, reviews: Sequence[Review], seeds: Sequence[Seed]) -> list[Batch]:
        """What to ask of a reader, from the views that were read, or from reviews where views are not read."""
        if self.view_reader is None:
            return self.retriever.batches_of_reviews(reviews, seeds)
        return self.retriever.batches(reviews, self.kept_views(reader), seeds)

    def kept_views(self, reader: str) -> list[View]:
        """A reader's views, without those that were dropped."""
        return [view for view in self.views.of(self.run, reader) if view.verdict == "kept"]
