"""The played writers, readers and judges of writings themselves, and the server that writes as they do."""

from statistics import fmean

import pytest

from gravity.address import AddressWriter
from gravity.agents.card import card
from gravity.agents.kinds.openai import OpenAISettings
from gravity.agents.prompting import prompt
from gravity.frameworks.loader import Library
from gravity.trainer.models.writer import Outcome, Request, Text
from tests.agents.writings.support import BOOKS
from tests.stub.cards import Cards
from tests.stub.described import PlayedWriters
from tests.stub.tastes import LONGER, PlayedWriter, cares, liking, picked, planted, rated, truth, written
from tests.stub.truth import Character
from tests.support import LOUD, fact
from tests.support import truth as truths

READERS, TITLES = [f"r{n}" for n in range(60)], [f"Book {n}" for n in range(8)]
CELLS = [(reader, title) for reader in READERS for title in TITLES]


def gain(writer: PlayedWriter, other: PlayedWriter, cards: bool = True) -> float:
    """The true gain of a writer with the reader's own card over another with another reader's, or none."""
    score = {"first": 1, "second": -1, None: 0}
    another = {reader: READERS[place - 1] for place, reader in enumerate(READERS)}
    return fmean(
        score[truth(reader, written(writer, title, reader), written(other, title, another[reader] if cards else None))]
        for reader, title in CELLS
    )


@pytest.mark.parametrize(("strength", "least", "most"), [(0.0, -0.08, 0.08), (0.5, 0.1, 0.5), (2.0, 0.6, 1.0)])
def test_own_over_another_readers_card_grows_with_strength(strength: float, least: float, most: float) -> None:
    writer = PlayedWriter("w", strength=strength)
    assert least <= gain(writer, writer) <= most


def test_better_prose_gains_without_a_card_and_not_between_cards() -> None:
    good, plain = PlayedWriter("good", prose=1.5), PlayedWriter("plain")
    assert gain(good, plain, cards=False) > 0.4
    assert abs(gain(good, good)) < 0.08


def test_planted_faults_and_words_are_as_many_as_the_writer_has_them() -> None:
    writer = PlayedWriter("w", inventions=0.8, flattery=0.25, words=80.0, words_spread=6.0)
    texts = [written(writer, title, reader) for reader, title in CELLS]
    faults = [[one.fault for one in planted(text)] for text in texts]
    assert fmean(found.count("invention") for found in faults) == pytest.approx(0.8, abs=0.1)
    assert fmean("reader" in found for found in faults) == pytest.approx(0.25, abs=0.06)
    assert fmean(len(text.split()) for text in texts) == pytest.approx(80, abs=2)


def test_the_same_is_written_for_the_same_and_other_text_with_another_seed() -> None:
    writer = PlayedWriter("w", strength=1.0)
    assert written(writer, "Book", "r1") == written(writer, "Book", "r1")
    assert len({written(writer, "Book", "r1", seed) for seed in range(20)}) > 3


def test_what_fits_one_reader_says_nothing_to_another() -> None:
    text = written(PlayedWriter("w", strength=3.0, card_spread=0, book_spread=0, spread=0), "Book", "r1")
    assert (liking("r1", text), liking("r2", text), cares("r1") != cares("r2")) == (3, 0, True)
    assert rated(Character(), "j", "r1", text) == 5 and rated(Character(), "j", "r2", text) == 3
    assert liking("r1", "A description that no played writer wrote.") == 0


@pytest.mark.parametrize("accuracy", [1.0, 0.8])
def test_a_played_judge_is_as_accurate_as_it_is_said_to_be_and_the_same_in_both_orders(accuracy: float) -> None:
    writer, character = PlayedWriter("w", strength=1.0), Character(accuracy=accuracy, unsure=0.1)
    right = wrong = unsure = 0
    for reader, title in CELLS:
        a, b = written(writer, title, reader), written(writer, title, READERS[READERS.index(reader) - 1])
        preferred = truth(reader, a, b)
        said = picked(character, "j", reader, a, b)
        assert picked(character, "j", reader, b, a) == {"A": "B", "B": "A"}.get(said, said)
        if preferred:
            right += said == {"first": "A", "second": "B"}[preferred]
            unsure += said == "cannot tell"
            wrong += said == {"first": "B", "second": "A"}[preferred]
    assert unsure / (right + wrong + unsure) == pytest.approx(0.1, abs=0.05)
    assert right / (right + wrong) == pytest.approx(accuracy, abs=0.06)


def test_love_of_length_grows_with_the_difference() -> None:
    def longer(words: float) -> float:
        short, long = PlayedWriter("s", words=50, words_spread=0), PlayedWriter("l", words=50 + words, words_spread=0)
        said = [
            picked(Character(loves_length=0.8, unsure=1.0), "j", r, written(short, t, None), written(long, t, None))
            for r, t in CELLS
        ]
        taken = [answer for answer in said if answer != "cannot tell"]
        return said.count("B") / len(said) - said.count("A") / len(said) if taken else 0.0

    assert longer(2 * LONGER) > longer(LONGER / 2) > 0.05
    assert abs(longer(0)) < 0.05


# The server.


def test_the_server_writes_for_whom_the_card_is() -> None:
    library = Library()
    reader, true = next(iter(truths(LOUD).items()))
    facts = [fact("demographic", name, value) for name, value in true["demographics"].items() if value]
    facts += [fact("stance", seed, value) for seed, value in true["stances"].items()]
    own = card(facts, library.seeds, library.facets, BOOKS).text
    assert Cards().reader(own) == reader
    nobody = card([], library.seeds, library.facets, BOOKS).text
    _, task = prompt("describe").render(domain=BOOKS, title="The Salt Road", description="A widow walks.")
    asked = {"role": "user", "content": task}
    requests = [Request(({"role": "system", "content": told}, asked), seed=3) for told in (own, nobody)]
    requests.append(Request((asked,), seed=3))
    heard: dict[int, Outcome] = {}
    writer = PlayedWriter("lora", strength=3.0, spread=0.0, card_spread=0.0)
    with PlayedWriters(writer, PlayedWriter("base")) as server:
        settings = OpenAISettings(kind="openai", model="lora", base_url=server.url)
        AddressWriter(settings, 200, 5).write(requests, heard.__setitem__)
    said = [heard[place] for place in range(3)]
    assert all(isinstance(one, Text) for one in said)
    texts = [one.text for one in said if isinstance(one, Text)]
    whose = zip(requests, (reader, None, None), strict=True)
    assert texts == [written(writer, "The Salt Road", card_of, request.draws) for request, card_of in whose]
    assert liking(reader, texts[0]) - liking(reader, texts[1]) == 3
