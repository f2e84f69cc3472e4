"""Who and what the graphs work with."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gravity.agents.composer import Composer
from gravity.agents.critic import Critic
from gravity.agents.crosscheck import CrossCheck
from gravity.agents.judge import Panel
from gravity.agents.profiler import Profiler
from gravity.agents.retrieval import Retriever
from gravity.agents.writer import Writer
from gravity.frameworks.records import Culture, Seed
from gravity.store.corpus import Corpus
from gravity.store.ledger import Ledger
from gravity.store.vectors import VectorStore


@dataclass(frozen=True)
class Plan:
    """How much to make.

    `scenarios_per_seed` scenarios for each seed and culture, each revised at most `revisions` times; readers
    with at least `min_reviews` reviews; `concurrency` scenarios or readers in the works at a time. Of two scenarios
    of a culture whose cosine is `duplicate_similarity` (0 to 1) or more the later one is not used. Of each culture
    and track `sample` pairs are judged end to end.
    """

    scenarios_per_seed: int
    revisions: int
    min_reviews: int
    concurrency: int
    duplicate_similarity: float
    sample: int


@dataclass(frozen=True)
class Crew:
    """The agents and stores of one run. Critics and judges are by culture: those that count there."""

    run: str
    plan: Plan
    seeds: Mapping[str, Seed]
    cultures: Mapping[str, Culture]
    corpus: Corpus
    ledger: Ledger
    vectors: VectorStore
    retriever: Retriever
    profiler: Profiler
    cross_check: CrossCheck
    writer: Writer
    critics: Mapping[str, Sequence[Critic]]
    panels: Mapping[str, Panel]
    composer: Composer
