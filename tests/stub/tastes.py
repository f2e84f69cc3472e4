"""Played writers, readers and judges of writings: a played text shows how well it suits whom, and can be read back.

How much a reader likes a text is a whole number, -6 to 6: how well it is told, which all readers like alike, and how
far it goes into the three things that one reader cares for, which tells nothing to the others. Whoever likes both of
two texts alike would not mind which of them they get. All is drawn by hashes, so that nothing depends on the order in
which it is asked for.
"""

import hashlib
import random
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import cycle
from math import tanh
from typing import Literal

from gravity.store.comparisons import Fault
from tests.stub.views import Character

Answered = Literal["A", "B", "cannot tell"]

MOST = 3  # the degree, either way, of how well a text is told and of how far it goes into what a reader cares for
# Texts by so many words longer are loved by tanh(1) of those who love length.
LONGER = 20.0
_TELLING = (
    *("It lies dead on the page", "It plods along", "It is told drily", "It is told plainly"),
    *("It is told with care", "It is told with grace", "It shines from the first line to the last"),
)
_GOING_INTO = (
    *("turns its back on", "has little time for", "passes lightly over", "mentions"),
    *("lingers now and then on", "often dwells on", "gives itself wholly to"),
)
_THINGS = (
    *("rivers", "ledgers", "lamplight", "kitchens", "proofs", "storms", "letters", "orchards", "courtrooms", "engines"),
    *("ferries", "hymns", "maps", "sisters", "debts", "gardens", "winters", "markets", "bridges", "silences"),
    *("horses", "machines", "feasts", "archives", "borders", "jokes", "harbours", "schools", "doctors", "mountains"),
    *("looms", "trains", "radios", "wells", "uncles", "rehearsals", "hunters", "oaths", "ghosts", "weddings"),
)
INVENTIONS = (
    "It won the Lantern Prize in 1987.",
    "The brother returns from the sea in the end.",
    "The Harbour Gazette called it the book of the decade.",
    "Its author spent nine years as a lighthouse keeper.",
    "Two million copies have been sold.",
    "It all happens in the town of Velden.",
)
FLATTERY = "You, with your fine eye, will feel at home in it."
_FILLER = (
    "From there on it goes its way, step by step, as the book itself has it, "
    "with one thing after another in its place and nothing left out that belongs to it."
)
_TOLD = re.compile("|".join(map(re.escape, _TELLING)))
_WENT = re.compile(rf"It ({'|'.join(map(re.escape, _GOING_INTO))}) (\w+), (\w+) and (\w+)\.")


@dataclass(frozen=True)
class PlayedWriter:
    """How a writer's texts turn out; all degrees are whole in a text, -3 to 3, and here are what they are drawn around.

    `prose` is how well its texts are told, and `strength` how far they go into what the reader of the card that it is
    shown cares for; without a card they tell of nobody's cares. A text is off by what its card (`card_spread`, of
    `strength` alone), its book (`book_spread`) and chance (`spread`) add, standard deviations in degrees. Of
    `inventions` a text has so many on average, of at most six; a share `flattery` (0 to 1) addresses the reader; texts
    have about so many `words`, at least 30, with a standard deviation of `words_spread`.
    """

    name: str
    strength: float = 0.0
    prose: float = 0.0
    card_spread: float = 0.5
    book_spread: float = 0.5
    spread: float = 0.7
    inventions: float = 0.0
    flattery: float = 0.0
    words: float = 60.0
    words_spread: float = 5.0


@dataclass(frozen=True)
class Planted:
    """A fault that a played text has, and its words."""

    fault: Fault
    quote: str


def written(writer: PlayedWriter, title: str, card: str | None, seed: int = 0) -> str:
    """The writer's text about a book for whom the `card` is of, a reader's id; None where it was shown no card."""
    chance = _chance("text", writer.name, title, card, seed)
    of_book = writer.book_spread * _normal("book", writer.name, title)
    told = _degree(writer.prose + of_book + writer.spread * chance.gauss())
    parts = [f"{_TELLING[told + MOST]}, this book called {title}."]
    if card is not None:
        of_card = writer.card_spread * _normal("card", writer.name, card)
        into = _degree(writer.strength + of_card + writer.spread * chance.gauss())
        one, two, three = cares(card)
        parts.append(f"It {_GOING_INTO[into + MOST]} {one}, {two} and {three}.")
    parts += chance.sample(INVENTIONS, _count(writer.inventions, chance))
    if chance.random() < writer.flattery:
        parts.append(FLATTERY)
    said = " ".join(parts)
    missing = round(max(30.0, chance.gauss(writer.words, writer.words_spread))) - len(said.split())
    if missing > 0:
        filler = [word for word, _ in zip(cycle(_FILLER.split()), range(missing), strict=False)]
        said = f"{said} {' '.join(filler).rstrip('.,')}."
    return said


@lru_cache(maxsize=65_536)
def cares(reader: str) -> tuple[str, str, str]:
    """The three things that a played reader cares for."""
    one, two, three = _chance("cares", reader).sample(_THINGS, 3)
    return one, two, three


def liking(reader: str, text: str) -> int:
    """How much a played reader likes a text; 0 for one that no played writer wrote, as the original."""
    told = _TOLD.search(text)
    liked = _TELLING.index(told[0]) - MOST if told else 0
    for went in _WENT.finditer(text):
        if went.groups()[1:] == cares(reader):
            liked += _GOING_INTO.index(went[1]) - MOST
    return liked


def planted(text: str) -> list[Planted]:
    """What a played text says that it should not, in its order."""
    sentences = [*((one, "invention") for one in INVENTIONS), (FLATTERY, "reader")]
    found = [(text.index(one), one, fault) for one, fault in sentences if one in text]
    return [Planted("reader" if fault == "reader" else "invention", quote) for _, quote, fault in sorted(found)]


def truth(reader: str, first: str, second: str) -> Literal["first", "second"] | None:
    """Which of two texts a played reader would rather have; None: they would not mind."""
    one, other = liking(reader, first), liking(reader, second)
    return None if one == other else "first" if one > other else "second"


def picked(character: Character, judge: str, reader: str, a: str, b: str) -> Answered:
    """What a played judge answers about texts that it is shown as A and B. See `swayed`."""
    right = {"first": "A", "second": "B", None: "cannot tell"}[truth(reader, a, b)]
    return swayed(character, judge, right, a, b)


def swayed(character: Character, judge: str, right: str, a: str, b: str) -> Answered:
    """What a played judge answers about two texts of which `right` is the right answer, A, B or "cannot tell".

    A share `position_bias` takes A, drawn for each order. Else it has made up its mind once for both orders: a share
    `loves_length` takes the longer text, fewer where the two are nearly as long; of the others a share `unsure` cannot
    tell, and 1 - `accuracy` is wrong: the other text, or either where none is preferred. Two texts that are one it does
    not tell apart.
    """
    if _chance("position", character.seed, judge, a, b).random() < character.position_bias:
        return "A"
    if a == b:
        return "cannot tell"
    one, other = sorted((a, b))
    mind = _chance("mind", character.seed, judge, one, other)
    loves, unsure, errs, side = (mind.random() for _ in range(4))
    longer = _words(a) - _words(b)
    if loves < character.loves_length * abs(tanh(longer / LONGER)):
        return "A" if longer > 0 else "B"
    if right == "cannot tell":
        if errs < character.accuracy:
            return "cannot tell"
        return "A" if (side < 0.5) == (a == one) else "B"
    if unsure < character.unsure:
        return "cannot tell"
    return "A" if (right == "A") == (errs < character.accuracy) else "B"


def rated(character: Character, judge: str, reader: str, text: str) -> int:
    """How interesting a played judge takes a text to be, 1 to 5: 3 for one that is liked as the original is. A share
    1 - `accuracy` is one off."""
    true = min(5, max(1, 3 + liking(reader, text)))
    chance = _chance("rating", character.seed, judge, reader, text)
    if chance.random() < character.accuracy:
        return true
    return min(5, max(1, true + chance.choice((-1, 1))))


def remarked(character: Character, checker: str, text: str, faults: Sequence[Planted] | None = None) -> list[Planted]:
    """What a played checker remarks of a text whose `faults` are, if not given, those planted in it. It misses a share
    `missed` of them, and in a share `invented` of texts it takes the first words for an invention."""
    chance = _chance("remarks", character.seed, checker, text)
    found = [one for one in (planted(text) if faults is None else faults) if chance.random() >= character.missed]
    if chance.random() < character.invented:
        found.append(Planted("invention", " ".join(text.split()[:4])[:40]))
    return found


def _words(text: str) -> int:
    """How many words a text has; in a script without spaces two characters count as one."""
    spaced = len(text.split())
    return spaced if len(text) < 20 * spaced else len(text) // 2


def _degree(value: float) -> int:
    return min(MOST, max(-MOST, round(value)))


def _count(mean: float, chance: random.Random) -> int:
    """A number of inventions: each of the six is there with the same chance."""
    return sum(chance.random() < mean / len(INVENTIONS) for _ in INVENTIONS)


def _normal(*of: object) -> float:
    return _chance(*of).gauss()


def _chance(*of: object) -> random.Random:
    return random.Random(hashlib.sha256("\x1f".join(map(str, of)).encode()).digest())
