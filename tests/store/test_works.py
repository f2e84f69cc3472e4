"""Editions and reprints of one text are one work; volumes and other books are not."""

import pytest

from gravity.store.records import Book, Review
from gravity.store.works import edition, title_of, works
from tests.support import review

LONG = "A long night at sea, told by a woman who has kept the light for forty years and would again."


def book(identity: str, title: str, author: str | None = "Ann Bee") -> Book:
    return Book(id=identity, title=title, author=author)


def found(*books: Book, reviews: list[Review] | None = None) -> list[set[str]]:
    """The works among the books, each as the ids of its editions."""
    given = reviews or [review(f"r{n}", text=f"About {n}.", book=one.id, time=n) for n, one in enumerate(books)]
    return [set(work.books) for work in works(given, {one.id: one for one in books})]


@pytest.mark.parametrize(
    "titles",
    [
        ("The Salt Road", "The Salt Road"),
        ("The Salt Road", "the salt road!"),
        ("The Salt Road: A Novel", "The Salt Road"),
        ("The Salt Road", "The Salt Road (Kindle Edition)"),
        ("The Salt Road", "The Salt Road [Unabridged]"),
        ("The Salt Road", "The Salt Road, Revised and Updated Edition"),
        ("The Salt Road: 25th Anniversary Edition", "Salt Road"),
        ("The Salt Road: From Ghent to Aleppo", "The Salt Road"),
        ("Embers (The Ash Cycle, Book 2)", "Embers (The Ash Cycle Book Two)".replace("Two", "2")),
        ("夜の川", "夜の川（文庫）"),
    ],
)
def test_editions_are_one_work(titles: tuple[str, str]) -> None:
    assert found(*(book(f"b{n}", title) for n, title in enumerate(titles))) == [{"b0", "b1"}]
    assert [len(one) for one in found(*(book(f"b{n}", t, f"Author {n}") for n, t in enumerate(titles)))] == [1, 1]


@pytest.mark.parametrize(
    "titles",
    [
        ("Embers, Book 1", "Embers, Book 2"),
        ("Embers (The Ash Cycle #1)", "Embers (The Ash Cycle #2)"),
        ("Embers Vol. 1", "Embers"),
        ("夜の川 第1巻", "夜の川 第2巻"),
        ("Star Roads: The Heir", "Star Roads: The Dark Fleet"),
        ("No Country", "No City"),
        ("The Book Thief", "The Book Lover"),
    ],
)
def test_volumes_and_other_books_are_works_of_their_own(titles: tuple[str, str]) -> None:
    assert found(*(book(f"b{n}", title) for n, title in enumerate(titles))) == [{"b0"}, {"b1"}]


def test_where_subtitles_differ_a_bare_title_is_neither() -> None:
    titles = ("Star Roads: The Heir", "Star Roads", "Star Roads: The Dark Fleet", "Star Roads: The Heir (Paperback)")
    assert found(*(book(f"b{n}", title) for n, title in enumerate(titles))) == [{"b0", "b3"}, {"b1"}, {"b2"}]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("J. K. Rowling", "J.K. Rowling"),
        ("Rowling, J. K.", "J.K. Rowling"),
        ("Ann Bee", "Ann Bee, Carl Dee (Illustrator)"),
        ("Ann Bee & Carl Dee", "ANN BEE"),
    ],
)
def test_the_first_author_counts(one: str, other: str) -> None:
    assert title_of(book("a", "Sea", one)).author == title_of(book("b", "Sea", other)).author != ""


def test_without_an_author_a_title_makes_no_work() -> None:
    assert found(book("a", "Sea", None), book("b", "Sea", None)) == [{"a"}, {"b"}]
    assert edition(book("a", "Sea", None)) == "a"
    assert edition(book("a", "Sea")) == edition(book("b", "SEA (Kindle Edition)")) != edition(book("c", "Sea, Book 2"))


def test_what_a_reader_wrote_the_same_text_about_is_one_work() -> None:
    """Whatever it is called, and whether or not it is known; but short words are written about anything."""
    texts = [LONG, f"{LONG.upper()}!!", "Great book!", "Great book!"]
    reviews = [review(f"r{n}", text=text, book=f"b{n}", time=n) for n, text in enumerate(texts)]
    assert found(reviews=reviews) == [{"b0", "b1"}, {"b2"}, {"b3"}]


def test_a_work_is_told_of_in_its_first_review_with_the_last_rating() -> None:
    reviews = [
        review("late", 2, "b", "Not so good the second time.", time=30),
        review("early", 5, "a", "Wonderful.", time=10),
        review("other", 4, "c", "Fine.", time=20),
    ]
    first, second = works(reviews, {one: book(one, "Sea") for one in "ab"})
    assert (first.review.id, first.review.rating, first.review.text) == ("early", 2, "Wonderful.")
    assert first.books == ("a", "b") and second.books == ("c",)
