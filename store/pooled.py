"""What the readers of a culture hold and rate, taken together, of whoever is not left out."""

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np
from sqlalchemy import func, select

from gravity.store import tables
from gravity.store.database import Database
from gravity.store.population import LIKED, Counts, Population
from gravity.store.records import OPPOSITE, Book, content_id

PAGE = 10_000

# By culture, kind of fact ("stance" or "facet") and name: how many readers are on which side.
Sides = Mapping[tuple[str, str, str], Mapping[str, int]]


def pooled_sides(database: Database, run: str, but: Collection[str]) -> Sides:
    """How many readers of each culture agree and disagree with each seed, and are high and low in each facet, as far as
    their profiles know it, carried-over stances among them; readers in `but` are not counted."""
    facts, readers, left_out = tables.facts.c, tables.readers, set(but)
    query = select(facts.reader, readers.c.culture, facts.kind, facts.name, facts.value)
    query = query.join(readers, readers.c.id == facts.reader)
    query = query.where(facts.run == run, facts.kind.in_(("stance", "facet")), facts.value.in_(OPPOSITE))
    found: dict[tuple[str, str, str], Counter[str]] = defaultdict(Counter)
    with database.begin() as connection:
        for reader, culture, kind, name, value in connection.execution_options(yield_per=PAGE).execute(query):
            if reader not in left_out:
                found[culture, kind, name][value] += 1
    return found


@dataclass(frozen=True)
class PooledRatings:
    """What the readers of one culture rated. `stars` and `ratings`, of shape (works,), have the sum and the number of
    stars that a work got, by its place in the population; `categories` the ratings that are (likes, all) of each
    category, wider ones with those below them."""

    stars: Counts
    ratings: Counts
    categories: Mapping[str, tuple[int, int]]

    def work(self, number: int) -> tuple[float, int]:
        """The mean of a work's stars, and of how many; (0, 0) where nobody rated it."""
        ratings = int(self.ratings[number])
        return (float(self.stars[number]) / ratings if ratings else 0.0), ratings

    def category(self, name: str) -> tuple[float, int]:
        """The share (0 to 1) of a category's ratings that are likes, and of how many; (0, 0) where there is none."""
        liked, rated = self.categories.get(name, (0, 0))
        return (liked / rated if rated else 0.0), rated


def pooled_ratings(population: Population, culture: str, but: Collection[str]) -> PooledRatings:
    """The ratings of the culture's readers who are not in `but`, the last of each reader and work."""
    left_out, works = set(but), len(population.book)
    people = zip(population.readers, population.cultures, strict=True)
    whose = np.asarray([home == culture and reader not in left_out for reader, home in people], dtype=bool)
    rows = np.repeat(whose, np.diff(population.start))
    work, stars = population.work[rows], population.stars[rows]
    ratings, likes = (np.bincount(work, weights, minlength=works) for weights in (None, stars >= LIKED))
    categories: dict[str, tuple[int, int]] = {}
    for number in map(int, np.flatnonzero(ratings)):
        place = population.category[number]
        for name in population.taxonomy.lineage(population.categories[place]) if place >= 0 else ():
            liked, rated = categories.get(name, (0, 0))
            categories[name] = liked + int(likes[number]), rated + int(ratings[number])
    sums = np.bincount(work, stars, minlength=works)
    return PooledRatings(sums.astype(np.float64), ratings.astype(np.float64), categories)


@dataclass(frozen=True)
class Described:
    """The books that a text describes: by `text_id` of the description, the (id, title, place in the population)."""

    books: Mapping[str, list[tuple[str, str, int]]]

    def by(self, text: str) -> list[tuple[str, str, int]]:
        """The rated books that have this description."""
        return self.books.get(text_id(text), [])


def text_id(text: str) -> str:
    """What a description is known by."""
    return content_id("description", text.strip())


def described(database: Database, population: Population) -> Described:
    """The rated books by their descriptions, of which digits are kept."""
    b, found = tables.books.c, defaultdict[str, list[tuple[str, str, int]]](list)
    query = select(b.id, b.title, b.author, b.description).where(func.length(b.description) > 0).order_by(b.id)
    with database.begin() as connection:
        for identity, title, author, text in connection.execution_options(yield_per=PAGE).execute(query):
            number = population.number(identity, Book(id=identity, title=title, author=author))
            if number is not None:
                found[text_id(text)].append((identity, title, number))
    return Described(found)
