"""Makes a comparison of played writers by played judges and checkers, in process, and says what is true of it.

Readers and books are drawn anew for each `seed`: cards and books differ in how well a writer does with them, and each
reader is met with several books and each book with several readers. See `tests/stub/tastes.py` for the players.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from scipy.special import ndtr

from gravity.agents.writings.judge import preferred
from gravity.compare.evidence import (
    ORIGINAL,
    Cell,
    Check,
    Comparison,
    Evidence,
    PanelOnGold,
    Rating,
    WriterInfo,
    Writing,
)
from gravity.store.comparisons import Examined, Interest, Place, Preferred, Remark
from gravity.store.records import Provenance
from tests.stub.tastes import (
    INVENTIONS,
    MOST,
    Answered,
    PlayedWriter,
    rated,
    remarked,
    swayed,
    truth,
    written,
)
from tests.stub.views import Character

JUDGES, QUORUM = ("judge 0", "judge 1", "judge 2"), 2
CHECKERS = ("checker 0", "checker 1")
BY = Provenance(model="played")
_PUBLISHER = "The publisher says what this one is about and leaves the rest to those who will open it."


@dataclass(frozen=True)
class Played:
    """A writer of the line-up as it is played, and as the evidence has it."""

    info: WriterInfo
    by: PlayedWriter | None = None


@dataclass(frozen=True)
class World:
    """A line-up, its judges and checkers, and how many readers a culture, books, books a reader and gold cases a
    culture that have a right answer there are. Judges rate interest where `rates`."""

    writers: tuple[Played, ...]
    judge: Character = field(default_factory=Character)
    checker: Character = field(default_factory=Character)
    cultures: tuple[str, ...] = ("us", "br")
    readers: int = 15
    books: int = 20
    each: int = 6
    gold: int = 40
    rates: bool = False


def line_up(*writers: PlayedWriter, twins: bool = True) -> tuple[Played, ...]:
    """The original and writers with the reader's own card, of whom the first stands for prompting alone; with `twins`
    each of the others has one that is shown another reader's card."""
    made = [Played(WriterInfo(ORIGINAL, "none"))]
    for number, writer in enumerate(writers):
        twin = f"{writer.name}, other card" if twins and number else None
        made.append(Played(WriterInfo(writer.name, "own", prompt_only=number == 0, twin=twin), writer))
        if twin:
            made.append(Played(WriterInfo(twin, "other"), PlayedWriter(**{**vars(writer), "name": twin})))
    return tuple(made)


@dataclass(frozen=True)
class Drawn:
    """A world drawn with a seed."""

    world: World
    seed: int

    @cached_property
    def cells(self) -> list[Cell]:
        """Readers with books: each with as many, drawn at random."""
        random, made = np.random.default_rng((self.seed, 0)), []
        for culture in self.world.cultures:
            for number in range(self.world.readers):
                reader = f"{self.seed}-{culture}-{number}"
                for book in random.permutation(self.world.books)[: self.world.each].tolist():
                    title = f"Book {self.seed}-{book}"
                    made.append(
                        Cell(
                            f"{reader} {book}", reader, culture, title, title, _blurb(title), "en",
                            kind="Fiction" if book % 2 else "Nonfiction", gender="female" if number % 2 else "male",
                        )
                    )  # fmt: skip
        return made

    @cached_property
    def evidence(self) -> Evidence:
        """What a comparison of this world rests on."""
        texts = {cell.id: {one.info.name: self._text(one, cell) for one in self.world.writers} for cell in self.cells}
        names = [one.info.name for one in self.world.writers]
        every = [(cell, name, text) for cell in self.cells for name, text in texts[cell.id].items()]
        machine = {"by": "played"}
        return Evidence(
            source="played",
            writers=[one.info for one in self.world.writers],
            cells=self.cells,
            writings=[
                Writing(cell.id, name, text, "en", mark=None if name == ORIGINAL else machine)
                for cell, name, text in every
            ],
            comparisons=[
                self._compared(cell, one, other, texts[cell.id])
                for cell in self.cells
                for place, one in enumerate(names)
                for other in names[:place]
            ],
            ratings=[self._rated(*one) for one in every] if self.world.rates else [],
            checks=[self._checked(*one) for one in every if one[1] != ORIGINAL],
            judges=dict.fromkeys(self.world.cultures, JUDGES),
            checkers=dict.fromkeys(self.world.cultures, CHECKERS),
            panel=self._panel(),
        )

    def _text(self, writer: Played, cell: Cell) -> str:
        if writer.by is None:
            return cell.description
        card = {"own": cell.reader, "other": f"another than {cell.reader}", "none": None}[writer.info.card]
        return written(writer.by, cell.title, card, self.seed)

    def _compared(self, cell: Cell, one: str, other: str, texts: Mapping[str, str]) -> Comparison:
        choices = list(self._choices(texts[one], texts[other], truth(cell.reader, texts[one], texts[other])))
        won = preferred(choices, QUORUM)
        return Comparison(cell.id, one, other, choices, {"first": one, "second": other, None: None}[won])

    def _choices(self, first: str, second: str, right: Place | None) -> Iterator[Preferred]:
        for judge in JUDGES:
            for order, a, b in (("first", first, second), ("second", second, first)):
                told = swayed(self._judge, judge, "cannot tell" if right is None else "AB"[right != order], a, b)
                yield _choice(judge, "first" if order == "first" else "second", told)

    @cached_property
    def _judge(self) -> Character:
        return Character(**{**vars(self.world.judge), "seed": self.seed})

    def _panel(self) -> dict[str, PanelOnGold]:
        """The panel on gold cases whose texts are as long as one another."""
        made = {}
        for culture in self.world.cultures:
            told = [
                preferred(list(self._choices(f"{culture} {number} one", f"{culture} {number} two", "first")), QUORUM)
                for number in range(self.world.gold)
            ]
            made[culture] = PanelOnGold(self.world.gold, told.count("first"), told.count("second"))
        return made

    def _rated(self, cell: Cell, name: str, text: str) -> Rating:
        given = [
            Interest(judge=judge, score=rated(self._judge, judge, cell.reader, text), reason="", made_by=BY)
            for judge in JUDGES
        ]
        return Rating(cell.id, name, given)

    def _checked(self, cell: Cell, name: str, text: str) -> Check:
        checker = Character(**{**vars(self.world.checker), "seed": self.seed})
        found = [
            Examined(
                checker=one,
                remarks=[Remark(fault=fault.fault, quote=fault.quote) for fault in remarked(checker, one, text)],
                made_by=BY,
            )
            for one in CHECKERS
        ]
        return Check(cell.id, name, found)


def _choice(judge: str, order: Place, told: Answered) -> Preferred:
    other: Place = "second" if order == "first" else "first"
    prefers = {"A": order, "B": other, "cannot tell": None}[told]
    return Preferred(judge=judge, order=order, prefers=prefers, confidence=0.8, reason="", made_by=BY)


def _blurb(title: str) -> str:
    """An original of about sixty words, which differs in length from book to book."""
    number = sum(map(ord, title)) % 21
    words = f"{_PUBLISHER} {_PUBLISHER} {_PUBLISHER} {_PUBLISHER}".split()
    return f"{title}. {' '.join(words[: 48 + number])}."


def likings(writer: Played) -> dict[int, float]:
    """How likely a reader likes this writer's text so much, over all readers and books."""
    if writer.by is None:
        return {0: 1.0}
    told = _degrees(writer.by.prose, np.hypot(writer.by.book_spread, writer.by.spread))
    if writer.info.card != "own":
        return told
    into = _degrees(writer.by.strength, np.hypot(writer.by.card_spread, writer.by.spread))
    made: dict[int, float] = {}
    for one, chance in told.items():
        for two, more in into.items():
            made[one + two] = made.get(one + two, 0.0) + chance * more
    return made


def true_chances(one: Played, other: Played) -> tuple[float, float]:
    """How often readers would rather have the one writer's text, and how often the other's."""
    pairs = [(i - j, p * q) for i, p in likings(one).items() for j, q in likings(other).items()]
    return sum(p for apart, p in pairs if apart > 0), sum(p for apart, p in pairs if apart < 0)


def inventing(writer: Played, checker: Character) -> tuple[float, float]:
    """How many inventions a text of this writer has that the checkers find, and how often it has one: one checker is
    enough."""
    mean = (writer.by.inventions if writer.by else 0.0) / len(INVENTIONS)
    found = mean * (1 - checker.missed ** len(CHECKERS))
    return len(INVENTIONS) * found, 1 - (1 - found) ** len(INVENTIONS)


def expected(world: World, first: str, second: str) -> dict[str, float]:
    """What is true of two writers: the gain, what these judges make of it, and with the rule of inventions."""
    one, other = (next(each for each in world.writers if each.info.name == name) for name in (first, second))
    won, lost = true_chances(one, other)
    right, wrong, sided = answers(world.judge)
    tied = (1 - won - lost) * sided
    judged = won * right + lost * wrong + tied, lost * right + won * wrong + tied
    bars = [inventing(each, world.checker)[1] for each in (one, other)]
    return {
        "gain corrected for the judges": won - lost,
        "gain as judged": judged[0] - judged[1],
        "gain": judged[0] * (1 - bars[0]) - judged[1] * (1 - bars[1]),
        "win rate at equal length": 0.5 + (judged[0] - judged[1]) / 2,
    }


def answers(judge: Character) -> tuple[float, float, float]:
    """How often a panel of such judges is right, and wrong, where one text is preferred, and how often it takes one
    given side where readers would not mind; where length does not count.

    A judge is settled where the one order in which the first seat speaks against its mind does not sway it.
    """
    steady = 1 - judge.position_bias
    told = steady * (1 - judge.unsure)
    shares = told * judge.accuracy, told * (1 - judge.accuracy), steady * (1 - judge.accuracy) / 2
    right, wrong, sided = (3 * share**2 * (1 - share) + share**3 for share in shares)
    return right, wrong, sided


def _degrees(mean: float, spread: float) -> dict[int, float]:
    """How likely each degree of a played text is, -MOST to MOST."""
    ends = np.array([-np.inf, *(np.arange(-MOST, MOST) + 0.5), np.inf])
    chances = np.diff(ndtr((ends - mean) / spread) if spread else (ends >= mean).astype(float))
    return dict(zip(range(-MOST, MOST + 1), chances.tolist(), strict=True))
