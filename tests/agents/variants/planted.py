"""A run whose readers' stances, levels and ratings are planted: who is of which mind is known of everybody."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from gravity.agents.composer import pair_id
from gravity.agents.variants import VARIANTS, Material
from gravity.frameworks.loader import Library
from gravity.store.corpus import Corpus
from gravity.store.database import Database
from gravity.store.dataset import Export, export
from gravity.store.ledger import Ledger
from gravity.store.records import OPPOSITE, Book, Fact, Pair, Reader, Review
from tests.store import build

LIBRARY = Library()
RUN = build.run(record=build.SURE)
READERS = [f"us{n}" for n in range(10)]
SEEDS = ["hof-pdi-01", "hof-pdi-02", "wvs-soc-01", "wvs-eth-03"]
FACET = "imagination"
ITEMS = sorted(item.id for item in LIBRARY.items.values() if item.facet == FACET)[:3]
SCENES = 2  # of each seed
SCENE = "The scene of"  # how every planted scene begins
BOOKS = [
    Book(id="loved", title="Loved", author="A", description="All love it.", categories=["Books", "Mystery"]),
    Book(id="liked", title="Liked", author="B", description="Many like it.", categories=["Books", "Romance"]),
    Book(id="unread", title="Unread", author="C", description="Nobody knows it.", categories=["Books"]),
]


def agrees(reader: str) -> bool:
    """Whether a reader is of the majority's mind: the first seven of ten agree with each seed, and are high."""
    return int(reader[2:]) < 7


def side(reader: str, sides: tuple[str, str] = ("agree", "disagree")) -> str:
    """What the reader's own labels say."""
    return sides[0] if agrees(reader) else sides[1]


def of_seed(reader: str, seed: str, slot: int, takes: str, culture: str = "us") -> Pair:
    """A pair about a scene of a seed, labelled by `takes`."""
    texts = {"agree": f"{SCENE} {seed} {slot}: yes.", "disagree": f"{SCENE} {seed} {slot}: no."}
    prompt = [{"role": "system", "content": f"Card of {reader}"}, {"role": "user", "content": f"{SCENE} {seed} {slot}"}]
    return build.pair(
        RUN,
        reader,
        seed,
        culture=culture,
        id=pair_id(RUN.id, reader, "values", "d", seed, str(slot)),
        scenario=build.scenario(RUN, seed, culture, slot).id,
        fact=["stance", seed],
        takes=takes,
        prompt=prompt,
        chosen=[{"role": "assistant", "content": texts[takes]}],
        rejected=[{"role": "assistant", "content": texts[OPPOSITE[takes]]}],
        prompts={"card": "of the card", "task_values": "of the task"},
    )


def of_item(reader: str, item: str, takes: str) -> Pair:
    """A pair about a personality item."""
    texts = {"high": f"{SCENE} {item}: high.", "low": f"{SCENE} {item}: low."}
    return build.pair(
        RUN,
        reader,
        item,
        "personality",
        fact=["facet", FACET],
        takes=takes,
        chosen=[{"role": "assistant", "content": texts[takes]}],
        rejected=[{"role": "assistant", "content": texts[OPPOSITE[takes]]}],
    )


def of_books(reader: str, chosen: str, rejected: str) -> Pair:
    """A pair of books, as the interests track makes it."""
    books = {book.id: book for book in BOOKS}
    return build.pair(
        RUN,
        reader,
        chosen,
        "interests",
        id=pair_id(RUN.id, reader, "interests", "summary", chosen, rejected),
        dimension="summary",
        chosen=[{"role": "assistant", "content": books[chosen].description}],
        rejected=[{"role": "assistant", "content": books[rejected].description}],
        rests_on="own rating",
        confidence=0.9,
        ratings=[1, 1],
    )


def of_categories(reader: str, chosen: str, rejected: str) -> Pair:
    """A pair of categories, as the interests track makes it."""
    return build.pair(
        RUN,
        reader,
        chosen,
        "interests",
        id=pair_id(RUN.id, reader, "interests", "category", chosen, rejected),
        dimension="category",
        chosen=[{"role": "assistant", "content": chosen}],
        rejected=[{"role": "assistant", "content": rejected}],
        rests_on="category ratings",
        confidence=0.95,
        ratings=[3, 3],
        tested="confirmed",
    )


def values_and_personality() -> list[Pair]:
    """Every reader has a pair of each scene of each seed and of each item, with the reader's own label."""
    pairs = []
    for reader in READERS:
        pairs += [of_seed(reader, seed, slot, side(reader)) for seed in SEEDS for slot in range(SCENES)]
        pairs += [of_item(reader, item, side(reader, ("high", "low"))) for item in ITEMS]
    return pairs


def profile(reader: str) -> list[Fact]:
    """What the run knows of a reader."""
    stances = [build.fact(RUN, reader, seed, value=side(reader), confidence=0.7) for seed in SEEDS]
    return [*stances, build.fact(RUN, reader, FACET, "facet", side(reader, ("high", "low")), 0.8)]


def rated(stars: dict[str, dict[str, float]]) -> list[Review]:
    """A review for each of the stars, which are by reader and book."""
    return [
        build.review(f"{reader}-{book}", reader, book=book, rating=given)
        for reader, by_book in stars.items()
        for book, given in by_book.items()
    ]


@dataclass(frozen=True)
class Planted:
    """The store of the planted run, and a folder for what is exported."""

    database: Database
    home: Path

    @property
    def ledger(self) -> Ledger:
        """The records of the run."""
        return Ledger(self.database)

    def take_in(self, pairs: list[Pair], reviews: list[Review] | None = None) -> None:
        """Keeps readers with their profiles, books, reviews and pairs, all of which a panel has confirmed."""
        corpus, ledger = Corpus(self.database), self.ledger
        list(corpus.take_readers("readers", [Reader(id=reader, culture="us") for reader in READERS]))
        list(corpus.take_books("books", BOOKS))
        list(corpus.take_reviews("reviews", reviews or [], None))
        ledger.open_run(RUN)
        for reader in READERS:
            ledger.add_profile(RUN.id, reader, profile(reader))
        for seed in SEEDS:
            for slot in range(SCENES):
                ledger.add_scenario(build.scenario(RUN, seed, "us", slot))
        ledger.add_pairs(pairs)
        for pair in pairs:
            if pair.track != "interests":
                ledger.add_check(build.check(pair))

    def export(self, variant: str | None = None, share: float = 0.0) -> tuple[Export, dict[str, list[dict[str, Any]]]]:
        """What an export says of itself, and its rows by split."""
        folder = self.home / (variant or "plain")
        made = VARIANTS[variant](self._material()) if variant else None
        result = export(self.ledger, RUN, folder, share, True, made)
        return result, {split: pq.read_table(folder / f"{split}.parquet").to_pylist() for split in ("train", "test")}

    def card(self, variant: str) -> str:
        """The card of what was exported."""
        return (self.home / variant / "README.md").read_text(encoding="utf-8")

    def _material(self) -> Material:
        domain = LIBRARY.domain("books")
        return Material(
            database=self.database,
            run=RUN,
            domain=domain,
            seeds=LIBRARY.seeds,
            items=LIBRARY.items,
            facets=LIBRARY.facets,
            taxonomy=LIBRARY.taxonomy(domain),
            cues=LIBRARY.cues,
        )
