"""Importers keep every good row of a bad file, and list every bad one with its line and its reason."""

import gzip
import json
import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gravity.store import importers
from gravity.store.errors import InputError, LayoutError
from gravity.store.importers.fields import clean
from gravity.store.importers.rows import MAX_LINE
from gravity.store.records import Book, Reader, Refusal, Review

LAYOUTS = {
    "amazon-2023": {"user_id": "ana", "parent_asin": "B1", "rating": 4.0, "title": "Good", "text": "I liked it."},
    "amazon-2014": {"reviewerID": "ana", "asin": "B1", "overall": 4.0, "summary": "Good", "reviewText": "I liked it."},
}
FIELDS = {
    layout: dict(zip(("reader", "book", "rating", "title", "text"), row, strict=True))
    for layout, row in LAYOUTS.items()
}
CULTURES = ("us", "br")


def line(layout: str, **fields: Any) -> bytes:
    """A row of `layout`, with `fields` by their common names over the good ones."""
    named = {FIELDS[layout].get(name, name): value for name, value in fields.items()}
    row = {name: value for name, value in (LAYOUTS[layout] | named).items() if value is not ...}
    return json.dumps(row).encode()


def write(path: Path, *lines: bytes, pack: bool = False) -> Path:
    content = b"\n".join(lines)
    path.write_bytes(gzip.compress(content) if pack else content)
    return path


def bad_lines(layout: str) -> list[tuple[bytes, str]]:
    """Lines that cannot be taken in, each with the reason that is to be given."""
    fields = FIELDS[layout]
    return [
        (line(layout)[:-5], "broken JSON"),
        (b"not JSON at all", "broken JSON"),
        (b'{"a":' * 100_000, "broken JSON"),
        (line(layout, rating=0).replace(b"0", b"1" * 5_000), "broken JSON"),
        (b"[" + line(layout) + b"]", "not a JSON object"),
        (b"null", "not a JSON object"),
        (line(layout, reader=...), "missing field"),
        (line(layout, reader=""), "missing field"),
        (line(layout, book=...), "missing field"),
        (line(layout, text=...), "missing field"),
        (line(layout, text=None), "missing field"),
        (line(layout, rating=...), "missing field"),
        (line(layout, text=["I liked it."]), "wrong type"),
        (line(layout, rating="4"), "wrong type"),
        (line(layout, rating=True), "wrong type"),
        (line(layout, rating=float("nan")), "wrong type"),
        (line(layout, rating=float("inf")), "wrong type"),
        (line(layout, rating=0), "rating out of range"),
        (line(layout, rating=5.5), "rating out of range"),
        (line(layout, rating=10**400), "rating out of range"),
        (line(layout, reader=7), "not an id"),
        (line(layout, reader="a b"), "not an id"),
        (line(layout, reader="a\ud800"), "not an id"),
        (line(layout, reader="a\u202eb"), "not an id"),
        (line(layout, book="x" * 129), "not an id"),
        (line(layout, text=""), "empty review"),
        (line(layout, text=" \n\t "), "empty review"),
        (line(layout, text="\x00\x07"), "empty review"),
        (line(layout, text="<br/>&nbsp;"), "empty review"),
        (line(layout, text="word " * 200_000), "review too long"),
        (line(layout, text="caf?").replace(b"?", b"\xe9"), "not UTF-8"),
        (line(layout, text="x" * MAX_LINE), "line too long"),
        (line(layout, text="x" * 2 * MAX_LINE), "line too long"),
        (json.dumps({fields["text"]: "Only a text."}).encode(), "missing field"),
    ]


@pytest.mark.parametrize("pack", [False, True], ids=["plain", "gzip"])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_bad_rows_are_listed_and_good_rows_between_them_kept(tmp_path: Path, layout: str, pack: bool) -> None:
    bad = bad_lines(layout)
    lines = [part for number, (row, _) in enumerate(bad) for part in (line(layout, reader=f"r{number}"), row)]
    path = write(tmp_path / "reviews.jsonl", *lines, line(layout, reader="last"), pack=pack)
    rows = list(importers.reviews(path, layout))
    refused = [row for row in rows if isinstance(row, Refusal)]
    kept = [row for row in rows if isinstance(row, Review)]
    assert [(row.source, row.line, row.reason) for row in refused] == [
        ("reviews.jsonl", 2 * number + 2, reason) for number, (_, reason) in enumerate(bad)
    ]
    assert [(row.reader, row.source) for row in kept] == [
        *((f"r{number}", f"reviews.jsonl:{2 * number + 1}") for number in range(len(bad))),
        ("last", f"reviews.jsonl:{len(lines) + 1}"),
    ]
    assert all(len(row.detail) <= 200 for row in refused)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_good_row_is_read_whole(tmp_path: Path, layout: str) -> None:
    time = {"amazon-2023": {"timestamp": 1_565_777_467_037}, "amazon-2014": {"unixReviewTime": 1_565_777_467}}[layout]
    path = write(tmp_path / "f", line(layout, **time), line(layout, title=None, text="Another."))
    first, second = importers.reviews(path, layout)
    assert isinstance(first, Review)
    assert isinstance(second, Review)
    assert (first.reader, first.book, first.rating, first.title, first.text) == (
        "ana",
        "B1",
        4.0,
        "Good",
        "I liked it.",
    )
    assert (first.time, first.source) == (1_565_777_467, "f:1")
    assert (second.title, second.time) == ("", None)
    assert first.id != second.id


@pytest.mark.parametrize("time", ["yesterday", True, float("nan"), -5, 10**30, 2**31 * 1_000])
def test_time_that_is_none_leaves_the_row(tmp_path: Path, time: Any) -> None:
    (row,) = importers.reviews(write(tmp_path / "f", line("amazon-2023", timestamp=time)), "amazon-2023")
    assert isinstance(row, Review)
    assert row.time is None


def test_same_review_has_the_same_id_in_both_layouts_and_any_file(tmp_path: Path) -> None:
    ids = set()
    for layout in LAYOUTS:
        for pack in (False, True):
            path = write(tmp_path / f"{layout}{pack}", b"", line(layout), pack=pack)
            ids |= {row.id for row in importers.reviews(path, layout) if isinstance(row, Review)}
    assert len(ids) == 1


def test_control_characters_go_and_the_row_stays(tmp_path: Path) -> None:
    text = "\ufeffOne\x00 two\x1b[31m<br />three\u202e &amp; &lt;four&gt;\ud800\x85\t!"
    path = write(tmp_path / "f", line("amazon-2023", text=text, title="A\x07b"))
    (row,) = importers.reviews(path, "amazon-2023")
    assert isinstance(row, Review)
    assert (row.title, row.text) == ("Ab", "One two[31m\nthree & <four>\t!")


def test_blank_lines_and_a_byte_order_mark_are_passed_over(tmp_path: Path) -> None:
    good = line("amazon-2023")
    path = write(tmp_path / "f", b"\xef\xbb\xbf" + good, b"", b"  \r", good + b"\r", b"\t", b"")
    rows = list(importers.reviews(path, "amazon-2023"))
    assert [row.source for row in rows] == ["f:1", "f:4"]


def test_empty_file_has_no_rows(tmp_path: Path) -> None:
    for pack in (False, True):
        assert list(importers.reviews(write(tmp_path / "f", pack=pack), "amazon-2023")) == []


def damaged(kind: str, path: Path) -> Path:
    """A file that cannot be read to its end."""
    packed = gzip.compress(b"\n".join(line("amazon-2023", reader=f"r{n}") for n in range(2_000)))
    content = {
        "truncated": packed[:-20],
        "bad checksum": packed[:-8] + bytes(8),
        "no stream": packed[:10] + b"\xff" * 50,
        "only a header": packed[:6],
    }
    if kind == "a folder":
        path.mkdir()
    elif kind in content:
        path.write_bytes(content[kind])
    return path


@pytest.mark.parametrize("kind", ["truncated", "bad checksum", "no stream", "only a header", "a folder", "absent"])
@pytest.mark.parametrize(
    "read",
    [
        lambda path: importers.reviews(path, "amazon-2023"),
        lambda path: importers.reviews(path, "amazon-2014"),
        lambda path: importers.books(path, "amazon-2023"),
        lambda path: importers.readers(path, CULTURES),
    ],
    ids=["2023", "2014", "books", "readers"],
)
def test_file_that_cannot_be_read_is_an_input_error(tmp_path: Path, kind: str, read: Callable[[Path], Any]) -> None:
    path = damaged(kind, tmp_path / "f")
    with pytest.raises(InputError, match=r"cannot read .*f: ") as caught:
        list(read(path))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("kind", ["only a header", "a folder", "absent"])
def test_check_finds_a_file_that_cannot_be_opened(tmp_path: Path, kind: str) -> None:
    with pytest.raises(InputError):
        importers.check(damaged(kind, tmp_path / "f"))


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"author": "Ana Lima"}, {"author": "Ana Lima"}),
        ({"author": {"name": "Ana Lima", "about": ["x"]}}, {"author": "Ana Lima"}),
        ({"author": None}, {"author": None}),
        ({"author": {"about": "x"}}, {"author": None}),
        ({"author": " \x00 "}, {"author": None}),
        ({"author": 7}, {"author": None}),
        ({"price": "from $3.99"}, {}),
        ({"price": 3.99}, {}),
        ({"price": None}, {}),
        ({"description": ["One.", "", None, "Two.\x00"]}, {"description": "One.\nTwo."}),
        ({"description": "One."}, {"description": "One."}),
        ({"description": None}, {"description": ""}),
        ({"categories": ["Books", "", 7, "Cozy &amp; warm"]}, {"categories": ["Books", "Cozy & warm"]}),
        ({"categories": "Books"}, {"categories": ["Books"]}),
        ({"categories": 7}, {"categories": []}),
        ({"categories": None}, {"categories": []}),
        ({"title": "<b>Salt</b>\x07"}, {"title": "<b>Salt</b>"}),
    ],
)
def test_book_is_read_in_each_shape_that_occurs(
    tmp_path: Path, fields: dict[str, Any], expected: dict[str, Any]
) -> None:
    row = {"parent_asin": "B1", "title": "The Salt Ledger", **fields}
    read = list(importers.books(write(tmp_path / "f", json.dumps(row).encode()), "amazon-2023"))
    assert read == [Book(**{"id": "B1", "title": "The Salt Ledger", **expected})]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({"title": "The Salt Ledger"}, "missing field"),
        ({"parent_asin": "B1"}, "missing field"),
        ({"parent_asin": "B1", "title": "\x00"}, "missing field"),
        ({"parent_asin": ["B1"], "title": "The Salt Ledger"}, "not an id"),
        (["B1"], "not a JSON object"),
    ],
)
def test_bad_book_is_refused(tmp_path: Path, row: Any, reason: str) -> None:
    path = write(tmp_path / "books.jsonl", b"", json.dumps(row).encode(), b'{"parent_asin": "B2", "title": "Good"}')
    refused, kept = importers.books(path, "amazon-2023")
    assert isinstance(refused, Refusal)
    assert (refused.source, refused.line, refused.reason) == ("books.jsonl", 2, reason)
    assert kept == Book(id="B2", title="Good")


def test_readers_are_read_and_one_of_unknown_culture_refused(tmp_path: Path) -> None:
    rows = [
        {"id": "ana", "culture": "br", "gender": "woman", "age": 34, "location": " Recife\x00 ", "note": "more"},
        {"id": "bob"},
        {"id": "eve", "culture": "atlantis"},
        {"culture": "us"},
        {"id": "joe", "culture": "", "age": None},
    ]
    path = write(tmp_path / "readers.jsonl", *(json.dumps(row).encode() for row in rows))
    ana, bob, eve, nobody, joe = importers.readers(path, CULTURES)
    assert ana == Reader(id="ana", culture="br", gender="woman", age="34", location="Recife")
    assert (bob, joe) == (Reader(id="bob"), Reader(id="joe"))
    assert eve == Refusal(source="readers.jsonl", line=3, reason="unknown culture", detail="atlantis")
    assert isinstance(nobody, Refusal)
    assert (nobody.line, nobody.reason) == (4, "missing field")


@given(st.text())
def test_clean_text_has_nothing_that_steers_a_terminal_or_breaks_a_database(text: str) -> None:
    cleaned = clean(text)
    assert not {unicodedata.category(char) for char in cleaned if char not in "\n\t\r"} & {"Cc", "Cs"}
    assert not {*cleaned} & {*"\ufeff\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"}
    assert cleaned == cleaned.strip()
    cleaned.encode()


@given(st.text(st.characters(exclude_categories=["C"], exclude_characters="&<")))
def test_clean_leaves_harmless_text_as_it_is(text: str) -> None:
    assert clean(text) == text.strip()


@given(st.lists(st.sampled_from(["a", "<br>", "<BR />", "&amp;", "&#0;", "&#8238;", "\x00", "é"])))
def test_clean_reads_breaks_and_entities(parts: list[str]) -> None:
    meaning = {"<br>": "\n", "<BR />": "\n", "&amp;": "&", "&#0;": "\ufffd", "&#8238;": "", "\x00": ""}
    assert clean("".join(parts)) == "".join(meaning.get(part, part) for part in parts).strip()


def test_unknown_layout_is_refused_at_once_with_those_that_are_known(tmp_path: Path) -> None:
    for read in (importers.reviews, importers.books):
        with pytest.raises(
            LayoutError, match=r"^there is no layout 'csv' of reviews: known are amazon-2023, amazon-2014"
        ):
            read(tmp_path / "absent", "csv")
