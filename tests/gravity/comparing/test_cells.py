"""For whom and of what is written: nobody and nothing that an adapter, or the reader's profile, has met."""

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from gravity.comparing.cells import Cells, Chooser, Wanted
from gravity.comparing.unmet import Unmet
from gravity.errors import ConfigError
from gravity.project import Project
from gravity.trainer.training.met import Met, digits_of
from tests.gravity.comparing.conftest import Scene

NOBODY = Unmet({}, (), frozenset())


@pytest.fixture
def made(scene: Scene) -> Project:
    return scene.project()


def chosen(made: Project, unmet: Unmet = NOBODY, **wanted: object) -> Cells:
    taxonomy = made.library.taxonomy(made.library.domain("books"))
    chooser = Chooser(made.stores, made.run().record, taxonomy, unmet)
    return chooser.cells(Wanted(**wanted))  # type: ignore[arg-type]


def met(readers: list[str], texts: list[str], name: str = "dpo") -> Unmet:
    known = frozenset(digits_of("reader", reader) for reader in readers)
    return Unmet({name: Met(known, frozenset(digits_of("answer", text.strip()) for text in texts))}, (), frozenset())


def test_judges_read_reviews_that_the_profile_never_saw(made: Project) -> None:
    run = made.run().record.id
    places = chosen(made).places
    assert len(places) == 32
    for place in places:
        seen = {review for fact in made.stores.ledger.facts(run, place.cell.reader) for review in fact.evidence}
        read = {review.id for review in place.reviews}
        assert read and not read & seen
        assert [text.partition("\n")[2] for text in place.cell.reviews] == [review.text for review in place.reviews]


def test_a_reader_has_reviewed_none_of_their_books(made: Project) -> None:
    for place in chosen(made, books=5).places:
        assert place.cell.book not in {review.book for review in made.stores.corpus.reviews_of(place.cell.reader)}
        assert place.cell.description


def test_the_seed_deals_readers_and_books(made: Project) -> None:
    def dealt(**wanted: Any) -> list[tuple[str, str]]:
        return [(place.cell.reader, place.cell.book) for place in chosen(made, readers=2, **wanted).places]

    assert dealt() == dealt()
    assert len(dealt()) == 16
    assert dealt() != dealt(seed=1)


def test_books_of_all_kinds_take_part(made: Project) -> None:
    kinds = Counter(place.cell.kind for place in chosen(made, books=5).places)
    assert kinds["Fiction"] > kinds["Nonfiction"] > 0
    assert all(place.cell.family for place in chosen(made).places)


def test_two_kinds_take_turns_for_readers_of_both(made: Project) -> None:
    found = chosen(made, books=4, kinds=("Fiction", "Nonfiction"))
    kinds = Counter((place.cell.reader, place.cell.kind) for place in found.places)
    assert set(kinds.values()) == {2}
    assert all(place.cell.entropy > 0 for place in found.places)
    few = chosen(made, kinds=("Fiction", "Comics and Graphic Novels"))
    left_out = few.left_out["readers who have not reviewed both Fiction and Comics and Graphic Novels"]
    assert left_out and left_out + len({place.cell.reader for place in few.places}) == 16


def test_another_readers_card_is_of_the_same_culture(made: Project) -> None:
    places = chosen(made).places
    others = {place.cell.reader: place.other for place in places}
    assert all(other and other != reader for reader, other in others.items())
    assert all(reader.split("-")[1] == str(other).split("-")[1] for reader, other in others.items())
    # Each reader's card is another's once, so that no card of the control is told more often.
    assert sorted(map(str, others.values())) == sorted(others)


def test_a_reader_alone_still_gets_anothers_card(made: Project) -> None:
    (one,) = {place.other for place in chosen(made, reader_ids=["planted-br-1"], books=1).places}
    assert one and one != "planted-br-1" and one.startswith("planted-br-")


def test_what_an_adapter_met_takes_no_part(made: Project) -> None:
    books = made.stores.corpus.books(made.stores.corpus.described())
    half = [book.description for book in list(books.values())[::2]]
    found = chosen(made, met(["planted-br-1", "planted-us-2"], half), readers=10, books=3)
    assert not {"planted-br-1", "planted-us-2"} & {place.cell.reader for place in found.places}
    assert not {place.cell.description for place in found.places} & set(half)
    assert found.left_out["readers that the adapter of 'dpo' was trained on"] == 2
    assert found.left_out["books that an adapter was trained on"] == len(half)


def test_an_adapter_that_does_not_tell_leaves_the_test_split(made: Project) -> None:
    unmet = Unmet({}, ("old",), frozenset({"planted-jp-1"}))
    assert {place.cell.reader for place in chosen(made, unmet).places} == {"planted-jp-1"}


REFUSED = {
    "a train reader": ({"reader_ids": ["planted-br-1"]}, "reader 'planted-br-1' cannot be compared for: that the"),
    "nobody": ({"reader_ids": ["x"]}, "reader 'x' has no profile in run"),
    "no book": ({"book_ids": ["x"]}, "there is no book 'x' in the store"),
    "no description": ({"book_ids": ["bare"]}, "book 'bare' has no description that could be written anew"),
    "a met book": ({"book_ids": ["PBUS0001"]}, "book 'PBUS0001' was met in training by an adapter"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_was_asked_for_and_cannot_be_taken_is_refused_in_a_line(made: Project, name: str) -> None:
    from gravity.store.records import Book

    list(made.stores.corpus.take_books("more", [Book(id="bare", title="Bare")]))
    book = made.stores.corpus.books(["PBUS0001"])["PBUS0001"]
    wanted, said = REFUSED[name]
    with pytest.raises(ConfigError) as refused:
        chosen(made, met(["planted-br-1"], [book.description]), **wanted)
    assert said in str(refused.value) and "\n" not in str(refused.value)


def test_readers_without_held_back_reviews_are_refused(scene: Scene, tmp_path: Path) -> None:
    made = scene.project()
    run = made.run().record
    run = run.model_copy(update={"settings": run.settings.model_copy(update={"curate": {"held_back": 0.0}})})
    chooser = Chooser(made.stores, run, made.library.taxonomy(made.library.domain("books")), NOBODY)
    with pytest.raises(ConfigError, match=r"without a review that was held back from the profile: 16"):
        chooser.cells(Wanted())
    with pytest.raises(ConfigError, match="'planted-br-1' cannot be compared for: without a review"):
        chooser.cells(Wanted(reader_ids=("planted-br-1",)))
