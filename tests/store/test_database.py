"""A database that cannot be used is a StoreError of one line, and what was begun is not half there."""

from pathlib import Path

import pytest

from gravity.store.corpus import BATCH, Corpus
from gravity.store.database import Database
from gravity.store.errors import StoreError
from tests.store.build import review


def refusal(url: str) -> str:
    with pytest.raises(StoreError) as caught:
        Database(url)
    message = str(caught.value)
    assert "\n" not in message
    return message


@pytest.mark.parametrize(
    "url",
    [
        "nonsense",
        "",
        "oddbase://host/name",
        "sqlite://user:pass@host/name",
        "postgresql://host:port/name",
        "mysql+nothing://host/name",
    ],
)
def test_address_that_is_none_is_refused_in_one_line(url: str) -> None:
    assert refusal(url).startswith(f"the store's address '{url.replace('user:pass', '***')}' is not one ")


@pytest.mark.parametrize("url", ["postgresql+nothing://ana:secret@host/name", "oddbase://ana:secret@host/name"])
def test_password_is_not_shown(url: str) -> None:
    assert "secret" not in refusal(url)


def test_file_that_cannot_be_opened_is_refused_in_one_line(tmp_path: Path) -> None:
    assert refusal(f"sqlite:///{tmp_path}/no/such/folder/x.sqlite").endswith("unable to open database file")
    assert refusal(f"sqlite:///{tmp_path}").endswith("unable to open database file")
    (tmp_path / "junk").write_bytes(b"This is no database. " * 500)
    assert refusal(f"sqlite:///{tmp_path / 'junk'}").endswith("file is not a database")


def limit(database: Database, pages: int) -> None:
    """Plays a full disk: the file may not have more than `pages` pages, or than it has already."""
    with database.begin() as connection:
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")


def test_full_disk_is_refused_in_one_line_and_the_next_try_loses_nothing(database: Database) -> None:
    corpus, rows = Corpus(database), [review(f"{n:016d}", text="word " * 40) for n in range(3 * BATCH)]
    limit(database, 300)
    kept: list[int] = []
    with pytest.raises(StoreError, match="database or disk is full") as caught:
        kept.extend(intake.kept for intake in corpus.take_reviews("f", rows, "us"))
    assert "\n" not in str(caught.value)
    assert database.url.removeprefix("sqlite:///") in str(caught.value)
    assert kept == [BATCH]
    assert corpus.counts()["reviews"] == BATCH
    limit(database, 100_000)
    intake = list(corpus.take_reviews("f", rows, "us"))[-1]
    assert (intake.kept, intake.duplicates) == (2 * BATCH, BATCH)
    assert corpus.counts()["reviews"] == len(rows)


def test_transaction_that_fails_leaves_nothing(database: Database) -> None:
    with pytest.raises(ZeroDivisionError), database.begin() as connection:
        connection.exec_driver_sql("INSERT INTO readers (id) VALUES ('ana')")
        1 / 0  # noqa: B018
    with pytest.raises(StoreError, match="no such table: absent"), database.begin() as connection:
        connection.exec_driver_sql("INSERT INTO readers (id) VALUES ('ana')")
        connection.exec_driver_sql("INSERT INTO absent VALUES (1)")
    assert Corpus(database).counts()["readers"] == 0


def test_two_connections_write_and_read_at_once(database: Database) -> None:
    other = Database(database.url)
    corpora = [Corpus(database), Corpus(other)]
    streams = [
        corpus.take_reviews("f", [review(f"{which}{n:015d}") for n in range(2 * BATCH)], "us")
        for which, corpus in enumerate(corpora)
    ]
    for _ in range(2):
        for stream, corpus in zip(streams, corpora[::-1], strict=True):
            kept = next(stream).kept
            assert corpus.counts()["reviews"] >= kept
    other.close()
    assert corpora[0].counts()["reviews"] == 4 * BATCH


@pytest.mark.parametrize(
    ("table", "lost"), [("pairs", ["qualified"]), ("facts", ["checked_by", "reason"]), ("runs", ["settings"])]
)
def test_an_older_store_is_refused_in_one_line(tmp_path: Path, table: str, lost: list[str]) -> None:
    url = f"sqlite:///{tmp_path / 'old.sqlite'}"
    made = Database(url)
    with made.begin() as connection:
        for column in lost:
            connection.exec_driver_sql(f"ALTER TABLE {table} DROP COLUMN {column}")
    made.close()
    message = refusal(url)
    assert message.startswith(f"the store was made by an older Gravity (its table {table} lacks {', '.join(lost)})")
    assert "take the reviews in again" in message
    # It was looked at and left alone.
    assert refusal(url) == message


def test_a_store_without_the_newer_tables_gets_them(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'old.sqlite'}"
    made = Database(url)
    with made.begin() as connection:
        for table in ("checks", "decisions", "qualifications"):
            connection.exec_driver_sql(f"DROP TABLE {table}")
    made.close()
    again = Database(url)
    with again.begin() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM checks").scalar() == 0
    again.close()
