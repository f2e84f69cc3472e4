"""A run whose every pair is known: what its readers, seeds, items and books are, and that a panel has confirmed it."""

from typing import Any

from gravity.store.ledger import Ledger
from gravity.store.records import Pair
from tests.store.build import SURE, check, pair, run, scenario

RUN = run(record=SURE)
READERS = {culture: [f"{culture}{n}" for n in range(10)] for culture in ("us", "br")}
SEEDS = [f"seed{n}" for n in range(10)]
ITEMS = [f"item{n}" for n in range(5)]
BOOKS = ["B1", "B2"]


def planted() -> list[Pair]:
    """Each reader has a pair of each seed, item and book; those of the last seed and of one reader did not pass."""
    pairs = []
    for culture, readers in READERS.items():
        for reader in readers:
            verdict: Any = "held" if reader == "us0" else "vetted"
            for seed in SEEDS:
                links = {"scenario": scenario(RUN, seed, culture).id, "fact": ["stance", seed], "takes": "agree"}
                passed = "rejected" if seed == SEEDS[-1] else verdict
                pairs.append(pair(RUN, reader, seed, culture=culture, verdict=passed, **links))
            for item in ITEMS:
                facet = ["facet", "trust"]
                pairs.append(pair(RUN, reader, item, "personality", culture, verdict=verdict, fact=facet, takes="high"))
            pairs += [pair(RUN, reader, book, "interests", culture, verdict=verdict) for book in BOOKS]
    return pairs


def confirm(ledger: Ledger, pairs: list[Pair]) -> None:
    """A panel has confirmed every pair, so that each lot is vetted."""
    for one in pairs:
        if one.verdict == "vetted" and one.track != "interests":
            ledger.add_check(check(one))
