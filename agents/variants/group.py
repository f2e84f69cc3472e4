"""The group variant: the plain pairs, labelled by what most readers of the culture hold. What the plain export gains
over it is what the person adds, since readers, cards, questions and answers are the same."""

from collections.abc import Collection, Iterable
from functools import cached_property, partial
from typing import NamedTuple

from gravity.agents.composer import pair_id
from gravity.agents.variants.material import Material
from gravity.store.dataset import Remake, Variant
from gravity.store.dataset.rows import CATEGORY
from gravity.store.pooled import Described, PooledRatings, described, pooled_ratings, pooled_sides
from gravity.store.population import Population, population
from gravity.store.records import OPPOSITE, Pair

DEFINITION = (
    "Prompts and texts are those of the plain pairs; which of the two is chosen follows the readers of the culture "
    "taken together, and not the reader whose card is in the prompt. About a seed or a facet it is the side that most "
    "of the culture's readers in the run are on, of those of whom it is known, carried-over stances among them; of two "
    "books the one whose mean rating by readers of the culture is higher; of two categories the one of whose ratings "
    "by readers of the culture a higher share is of 4 stars or more. Readers of the test split are not counted, so "
    "that no training label follows from them. Where that makes no difference between the two, or nobody is known to "
    "be on either side, the pair is left out. `takes` and `basis` tell the pooled label with the number of readers or "
    "ratings, `confidence` is the share of readers on its side (none for ratings), `ratings` has the ratings of the "
    "chosen and of the rejected side, and `evidence`, `quotes`, `checks`, `decision`, `lot`, `rests_on` and `tested` "
    "are empty. It isolates what the person adds."
)
TIED = "its culture has no majority: as much speaks for either side"
NOBODY = "no reader of its culture, of those counted, is known to be on either side"
UNRATED = "not both of its sides are rated by readers of its culture, of those counted"
UNNAMED = "its label rests on nothing that a culture's readers have in common"


def variant(material: Material) -> Variant:
    """The group variant of a run."""
    return Variant("group", DEFINITION, own_labels=False, begin=partial(_begin, material))


def _begin(material: Material, passed: Iterable[Pair], held_out: Collection[str]) -> Remake:
    return Group(material, held_out).remade


class Rated(NamedTuple):
    """One side of a pair as a culture's readers rate it: its name, a `figure` that is more for what is liked better,
    the same in words, and the ratings that it rests on."""

    name: str
    figure: float
    said: str
    ratings: int


class Group:
    """Gives pairs the labels of their cultures; readers in `held_out` count for none."""

    def __init__(self, material: Material, held_out: Collection[str]) -> None:
        self._material, self._held_out = material, held_out
        self._sides = pooled_sides(material.database, material.run.id, held_out)
        self._rated: dict[str, PooledRatings] = {}

    def remade(self, pair: Pair) -> Pair | str:
        """The pair with its culture's label, or why there is none."""
        if pair.takes is not None and pair.fact is not None:
            return self._of_readers(pair, pair.takes, *pair.fact)
        if self._material.subject(pair) == "book":
            sides = self._categories(pair) if pair.dimension == CATEGORY else self._books(pair)
            return _of_ratings(pair, sides) if sides else UNRATED
        return UNNAMED

    def _of_readers(self, pair: Pair, takes: str, kind: str, name: str) -> Pair | str:
        counts = self._sides.get((pair.culture, kind, name), {})
        own, other = counts.get(takes, 0), counts.get(OPPOSITE[takes], 0)
        if own == other:
            return TIED if own else NOBODY
        labelled = pair if own > other else pair.flipped()
        seed = self._material.seeds.get(name) if kind == "stance" else None
        what = f"{labelled.takes} with: {seed.statement}" if seed else f"{labelled.takes}: {name}"
        most, known = max(own, other), own + other
        return labelled.model_copy(
            update={
                "fact": None,
                "confidence": most / known,
                "basis": f"{most} of {known} readers of {pair.culture} of whom it is known: {what}",
            }
        )

    def _books(self, pair: Pair) -> tuple[Rated, Rated] | None:
        """The chosen and the rejected book as the culture's readers rate them; None where not both are rated."""
        for one, other in ((pair.chosen, pair.rejected), (pair.rejected, pair.chosen)):
            liked = [book for book in self._described.by(one[0]["content"]) if book[0] == pair.subject]
            against = [
                book
                for book in self._described.by(other[0]["content"])
                if pair_id(pair.run, pair.reader, pair.track, pair.dimension, pair.subject, book[0]) == pair.id
            ]
            if liked and against:
                better, worse = (self._book(pair.culture, *books[0]) for books in (liked, against))
                chosen, rejected = (better, worse) if one is pair.chosen else (worse, better)
                return (chosen, rejected) if better.ratings and worse.ratings else None
        return None

    def _book(self, culture: str, identity: str, title: str, number: int) -> Rated:
        mean, ratings = self._ratings(culture).work(number)
        return Rated(f"'{title}'", mean, f"is rated {mean:.2f}", ratings)

    def _categories(self, pair: Pair) -> tuple[Rated, Rated] | None:
        chosen, rejected = (self._category(pair.culture, side[0]["content"]) for side in (pair.chosen, pair.rejected))
        return (chosen, rejected) if chosen.ratings and rejected.ratings else None

    def _category(self, culture: str, name: str) -> Rated:
        share, ratings = self._ratings(culture).category(name)
        return Rated(name, share, f"is liked in {share:.0%} of its ratings", ratings)

    def _ratings(self, culture: str) -> PooledRatings:
        if culture not in self._rated:
            self._rated[culture] = pooled_ratings(self._population, culture, self._held_out)
        return self._rated[culture]

    @cached_property
    def _population(self) -> Population:
        return population(self._material.database, self._material.taxonomy, self._material.cues)

    @cached_property
    def _described(self) -> Described:
        return described(self._material.database, self._population)


def _of_ratings(pair: Pair, sides: tuple[Rated, Rated]) -> Pair | str:
    chosen, rejected = sides
    if chosen.figure == rejected.figure:
        return TIED
    if chosen.figure < rejected.figure:
        pair, chosen, rejected = pair.flipped(), rejected, chosen
    told = (f"{side.name} {side.said}, {side.ratings} by readers of {pair.culture}" for side in (chosen, rejected))
    return pair.model_copy(
        update={
            "fact": None,
            "confidence": None,
            "basis": "; ".join(told),
            "rests_on": None,
            "ratings": [chosen.ratings, rejected.ratings],
            "tested": None,
        }
    )
