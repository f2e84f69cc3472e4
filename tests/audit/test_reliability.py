"""What a run measured of its facets is told by the audit, and what makes no pairs is a finding."""

import pytest

from gravity.audit.evidence import Evidence
from gravity.audit.from_store import from_store
from gravity.frameworks.loader import Library
from gravity.store.database import Database
from gravity.store.facets import ALL, FacetReliability, Facets
from gravity.store.ledger import Ledger
from tests.audit.support import audited, named
from tests.store import build

RUN = build.run()
RUN = RUN.model_copy(update={"settings": RUN.settings.model_copy(update={"curate": {"min_reliability": 0.5}})})


def row(name: str, culture: str, r: float | None, **more: object) -> FacetReliability:
    bounds = {"low": None if r is None else r - 0.1, "high": None if r is None else r + 0.1, "partial": None}
    counts = {"readers": 50, "both": 20, "agreed": 15, "halves": 100, "told": 60}
    return FacetReliability.model_validate(
        {"run": RUN.id, "of": "facet", "name": name, "culture": culture, "r": r, **bounds, **counts, **more}
    )


@pytest.fixture
def seen(database: Database) -> Evidence:
    Ledger(database).open_run(RUN)
    Facets(database).keep_reliability(
        RUN.id,
        [
            row("trust", "us", 0.2),
            row("trust", ALL, 0.6, partial=0.3),
            row("anger", "us", None, readers=4, both=0, agreed=0),
            row("agreeableness", "us", 0.1, of="trait"),
        ],
    )
    return from_store(database, RUN, Library())


def test_the_figures_are_those_that_were_measured(seen: Evidence) -> None:
    made = audited(seen)
    own = named(made, "split-half reliability", "us", "trust (facet)")
    assert own.value == pytest.approx(0.4 / 1.2) and own.n == 50 and own.extra == {"r of the halves": 0.2}
    assert own.low is not None and own.high is not None and own.low < 0.4 / 1.2 < own.high
    whole = named(made, "split-half reliability", "", "trust (facet)")
    assert whole.value == pytest.approx(0.75)
    assert named(made, "r without genre and stars", "", "trust (facet)").value == 0.3
    agreed = named(made, "levels in which the halves agree", "us", "trust (facet)")
    assert (agreed.value, agreed.n, agreed.enough) == (0.75, 20, False)
    assert named(made, "halves that gave a level", "us", "trust (facet)").value == 0.6
    nothing = named(made, "split-half reliability", "us", "anger (facet)")
    assert (nothing.value, nothing.enough) == (None, False)


def test_a_facet_that_makes_no_pairs_is_a_finding_and_a_trait_is_none(seen: Evidence) -> None:
    told = [finding.what for finding in audited(seen).findings if "half" in finding.what]
    assert len(told) == 1
    assert "says of trust agrees too little" in told[0] and "reliability 0.33" in told[0] and "United States" in told[0]


def test_without_reliability_nothing_is_told() -> None:
    assert not [figure for figure in audited(Evidence("test")).figures if figure.section == "reliability"]
