"""Between profiles and pairs: how far facets can be relied on is measured, and those of which it is too little make no
pairs. No model is asked."""

from collections.abc import Collection

from gravity.agents.facets.covariates import Covariates
from gravity.agents.facets.reliability import reliability
from gravity.graphs.crew import Crew
from gravity.store.facets import below


def measure_facets(crew: Crew) -> None:
    """Measures the reliability of facets and traits over all profiles of the run, and keeps it."""
    profiled = crew.ledger.profiled(crew.run)
    cultures = {reader.id: reader.culture or "" for reader in crew.corpus.readers() if reader.id in profiled}
    covariates = Covariates(crew.composer.taste.taxonomy)
    for reader in sorted(cultures):
        known = crew.retriever.ratings(reader).known
        covariates.add(reader, known, crew.retriever.books(known))
    halves = crew.facets.halves(crew.run)
    facets = crew.composer.facets
    crew.facets.keep_reliability(crew.run, reliability(crew.run, halves, facets, cultures, covariates.by_reader()))


def unreliable(crew: Crew, cultures: Collection[str]) -> dict[str, Collection[str]]:
    """By culture the facets that make no pairs, by what was measured last; pairs that were made of them before it was
    are taken out."""
    rows = crew.facets.reliability(crew.run)
    found = {culture: names.keys() for culture, names in below(rows, crew.plan.min_reliability, cultures).items()}
    crew.facets.withdraw(crew.run, found)
    return {**found}
