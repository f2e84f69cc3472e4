"""What halves of reviews say of facets is written with the profile, once, and goes with it."""

from gravity.store.database import Database
from gravity.store.facets import FacetHalf, FacetReliability, Facets
from gravity.store.ledger import Ledger
from gravity.store.records import Reader
from tests.store import build

RUN, OTHER = build.run(), build.run("b" * 16)


def half(reader: str, facet: str, which: int, level: str = "high", score: float | None = 80.0) -> FacetHalf:
    return FacetHalf(run=RUN.id, reader=reader, facet=facet, half=which, level=level, score=score, confidence=0.8)


def test_halves_are_written_with_the_profile_and_once(database: Database) -> None:
    ledger, facets = Ledger(database), Facets(database)
    told = [half("ana", "trust", 1), half("ana", "trust", 0, "unknown", None), half("ana", "anger", 0)]
    score = build.fact(RUN, "ana", "trust", "facet", "high").model_copy(update={"score": 80.0})
    for _ in range(2):
        ledger.add_profile(RUN.id, "ana", [score], [], told)
    assert facets.halves(RUN.id) == [told[2], told[1], told[0]]
    assert facets.halves_of(RUN.id, "ana", "trust") == [told[1], told[0]]
    assert facets.halves(OTHER.id) == [] and ledger.facts(RUN.id, "ana") == [score]


def test_what_failed_is_taken_out_with_its_halves(database: Database) -> None:
    ledger, facets = Ledger(database), Facets(database)
    for reader, value in (("ana", "failed"), ("bob", "high")):
        told = [half(reader, "trust", 0, value, None)]
        ledger.add_profile(RUN.id, reader, [build.fact(RUN, reader, "trust", "facet", value)], [], told)
    ledger.take_out_failed(RUN.id, ["ana", "bob"], [])
    assert {one.reader for one in facets.halves(RUN.id)} == {"bob"} == ledger.profiled(RUN.id)


def test_later_figures_take_the_place_of_earlier_ones(database: Database) -> None:
    facets = Facets(database)
    given = {"of": "facet", "low": 0.1, "high": 0.5, "partial": None, "both": 1, "agreed": 1, "halves": 4, "told": 2}
    first, second = (
        [
            FacetReliability.model_validate(
                {"run": run.id, "name": name, "culture": "us", "readers": 40, "r": r, **given}
            )
        ]
        for run, name, r in ((RUN, "trust", 0.3), (RUN, "anger", 0.4))
    )
    other = [first[0].model_copy(update={"run": OTHER.id})]
    for run, rows in ((RUN, first), (OTHER, other), (RUN, second)):
        facets.keep_reliability(run.id, rows)
    assert (facets.reliability(RUN.id), facets.reliability(OTHER.id)) == (second, other)


def test_pairs_are_withdrawn_by_culture_and_facet(database: Database) -> None:
    ledger, facets = Ledger(database), Facets(database)
    pairs = [
        build.pair(RUN, reader, f"item {facet}", "personality", culture, fact=["facet", facet], takes="high")
        for culture, reader in (("us", "ana"), ("br", "bob"))
        for facet in ("trust", "anger")
    ]
    values = build.pair(RUN, "ana", "trust", fact=["stance", "trust"], takes="agree")
    ledger.add_pairs([*pairs, values])
    assert facets.withdraw(RUN.id, {"us": {"trust"}, "br": set(), "jp": {"trust"}}) == 1
    assert {pair.id for pair in ledger.pairs(RUN.id)} == {pair.id for pair in [*pairs[1:], values]}
    assert facets.withdraw(OTHER.id, {"us": {"anger"}}) == 0


def test_known_levels_are_counted_by_culture(database: Database) -> None:
    from gravity.store.corpus import Corpus

    ledger, corpus = Ledger(database), Corpus(database)
    list(corpus.take_readers("readers", [Reader(id=name, culture="us") for name in ("ana", "bob", "eva")]))
    for reader, value in (("ana", "high"), ("bob", "low"), ("eva", "unknown")):
        ledger.add_profile(RUN.id, reader, [build.fact(RUN, reader, "trust", "facet", value)])
    assert dict(Facets(database).known(RUN.id)) == {("us", "trust"): 2}
