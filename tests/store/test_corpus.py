"""The corpus adds up: every row read is kept, a duplicate or refused, and a second time doubles nothing."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gravity.frameworks.loader import DATA, Library
from gravity.store import corpus as corpus_module
from gravity.store import importers
from gravity.store.corpus import Corpus, Intake
from gravity.store.database import Database
from gravity.store.records import Book, Reader, Refusal, Review
from tests.store.build import review

PLANTED = DATA / "planted"


@pytest.fixture
def corpus(database: Database) -> Corpus:
    return Corpus(database)


def last(progress: Iterator[Intake]) -> Intake:
    """The counts at the end."""
    intake = Intake("nothing")
    for intake in progress:
        assert intake.read == intake.kept + intake.duplicates + intake.refused.total()
    return intake


def take(corpus: Corpus, rows: Iterable[Review | Refusal], culture: str | None = None) -> Intake:
    return last(corpus.take_reviews("f", rows, culture))


def test_planted_readers_come_back_whole(corpus: Corpus, library: Library) -> None:
    rows = [json.loads(line) for line in (PLANTED / "reviews.jsonl").read_text(encoding="utf-8").splitlines()]
    known = [json.loads(line) for line in (PLANTED / "readers.jsonl").read_text(encoding="utf-8").splitlines()]
    books = (PLANTED / "books.jsonl").read_text(encoding="utf-8").splitlines()
    for round_number in range(2):
        taken = take(corpus, importers.reviews(PLANTED / "reviews.jsonl", "amazon-2023"))
        assert (taken.read, taken.refused.total()) == (len(rows), 0)
        assert (taken.kept, taken.duplicates) == ((0, len(rows)) if round_number else (len(rows), 0))
        shelf = last(corpus.take_books("b", importers.books(PLANTED / "books.jsonl", "amazon-2023")))
        assert (shelf.kept, shelf.duplicates) == ((0, len(books)) if round_number else (len(books), 0))
        last(corpus.take_readers("r", importers.readers(PLANTED / "readers.jsonl", library.cultures)))
        assert corpus.counts() == {
            "reviews": len(rows),
            "refused rows": 0,
            "books": len(books),
            "readers": len(known),
            "readers without reviews": 0,
            "readers without culture": 0,
        }
    assert corpus.review_counts() == Counter(row["user_id"] for row in rows)
    for reader in known:
        found = corpus.reviews_of(reader["id"])
        own = sorted((row for row in rows if row["user_id"] == reader["id"]), key=lambda row: row["timestamp"])
        assert [one.book for one in found] == [row["parent_asin"] for row in own]
        assert [one.rating for one in found] == [row["rating"] for row in own]
        assert corpus.reader(reader["id"]) == Reader(**reader)
    assert corpus.books([rows[0]["parent_asin"], "none"]).keys() == {rows[0]["parent_asin"]}


def test_refused_rows_are_counted_and_kept_once(tmp_path: Path, corpus: Corpus) -> None:
    good = b'{"user_id": "ana", "asin": "B%d", "rating": 5, "text": "Good."}'
    path = tmp_path / "f.jsonl"
    path.write_bytes(b"\n".join([*(good % n for n in range(30)), b"broken", good % 3, *[b"[]"] * 12]))
    for kept in (30, 0):
        intake = take(corpus, importers.reviews(path, "amazon-2023"))
        assert (intake.read, intake.kept, intake.duplicates) == (44, kept, 31 - kept)
        assert intake.refused == {"broken JSON": 1, "not a JSON object": 12}
        assert [(row.source, row.line) for row in intake.examples] == [
            ("f.jsonl", 31),
            *(("f.jsonl", 33 + n) for n in range(9)),
        ]
        assert corpus.counts()["refused rows"] == 13


def test_more_than_one_batch_adds_up(corpus: Corpus) -> None:
    count = 2 * corpus_module.BATCH + 5
    rows = [review(f"{n:016d}", f"r{n % 7}") for n in range(count)]
    seen = [(intake.read, intake.kept, intake.duplicates) for intake in corpus.take_reviews("f", rows + rows[:9], "us")]
    assert seen == [
        (corpus_module.BATCH, corpus_module.BATCH, 0),
        (2 * corpus_module.BATCH, 2 * corpus_module.BATCH, 0),
        (count + 9, count, 9),
    ]


ids = st.sampled_from([f"{n:016d}" for n in range(8)])
rows = st.one_of(
    st.builds(review, ids, st.sampled_from(["ana", "bob", "eve"])),
    st.builds(Refusal, source=st.just("f"), line=st.integers(1, 9), reason=st.text(max_size=3), detail=st.just("")),
)


@settings(deadline=None, max_examples=50)
@given(st.lists(rows, max_size=20), st.lists(rows, max_size=20))
def test_any_rows_add_up_and_a_second_time_doubles_nothing(
    first: list[Review | Refusal], second: list[Review | Refusal]
) -> None:
    database = Database("sqlite://")
    corpus = Corpus(database)
    known: set[str] = set()
    for given_rows in (first, second, first):
        new = {row.id for row in given_rows if isinstance(row, Review)} - known
        intake = take(corpus, given_rows)
        assert (intake.read, intake.kept) == (len(given_rows), len(new))
        assert intake.refused == Counter(row.reason for row in given_rows if isinstance(row, Refusal))
        known |= new
        assert corpus.counts()["reviews"] == len(known)
    database.close()


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=4,
)
reviewlike = st.fixed_dictionaries(
    {},
    optional={
        "user_id": st.sampled_from(["ana", "bob"]) | values,
        "parent_asin": st.sampled_from(["B1", "B2"]) | values,
        "rating": st.integers(1, 5) | values,
        "title": values,
        "text": st.just("Good.") | values,
        "timestamp": values,
    },
)
lines = st.one_of(
    reviewlike.map(lambda row: json.dumps(row).encode()),
    values.map(lambda v: json.dumps(v).encode()),
    st.binary(max_size=20),
)


@settings(deadline=None, max_examples=50)
@given(st.lists(lines.map(lambda line: line.replace(b"\n", b"").replace(b"\x1f\x8b", b"")), max_size=12))
def test_any_file_is_read_to_its_end_and_adds_up(
    tmp_path_factory: pytest.TempPathFactory, content: list[bytes]
) -> None:
    path = tmp_path_factory.mktemp("any") / "f"
    path.write_bytes(b"\n".join(content))
    database = Database("sqlite://")
    intake = take(Corpus(database), importers.reviews(path, "amazon-2023"), "us")
    assert intake.read == sum(1 for line in content if line.strip())
    assert Corpus(database).counts()["reviews"] == intake.kept
    database.close()


def given_readers(corpus: Corpus, *readers: Reader) -> None:
    last(corpus.take_readers("r", readers))


@pytest.mark.parametrize("order", ["readers first", "reviews first"])
def test_what_is_given_of_readers_wins_over_the_culture_of_the_file(corpus: Corpus, order: str) -> None:
    given = [Reader(id="ana", culture="br", age="34"), Reader(id="bob", location="Elko")]
    written = [review("1", "ana"), review("2", "bob"), review("3", "eve")]
    if order == "readers first":
        given_readers(corpus, *given)
    take(corpus, written, "us")
    if order == "reviews first":
        given_readers(corpus, *given)
    assert corpus.reader("ana") == Reader(id="ana", culture="br", age="34")
    assert corpus.reader("bob") == Reader(id="bob", culture="us", location="Elko")
    assert corpus.reader("eve") == Reader(id="eve", culture="us")
    assert corpus.reader("joe") is None


def test_culture_can_be_given_later_but_is_not_changed_by_another_file(corpus: Corpus) -> None:
    take(corpus, [review("1", "ana"), review("2", "bob")])
    assert corpus.counts()["readers without culture"] == 2
    take(corpus, [review("1", "ana")], "us")
    assert corpus.counts()["readers without culture"] == 1
    take(corpus, [review("1", "ana"), review("2", "bob")], "br")
    assert [corpus.reader(name) for name in ("ana", "bob")] == [
        Reader(id="ana", culture="us"),
        Reader(id="bob", culture="br"),
    ]


def test_readers_given_again_are_brought_up_to_date_and_nothing_is_lost(corpus: Corpus) -> None:
    given_readers(corpus, Reader(id="ana", culture="br", age="34"), Reader(id="ana", gender="woman"))
    given_readers(corpus, Reader(id="ana", culture="us"))
    assert corpus.reader("ana") == Reader(id="ana", culture="us", gender="woman", age="34")
    assert corpus.counts()["readers"] == corpus.counts()["readers without reviews"] == 1


def test_readers_come_in_a_stable_order_spread_over_cultures(corpus: Corpus) -> None:
    written = {"us": 4, "br": 2, "jp": 3}
    names = [f"{culture}{n}" for culture, count in written.items() for n in range(count)]
    for turn in (names, names[::-1]):
        take(corpus, [review(f"{name}-{k}", name) for name in turn for k in range(3)])
    given_readers(corpus, *(Reader(id=name, culture=name[:2]) for name in names))
    take(corpus, [review("x", "nobody"), review("y", "one", culture="us")])
    given_readers(corpus, Reader(id="us9", culture="us"))
    order = [reader.id for reader in corpus.readers()]
    assert order == ["br0", "jp0", "us0", "br1", "jp1", "us1", "jp2", "us2", "us3"]
    assert [reader.id for reader in corpus.readers(limit=4)] == order[:4]
    assert [reader.id for reader in corpus.readers(culture="us")] == ["us0", "us1", "us2", "us3"]
    assert [reader.id for reader in corpus.readers(culture="us", limit=1)] == ["us0"]
    assert corpus.readers(culture="in") == []


def test_readers_with_too_few_reviews_take_no_place(corpus: Corpus) -> None:
    counts = {"br0": 1, "br1": 3, "us0": 2, "us1": 3}
    take(corpus, [review(f"{name}-{k}", name) for name, count in counts.items() for k in range(count)])
    given_readers(corpus, *(Reader(id=name, culture=name[:2]) for name in counts))
    assert [reader.id for reader in corpus.readers(min_reviews=3)] == ["br1", "us1"]
    assert [reader.id for reader in corpus.readers(min_reviews=2)] == ["br1", "us0", "us1"]


def test_reviews_come_oldest_first_and_by_id_in_the_order_asked(corpus: Corpus) -> None:
    take(corpus, [review("a", time=30), review("b", time=10), review("c", time=20), review("d", "bob", time=5)])
    assert [one.id for one in corpus.reviews_of("ana")] == ["b", "c", "a"]
    assert [one.id for one in corpus.reviews(["d", "none", "a", "b"])] == ["d", "a", "b"]
    assert corpus.reviews([]) == []


def test_book_already_there_stays(corpus: Corpus) -> None:
    first, second = Book(id="B1", title="Old", categories=["Books", "Cozy"]), Book(id="B1", title="New")
    last(corpus.take_books("b", [first]))
    assert last(corpus.take_books("b", [second])).duplicates == 1
    assert corpus.books(["B1"]) == {"B1": first}
