"""What tests of writings share: planted readers, and asking judges about played texts."""

from gravity.agents.writings.judge import WritingJudge
from gravity.frameworks.loader import Library
from gravity.store import importers
from gravity.store.comparisons import Preferred
from gravity.store.records import Review
from tests.stub.tastes import PlayedWriter, written
from tests.support import LOUD

BOOKS = Library().domain("books")
TITLE = "The Salt Road"
FITTING = PlayedWriter("fitting", strength=3.0, card_spread=0.0, book_spread=0.0, spread=0.0)


def planted_reviews(readers: int, each: int = 3) -> dict[str, list[Review]]:
    """The first reviews of as many planted readers."""
    found: dict[str, list[Review]] = {}
    for review in importers.reviews(LOUD.reviews, "amazon-2023"):
        assert isinstance(review, Review)
        if len(of := found.setdefault(review.reader, [])) < each:
            of.append(review)
    return dict(list(found.items())[:readers])


async def own_against_other(judge: WritingJudge, readers: int = 12) -> dict[str, list[Preferred]]:
    """What a judge says, by reader, of a text written with the reader's own card, which is shown first, and one written
    with another reader's."""
    by_reader = planted_reviews(readers)
    names = list(by_reader)
    asked = {}
    for reader, other in zip(names, [*names[1:], names[0]], strict=True):
        texts = written(FITTING, TITLE, reader), written(FITTING, TITLE, other)
        asked[reader] = await judge.choices(by_reader[reader], TITLE, texts)
    return asked
